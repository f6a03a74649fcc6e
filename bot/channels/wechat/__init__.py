"""A WeChat service account: messages read, messages sent, its tokens and its errors."""
