"""A stand-in for WeChat's Official Account platform: its API, its pushes, its phones."""
