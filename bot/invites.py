"""The invite code, with which a candidate proves at a first contact who they are."""

import secrets
import unicodedata

ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # no 0 O 1 I L U: nobody has to guess what a card says
LENGTH = 8


def new() -> str:
    """A code that nobody can guess: 30^8, drawn by the system's own randomness."""
    number = secrets.randbelow(len(ALPHABET) ** LENGTH)
    letters = []
    for _ in range(LENGTH):
        number, letter = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return "".join(letters)


def normal(text: str) -> str:
    """How a code is compared, however it was typed: wide letters, small ones, blanks and hyphens mean nothing."""
    kept = (letter for letter in unicodedata.normalize("NFKC", text) if not _between(letter))
    return "".join(kept).upper()


def _between(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) in ("Pd", "Cf", "Cc")
