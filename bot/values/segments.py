"""How many SMS a text costs. 3GPP TS 23.038: GSM-7 letters, of which some count double, else UCS-2.

One part holds 160 GSM-7 or 70 UCS-2 units; of several, each holds 153 or 67. A character beyond the BMP is two units.
"""

import re

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE = frozenset("^{}\\[~]|€\f")

# What looks the same, or near enough, in letters that cost less. Full-width forms are added below.
_LOOK_ALIKES = {
    **dict.fromkeys("‘’‚‛′ʼ´`", "'"),
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("•·", "-"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "),
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),
    "…": "...",
    "。": ".",
    "、": ",",
    "【": "[",
    "】": "]",
    **{chr(wide): chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)},
}
_CHEAPER = str.maketrans(_LOOK_ALIKES)
# Chinese, Japanese and Korean letters: such a text is UCS-2 anyway, and its full-width signs belong to it.
_EAST_ASIAN = re.compile(
    "[\u1100-\u11ff\u2e80-\u2fdf\u3040-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def economical(text: str) -> str:
    """The text with look-alikes of letters that make it dear, where that makes it GSM-7 or saves a part; never a
    Chinese text, and never longer in parts than it was."""
    if not foreign(text) or _EAST_ASIAN.search(text):
        return text
    cheaper = text.translate(_CHEAPER)
    saved = parts(text) - parts(cheaper)
    return cheaper if saved > 0 or (saved == 0 and not foreign(cheaper)) else text


def parts(text: str) -> int:
    """The number of SMS that carry this text; the empty text needs one. No letter is cut in two."""
    widths, single, each = _units(text)
    if sum(widths) <= single:
        return 1
    count, used = 1, 0
    for width in widths:
        count, used = (count + 1, width) if used + width > each else (count, used + width)
    return count


def foreign(text: str) -> str:
    """The characters that are in no GSM-7 alphabet: one of them more than halves what a part holds."""
    return "".join(sorted(set(text) - _BASIC - _DOUBLE))


def _units(text: str) -> tuple[list[int], int, int]:
    if foreign(text):
        return [2 if ord(letter) > 0xFFFF else 1 for letter in text], 70, 67
    return [2 if letter in _DOUBLE else 1 for letter in text], 160, 153
