"""What HR works on: who is given a case, what they do with it, when it climbs, and how they hear of it."""
