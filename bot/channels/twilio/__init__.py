"""SMS by Twilio: messages read, messages sent, its errors, and what China's carriers refuse."""
