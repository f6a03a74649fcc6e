"""English contractions in full, however the apostrophe is written or left out: "can't", "cant", "cannot" are one form.

`ill`, `id`, `well`, `shell` and `were` are words of their own: without an apostrophe they are read as contractions only
before a word that shows it.
"""

import re
from collections.abc import Callable

_QUOTES = re.compile(r"[’‘`´ʼ＇]")
_VERBS = "do|does|did|is|are|was|were|has|have|had|could|should|would|must|need"
_SUBJECTS = "i|you|u|he|she|it|we|they|that|there|who|what|this"
_ASKED = "what|where|when|who|how|that|there|here|he|she|it|let"
_AFTER_WILL = (
    "be|b|come|go|there|do|try|take|arrive|attend|make|keep|let|send|see|get|call|wait|stay|join|show|think|tell|bring|"
    "have|need|not|never|also|always|definitely|def|probably|prob|prolly|maybe|still|just|only|surely|sure|for sure|"
    "start|pass|skip|miss|check|ask|reply|confirm|reach|pick|choose|give|say|pay|leave|finish|know|text|write|find|"
    "catch|work|drive|walk|run|happily|gladly|certainly|really|totally|even|then|quit|withdraw|sign|look|drop|move|lose|"
    "kill|hurt|hit|beat|knock|shoot|stab|hunt|break|burn|blow|bomb|set|put|report|sue|post"
)
_BEFORE_ILLNESS = ("am", "im", "is", "are", "was", "be", "feel", "fell", "got", "very", "too")
_NOT_BEFORE_ILL = "".join(rf"(?<!\b{word} )" for word in _BEFORE_ILLNESS)

Replacement = str | Callable[[re.Match[str]], str]

_RULES: tuple[tuple[re.Pattern[str], Replacement], ...] = tuple(
    (re.compile(wording), full)
    for wording, full in (
        (r"\b(?:can'?t|cannot|can not)\b", "can not"),
        (r"\b(?:won't|wont)\b", "will not"),
        (r"\b(?:shan't|shant)\b", "shall not"),
        (r"\b(?:ain't|aint)\b", "is not"),
        (rf"\b({_VERBS})n'?t\b", r"\1 not"),
        (r"\b(?:i'm|im)\b", "i am"),
        (r"\b(?:let's|lets)\b", "let us"),
        (r"\b(you|we|they)'re\b", r"\1 are"),
        (r"\b(you|they)re\b", r"\1 are"),
        (r"\b(i|you|we|they|could|should|would|must)'ve\b", r"\1 have"),
        (r"\b(i|you|we|they)ve\b", r"\1 have"),
        (rf"\b({_SUBJECTS})'ll\b", r"\1 will"),
        (r"\b(you|they|that|it|there|who)ll\b", r"\1 will"),
        (rf"{_NOT_BEFORE_ILL}\bill (?={_AFTER_WILL}\b)", "i will "),
        (rf"\b({_SUBJECTS})'d\b", r"\1 would"),
        (r"\bid (?=(?:like|love|rather|prefer|be|have)\b)", "i would "),
        (r"\b(you|they)d (?=(?:like|love|rather|prefer|be|have)\b)", r"\1 would "),
        (rf"\b({_ASKED})'s\b", r"\1 is"),
        (r"\b(what|where|when|who|how|that|there|here|it)s\b", r"\1 is"),
    )
)


def in_full(text: str) -> str:
    """The same text, lower case already, with every contraction written out."""
    text = _QUOTES.sub("'", text)
    for wording, full in _RULES:
        text = wording.sub(full, text)
    return text
