"""What of a message its sender wrote: not what it quotes or forwards, and nothing where no person wrote it.

The wordings stand in messages/<locale>/words.yaml: `reactions`, where “” is what was quoted, `automatic` and
`automatic_marks`, `forwarded`, `cards`, `map_links`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from bot.understanding.contractions import in_full
from bot.understanding.phrases import Phrases, anywhere
from bot.understanding.text import EMOJI, key, simplified

REACTION, AUTOMATIC, QUOTE = "reaction", "automatic", "quote"  # no person wrote anything
FORWARDED, LINK, LOCATION = "forwarded", "link", "location"  # a person sent it, and wrote nothing

_LONGEST = 4000  # characters: more than any channel carries
_OPENS, _CLOSES = '“„"«「『‘', '”“"»」』’'
_QUOTED = "“”"  # in an entry: what was quoted
_ROW = r"(?:[-—–－―_─][ \t]*){5,}"
_QUOTE = re.compile(rf"\s*[{_OPENS}].*[{_CLOSES}]\s*{_ROW}(?P<own>.*)", re.DOTALL)
_MYSELF = r"(?:我|我自己|me|myself|i)\s*[:：]"
_QUOTE_OF_SOMEBODY = re.compile(
    rf"\s*[「『“](?!\s*{_MYSELF})[^「」『』“”:：]{{1,40}}[:：].*[」』”](?P<own>\s.*|)", re.DOTALL | re.IGNORECASE
)
_QUOTED_PART = re.compile(
    r"“[^”]*”|„[^“”]*[“”]|\"[^\"]*\"|«[^»]*»|「[^」]*」|『[^』]*』|《[^》]*》|‘[^‘’]*(?:’(?=\w)[^‘’]*)*’|(?<!\w)'[^']*'(?!\w)"
)
_REPLIED_TO = re.compile(
    r"^\s*[>＞].*$|^\s*(?:on\b.{1,120}\bwrote|.{1,80}写道)\s*[:：]\s*$", re.MULTILINE | re.IGNORECASE
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0e\ufe0f\ufeff]")
_ADDRESS = re.compile(r"(?:https?://|geo:)\S+", re.IGNORECASE)
_OPEN_BRACKET, _CLOSE_BRACKET = r"[\[(（【〔<《]", r"[\])）】〕>》]"
_NOTHING = re.compile(r"(?!)")


class OwnWords(NamedTuple):
    """`kind`: why there are none, or "" where the person wrote `text`."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Signs:
    """By what it shows that words are not the sender's own."""

    reactions: tuple[tuple[Phrases, Phrases], ...]  # what stands before what is quoted, and after it
    bare_reactions: Phrases  # to what cannot be quoted: "Loved an image"
    automatic: re.Pattern[str]
    automatic_marks: re.Pattern[str]
    forwarded: re.Pattern[str]
    cards: re.Pattern[str]
    map_links: tuple[str, ...]

    @classmethod
    def of(cls, listed: Callable[..., list[str]]) -> "Signs":
        framed = [entry for entry in listed("reactions") if _QUOTED in entry]
        marks, forwards, cards = (_words(listed(name)) for name in ("automatic_marks", "forwarded", "cards"))
        return cls(
            reactions=tuple(_frame(entry) for entry in framed),
            bare_reactions=Phrases.of(entry for entry in listed("reactions") if _QUOTED not in entry),
            automatic=anywhere(listed("automatic")),
            automatic_marks=re.compile(
                rf"{_OPEN_BRACKET}\s*(?:{marks})\s*{_CLOSE_BRACKET}|^\W*(?:{marks})\s*[:：]", re.IGNORECASE
            ),
            forwarded=re.compile(
                rf"^\W{{0,30}}(?:{forwards})\s*(?:{_CLOSE_BRACKET}|[:：]|-{{3,}})", re.IGNORECASE | re.MULTILINE
            ),
            cards=re.compile(rf"\s*(?:begin:vcard|{_OPEN_BRACKET}\s*(?:{cards})\s*{_CLOSE_BRACKET})", re.IGNORECASE),
            map_links=tuple(listed("map_links")),
        )


def own_words(text: str, signs: Signs, asks: Callable[[str], bool]) -> OwnWords:
    """`asks`: whether a text asks something, which no name of a place does."""
    plain = _INVISIBLE.sub("", text[:_LONGEST]).strip()
    if _reacts(plain, signs):
        return OwnWords("", REACTION)
    own, quotes = _without_quotes(plain)
    if not own:
        return OwnWords("", (QUOTE if "\n" in plain else FORWARDED) if quotes else "")
    compared = simplified(own)  # a character for each
    if signs.automatic_marks.search(compared) or signs.automatic.search(_form(own)):
        return OwnWords("", AUTOMATIC)
    if signs.cards.match(compared):
        return OwnWords("", LINK)
    if forwarded := signs.forwarded.search(compared):
        own = own[: forwarded.start()].strip()
        return OwnWords(own) if own else OwnWords("", FORWARDED)
    return _without_addresses(own, signs, asks) or OwnWords(own if quotes else text.strip())


def outside_quotes(text: str) -> str:
    """A text without what stands in quotation marks; all of it where nothing else is said."""
    rest = _QUOTED_PART.sub(" ", text)
    return rest if any(map(str.isalnum, rest)) else text


def _reacts(text: str, signs: Signs) -> bool:
    """A verb or an emoji, and the whole text that it is about."""
    first = next((place for place, letter in enumerate(text) if letter in _OPENS), None)
    if first is None:
        return _form(text) in signs.bare_reactions
    last = max((place for place, letter in enumerate(text) if letter in _CLOSES and place > first), default=len(text))
    before, after = _form(text[:first]), _form(text[last + 1 :])
    return any(before in opens and after in closes for opens, closes in signs.reactions)


def _without_quotes(text: str) -> tuple[str, bool]:
    """What stands below a quote of a chat, and beside those of a mail; and whether there was one."""
    if found := _QUOTE.fullmatch(text) or _QUOTE_OF_SOMEBODY.fullmatch(text):
        return found["own"].strip(), True
    own = _REPLIED_TO.sub("", text).strip()
    return (own, True) if own != text and "\n" in text else (text, False)


def _without_addresses(text: str, signs: Signs, asks: Callable[[str], bool]) -> OwnWords | None:
    """A link by itself, or one to a map with the name of the place, asks nothing."""
    links = _ADDRESS.findall(text)
    rest = _ADDRESS.sub(" ", text).strip()
    if not links:
        return None
    if any(host in link.lower() for link in links for host in signs.map_links):
        return OwnWords(rest) if asks(rest) else OwnWords(rest, LOCATION)
    return OwnWords("", LINK) if not any(map(str.isalnum, rest)) else None


def _form(text: str) -> str:
    """As an entry is compared: an emoji counts as the word for it."""
    folded = unicodedata.normalize("NFKC", EMOJI.sub(" emoji ", text))
    return key(in_full(simplified(folded.lower()))) if any(map(str.isalnum, folded)) else ""


def _frame(entry: str) -> tuple[Phrases, Phrases]:
    before, _, after = entry.partition(_QUOTED)
    return Phrases.of([before]), Phrases.of([after])


def _words(entries: Iterable[str]) -> str:
    spoken = "|".join(re.escape(entry).replace(r"\ ", r"[ -]?") for entry in entries)
    return spoken or _NOTHING.pattern
