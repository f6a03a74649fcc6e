"""A stand-in for Twilio's messaging: its API, its webhooks, its phones."""
