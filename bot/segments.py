"""How many SMS a text costs. 3GPP TS 23.038: GSM-7 letters, of which some count double, else UCS-2.

One part holds 160 GSM-7 or 70 UCS-2 units; of several, each holds 153 or 67. A character beyond the BMP is two units.
"""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE = frozenset("^{}\\[~]|€\f")


def parts(text: str) -> int:
    """The number of SMS that carry this text; the empty text needs one."""
    units, single, each = _units(text)
    return 1 if units <= single else -(-units // each)


def foreign(text: str) -> str:
    """The characters that are in no GSM-7 alphabet: one of them more than halves what a part holds."""
    return "".join(sorted({letter for letter in text if letter not in _BASIC | _DOUBLE}))


def _units(text: str) -> tuple[int, int, int]:
    if foreign(text):
        return len(text.encode("utf-16-le")) // 2, 70, 67
    return len(text) + sum(letter in _DOUBLE for letter in text), 160, 153
