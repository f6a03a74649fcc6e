"""Trains the model from ways of asking; `main` does it in a process of its own."""

import json
import random
import sys
from collections.abc import Mapping, Sequence

import numpy as np

from bot.understanding.calibration import calibrated
from bot.understanding.corpus import corpus
from bot.understanding.fit import fit
from bot.understanding.model import Model, vocabularies
from bot.understanding.words import WordLists

ALGORITHM = 11  # raise it when the same examples give another model than before


def train(examples: Mapping[str, Sequence[str]], seed: int = 0, words: WordLists | None = None) -> Model:
    """The model for {intent: ways of asking}; ValueError for fewer than two intents.

    `words` gives the fillers that a second copy of each utterance is wrapped in, and the characters that sound alike.
    """
    sounds = {character: group[0] for group in (words.lists["sounds"] if words else ()) for character in group}
    learned = corpus(examples, sounds, words, random.Random(seed))  # noqa: S311
    fitted = fit(learned, np.arange(len(learned.gold)), seed)
    calibration = calibrated(learned, seed)
    return Model(
        intents=learned.intents,
        vocabularies=vocabularies(learned.names),
        idf=np.concatenate(fitted.idf).astype(np.float32),
        coefficients=fitted.coefficients.astype(np.float16),
        bias=fitted.bias.astype(np.float32),
        calibration=calibration.weights,
        threshold=calibration.threshold,
        sounds=sounds,
        expected=calibration.expected,
    )


def main() -> None:
    """Reads {"examples", "seed", "words"} as JSON on stdin, writes the model on stdout."""
    asked = json.load(sys.stdin)
    words = WordLists.of(asked["words"]) if asked["words"] else None
    sys.stdout.buffer.write(train(asked["examples"], asked["seed"], words).dumped())


if __name__ == "__main__":
    main()
