"""Who may be in danger is heard before all else, also on a guess, and also where it only adds up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.conversation.interpret import asked_by, named
from bot.engine.talk import Talk
from bot.engine.turn import Heard
from bot.runtime import Runtime
from bot.understanding.danger import DESPAIR, LOW, MENTION, THREAT, UNSAFE, Danger
from bot.understanding.text import has_han

BETTER, BESIDE, KEPT_BACK = "better", "beside", "kept_back"  # rules of flows/trouble.yaml
_OBEYED = ("stop", "start", "ambiguous")
_SMALL_TALK = ("hello.greeting", "hello.thanks")
_FAREWELL = "hello.bye"
MEANINGS = {DESPAIR: "trouble.despair", THREAT: "trouble.threat"}
_KINDS = {meaning: kind for kind, meaning in MEANINGS.items()}
_LIKELY = 0.6  # how sure the model must be, where no word of the lists stands
_HALF, _SUPPORTED = 0.34, 0.2  # of the model's belief, in doubt; the second beside words of a low mood
_LEANING = 0.1  # of the model's belief, where nothing was understood: enough for a kind word, too little for an alarm
_FEW_HAN, _FEW_WORDS = 3, 2
_ENOUGH = 3  # messages of a low mood
_TOGETHER = timedelta(days=1)  # without a word for longer, the count begins anew


def heard(
    house: Runtime,
    words: str,
    talk: Talk,
    last_at: datetime | None,
    now: datetime,
    usual: Callable[[], Heard],
    in_danger: bool = False,
) -> tuple[Heard, Talk]:
    """What a message is: `usual`, unless it tells of danger; and the talk with the count of low moods. `in_danger`: so
    they have told before, and no person of HR is done with it: then no farewell is one of every day, no menu is an
    answer, and whoever is better is believed, unless they say it beside words of despair."""
    found = house.understanding.danger(words)
    talk = _counted(talk, found, last_at, now)
    meant = usual()
    alarm = _alarm(found, meant if not _is_offered(house, talk, words) else Heard(), talk)
    beside = in_danger and meant.rule not in _OBEYED and not meant.event
    if beside:
        if found.better and found.kind not in (DESPAIR, THREAT, UNSAFE):
            return _rule(BETTER, words), talk
        if not alarm and (found.kind == LOW or meant.intent == _FAREWELL):
            alarm = UNSAFE
    if alarm:
        return _rings(alarm, meant, words), replace(talk, low=0)
    if beside and _is_idle(meant, talk):
        return _rule(BESIDE, words), talk
    sad = found.kind == LOW or _leans(meant, found)
    if not _KINDS.keys().isdisjoint((meant.intent, *meant.pair)):
        meant = _harmless(meant, found)
    if sad and meant.decision != "answer" and not (meant.event or meant.asks or talk.open):
        meant = _rule(LOW, words)
    return meant, talk


def _rule(name: str, words: str) -> Heard:
    return Heard(text=words, rule=name, decision="answer", details={"said": words})


def _is_idle(meant: Heard, talk: Talk) -> bool:
    """Whether it is nothing that the bot could help with: small talk, a call for the person who has been called, or
    not understood."""
    if meant.rule in ("human", "nod") or meant.intent in _SMALL_TALK:
        return True
    return not (meant.rule or meant.intent or talk.open) and meant.decision == "fallback"


def _is_offered(house: Runtime, talk: Talk, words: str) -> bool:
    """Whether these are, label for label, one of the answers that we offered: nothing to guess about."""
    open_ = asked_by(house, talk.open)
    return bool(open_ and talk.open and named(house, talk.open.flow, open_.choices, [words]))


def _counted(talk: Talk, found: Danger, last_at: datetime | None, now: datetime) -> Talk:
    before = talk.low if last_at and now - last_at < _TOGETHER else 0
    return replace(talk, low=before + (found.kind == LOW))


def _alarm(found: Danger, meant: Heard, talk: Talk) -> str:
    """Which alarm this is, or "". The lists go first; the model's guess counts where no idiom misled it."""
    if found.kind in (DESPAIR, THREAT):
        return found.kind
    guess = "" if found.idiom else _KINDS.get(meant.intent, "")
    if found.kind == UNSAFE or (guess == THREAT and meant.asks) or _is_brief(found.rest):
        guess = ""
    if guess and (meant.decision == "answer" or meant.details.get("p", 0) >= _LIKELY):
        return guess
    likely = not (found.idiom or meant.asks) and _guessed(meant) >= (_SUPPORTED if found.kind == LOW else _HALF)
    unclear = found.kind == MENTION and meant.decision != "answer"
    return UNSAFE if found.kind == UNSAFE or unclear or likely or talk.low >= _ENOUGH else ""


def _is_brief(form: str) -> bool:
    """Whether this says too little for a guess; what it must not be missed for stands in the lists."""
    return len(form) <= _FEW_HAN if has_han(form) else len(form.split()) <= _FEW_WORDS


def _guessed(meant: Heard) -> float:
    """How much the model's doubt leans to despair, where it is in doubt."""
    leaning = dict(meant.details.get("top") or ()).get(MEANINGS[DESPAIR], 0.0)
    return float(leaning) if meant.decision == "ask" else 0.0


def _leans(meant: Heard, found: Danger) -> bool:
    """Whether what is not understood sounds more like distress than like anything else: then no menu is the answer."""
    if found.idiom or meant.asks or _is_brief(found.rest):
        return False
    first, share = next(iter(meant.details.get("top") or ()), ("", 0.0))
    return first in _KINDS and share >= _LEANING


def _rings(alarm: str, meant: Heard, words: str) -> Heard:
    """Whoever also wants to hear no more is obeyed, and heard."""
    meaning = MEANINGS.get(alarm, "")
    if meant.rule == "stop":
        return replace(meant, also=(meaning or alarm,))
    details = {"p": 1.0, "said": words}
    return Heard(text=words, intent=meaning, rule="" if meaning else alarm, decision="answer", details=details)


def _harmless(meant: Heard, found: Danger) -> Heard:
    """What else it may mean: danger it is not."""
    if found.idiom and not any(map(str.isalnum, found.rest)):
        return replace(meant, rule="nod", intent="", decision="answer", pair=())
    others = tuple(meaning for meaning in meant.pair if meaning not in _KINDS)
    return replace(meant, intent="", decision="ask" if others else "fallback", pair=others)
