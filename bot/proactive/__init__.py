"""What the bot says first: due touches, promises, what happens when nobody answers."""
