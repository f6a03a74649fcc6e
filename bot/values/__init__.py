"""Small values and their rules: a message, a phone number, hours, text lengths. No I/O, no state."""
