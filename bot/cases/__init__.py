"""A case: who works on it, what they may do with it, and when it escalates."""
