"""The invite code, with which a candidate proves at a first contact who they are."""

import os
import unicodedata

ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # no 0 O 1 I L U: nobody has to guess what a card says
LENGTH = 8
_DIFFERENT = 4  # letters at least

_EVEN = 256 // len(ALPHABET) * len(ALPHABET)  # above it a byte would favour the first letters
_LETTER_OF = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))
_UNEVEN = bytes(range(_EVEN, 256))


def new() -> str:
    """A code that nobody can guess: one of 30^8, by the system's own randomness."""
    code = ""
    while not is_strong(code):
        code = os.urandom(2 * LENGTH).translate(_LETTER_OF, _UNEVEN)[:LENGTH].decode()
    return code


def is_strong(code: str) -> bool:
    """Whether a normal code is as hard to guess as one of ours: long enough, no mere number, no few letters again and
    again; letters alone only as we make them."""
    if len(code) < LENGTH or code.isdigit() or len(set(code)) < _DIFFERENT:
        return False
    return any(map(str.isdigit, code)) or set(code) <= set(ALPHABET)


def normal(text: str) -> str:
    """How a code is compared, however it was typed: wide letters, small ones, blanks and hyphens mean nothing."""
    if text.isascii() and text.isalnum():
        return text.upper()
    kept = (letter for letter in unicodedata.normalize("NFKC", text) if not _means_nothing(letter))
    return unicodedata.normalize("NFKC", "".join(kept).upper())


def _means_nothing(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) in ("Pd", "Cf", "Cc")
