"""How HR hears of a case: to whom, by which channel, when, and what if nobody takes it."""
