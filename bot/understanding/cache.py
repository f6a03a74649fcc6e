"""Keeps the trained model in a file named by what it was trained from, so that a restart costs milliseconds."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from bot.understanding.model import Model
from bot.understanding.training import ALGORITHM
from bot.understanding.words import WordLists

_TRAIN = "from bot.understanding.training import main; main()"


def train_apart(examples: Mapping[str, Sequence[str]], seed: int = 0, words: WordLists | None = None) -> Model:
    """What `train` gives, from a process of its own; RuntimeError with that process's last words."""
    return Model.loaded(_trained(_asked(examples, seed, words)))


def load_or_train(examples: Mapping[str, Sequence[str]], cache: Path, words: WordLists | None = None) -> Model:
    """The model of these examples: from the directory `cache` if it is there, else trained in a process of its own."""
    asked = _asked(examples, 0, words)
    path = cache / f"understanding-{sha256(asked).hexdigest()[:16]}.npz"
    return _read(path) or _write(path, _trained(asked))


def _asked(examples: Mapping[str, Sequence[str]], seed: int, words: WordLists | None) -> bytes:
    asked = {
        "algorithm": ALGORITHM,
        "examples": {intent: list(utterances) for intent, utterances in examples.items()},
        "seed": seed,
        "words": words.lists if words else None,
    }
    return json.dumps(asked, ensure_ascii=False, sort_keys=True).encode()


def _read(path: Path) -> Model | None:
    """A file that a crash or a full disk left broken is as good as none."""
    try:
        return Model.loaded(path.read_bytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(path: Path, content: bytes) -> Model:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    fresh.write_bytes(content)
    fresh.replace(path)
    return Model.loaded(content)


def _trained(asked: bytes) -> bytes:
    """Runs the training apart, so that this process never holds scikit-learn; RuntimeError with its last words."""
    done = subprocess.run([sys.executable, "-c", _TRAIN], input=asked, capture_output=True)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"training failed: {done.stderr.decode().strip()[-200:]}")
    return done.stdout
