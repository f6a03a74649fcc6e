"""keepwarm keeps accepted candidates warm until day one, in chat."""
