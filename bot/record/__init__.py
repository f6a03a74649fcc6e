"""What is known about a candidate, as plain values, and the words that flows may use for it."""
