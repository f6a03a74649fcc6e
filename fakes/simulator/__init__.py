"""A phone in the browser: chats with keepwarm through the fake WeChat and the fake Twilio."""
