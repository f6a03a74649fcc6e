"""What a candidate's sentence means: hard rules first, then a linear model trained on the ways of asking.

To add a way of asking: write it under `ask:` in messages/<locale>/<flow>.yaml.
To add a word that a rule obeys: write it in messages/<locale>/words.yaml.
"""

from bot.understanding.cache import load_or_train
from bot.understanding.dates import read_date
from bot.understanding.meaning import Decision, Meaning, Understanding
from bot.understanding.model import Model, Verdict
from bot.understanding.training import train
from bot.understanding.words import WordLists

__all__ = [
    "Decision",
    "Meaning",
    "Model",
    "Understanding",
    "Verdict",
    "WordLists",
    "load_or_train",
    "read_date",
    "train",
]
