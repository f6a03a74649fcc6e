"""How many parts a text makes on the air, and in which alphabet (protocols.md 3.10)."""

from collections.abc import Iterator
from dataclasses import dataclass

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "^{}\\[~]|€\f"
_LOOK_ALIKES = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\u3000": " "}
_SMART = str.maketrans(_LOOK_ALIKES)


@dataclass(frozen=True)
class Size:
    encoding: str  # GSM-7 or UCS-2
    units: int
    segments: int

    def told(self) -> dict[str, str | int]:
        return {"encoding": self.encoding, "units": self.units, "segments": self.segments}


def size(text: str) -> Size:
    gsm = all(char in _BASIC or char in _EXTENDED for char in text)
    widths = list(_gsm_widths(text) if gsm else _ucs2_widths(text))
    single, part = (160, 153) if gsm else (70, 67)
    units = sum(widths)
    return Size("GSM-7" if gsm else "UCS-2", units, 1 if units <= single else _parts(widths, part))


def smart(text: str) -> str:
    """SmartEncoded=true: look-alikes outside GSM-7 replaced."""
    return text.translate(_SMART)


def _parts(widths: list[int], most: int) -> int:
    """A character of two units is never cut in two."""
    parts, used = 1, 0
    for width in widths:
        if used + width > most:
            parts, used = parts + 1, 0
        used += width
    return parts


def _gsm_widths(text: str) -> Iterator[int]:
    return (2 if char in _EXTENDED else 1 for char in text)


def _ucs2_widths(text: str) -> Iterator[int]:
    return (len(char.encode("utf-16-be")) // 2 for char in text)
