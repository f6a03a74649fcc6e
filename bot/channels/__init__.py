"""The roads to people, one module a channel: verify, read, answer, send, name the error."""
