"""The record: what is kept, how it is sealed, and who changed it."""
