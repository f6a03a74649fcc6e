"""The words that rules obey and that normalising sets aside, read from the mappings of messages/<locale>/words.yaml."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.understanding.danger import Dangers
from bot.understanding.dates import Calendar
from bot.understanding.own_words import Signs
from bot.understanding.phrases import Edges, Openings, Phrases, Questions, anywhere, expanded, pattern
from bot.understanding.stance import Stances
from bot.understanding.text import clauses, key

_COURTESY = ("greetings", "thanks")
_TRAINING = ("greetings", "thanks", "fillers", "particles", "sounds")
_QUESTIONS = ("question_words", "question_openings", "question_particles", "no_question")
_LANGUAGES = {"zh-Hant": "speak_zh_hant", "zh": "speak_zh", "en": "speak_en"}
_AT_THE_EDGES = " ,.!;:~，。！；：、"


@dataclass(frozen=True, eq=False, repr=False)
class WordLists:
    """Every list of words.yaml, the languages together: nobody tells us which one the next message will be in."""

    stop: Phrases  # opts out, also as one clause of many
    stop_alone: Phrases  # opts out only as the whole message: "end", "quit"
    leave: Phrases  # leaves an open question, and opts out where none is open: "cancel"
    stop_letters: frozenset[str]  # opts out only where the last message offered the letter
    start: Phrases
    human: Phrases
    never_mind: Phrases
    wrong_number: Phrases
    yes: Phrases
    no: Phrases
    murmurs: Phrases  # of yes, those that may only mean "I hear you"
    plans: Phrases  # of yes and no, those that also without a question say whether somebody comes
    coming: Phrases  # says by itself that somebody comes
    cannot: Phrases  # says by itself that somebody cannot come
    unsaid: Phrases  # denies having said that they come
    mistake: Phrases  # says that what was pressed or said last was not meant
    excuses: Phrases  # what may stand beside that
    repeat: Phrases
    explain: Phrases  # wants to hear it in plainer words
    wrong: Phrases  # says that the answer misses the point
    languages: Mapping[str, Phrases]  # by locale: wants to be spoken to in it
    contrast: Openings  # "不是……，就是": what follows is meant, what stands before is not
    corrections: Openings  # "不对，是": what follows is meant
    corrections_short: Openings  # "no, ": only where little follows
    questions: Questions
    stances: Stances
    delays: re.Pattern[str]  # how late somebody is
    illness: re.Pattern[str]  # words of it
    states: Phrases  # how somebody is, which says nothing of what they will do
    joints: re.Pattern[str]  # "and" between two questions
    calendars: tuple[Calendar, ...]  # by language
    beside_date: Phrases  # what may stand around a day written in digits alone
    numbers: Mapping[str, str]  # "二" -> "2"
    number_frames: tuple[re.Pattern[str], ...]  # what an answer with a number looks like; its group is the number
    before: Edges  # greetings, thanks and fillers: "请问", "um"
    after: Edges  # greetings, thanks and particles: "呀", "please"
    courtesy: Edges  # greetings and thanks
    around: frozenset[str]  # all that `before` and `after` take off
    lists: Mapping[str, tuple[str, ...]]  # what training uses, as written
    dangers: Dangers
    not_own: Signs  # by what it shows that a text is not its sender's own

    @classmethod
    def of(cls, *mappings: Mapping[str, Sequence[str]]) -> "WordLists":
        """The lists of all the mappings; a list that none of them has is empty."""

        def listed(*names: str) -> list[str]:
            return [str(entry) for name in names for mapping in mappings for entry in mapping.get(name, ())]

        numbers = dict(_numbers(mappings))
        before, after = Edges(listed(*_COURTESY, "fillers")), Edges(listed(*_COURTESY, "particles"))
        return cls(
            stop=Phrases.of(listed("stop")),
            stop_alone=Phrases.of(listed("stop_alone")),
            leave=Phrases.of(listed("leave")),
            stop_letters=frozenset(listed("stop_letters")),
            start=Phrases.of(listed("start")),
            human=Phrases.of(listed("human")),
            never_mind=Phrases.of(listed("never_mind")),
            wrong_number=Phrases.of(listed("wrong_number")),
            yes=Phrases.of(listed("yes")),
            no=Phrases.of(listed("no")),
            murmurs=Phrases.of(listed("murmurs")),
            plans=Phrases.of(listed("plans")),
            coming=Phrases.of(listed("coming")),
            cannot=Phrases.of(listed("cannot")),
            unsaid=Phrases.of(listed("unsaid")),
            mistake=Phrases.of(listed("mistake")),
            excuses=Phrases.of(listed("excuses")),
            repeat=Phrases.of(listed("repeat")),
            explain=Phrases.of(listed("explain")),
            wrong=Phrases.of(listed("wrong")),
            languages={locale: Phrases.of(listed(name)) for locale, name in _LANGUAGES.items()},
            contrast=Openings.of(listed("contrast")),
            corrections=Openings.of(listed("corrections")),
            corrections_short=Openings.of(listed("corrections_short")),
            questions=Questions.of(*map(listed, _QUESTIONS)),
            stances=Stances.of(listed),
            delays=anywhere(listed("delays")),
            illness=anywhere(listed("illness")),
            states=Phrases.of(listed("states")),
            joints=anywhere(listed("joints")),
            calendars=tuple(map(Calendar.of, mappings)),
            beside_date=Phrases.of(listed("beside_date")),
            numbers=numbers,
            number_frames=tuple(_frames(listed("number_frames"), numbers)),
            before=before,
            after=after,
            around=frozenset((*before.wordings, *after.wordings)),
            courtesy=Edges(listed(*_COURTESY), lone=True),
            lists={name: tuple(listed(name)) for name in _TRAINING},
            dangers=Dangers.of(listed),
            not_own=Signs.of(listed),
        )

    def core(self, form: str) -> str:
        """A text in key form without the words around what is meant; what consists of such words alone stays."""
        shorter = self.before.off_front(form).strip() or form
        shorter = self.after.off_end(shorter).strip() or shorter
        return form if shorter == form else self.core(shorter)

    def without_courtesy(self, text: str) -> str:
        """A normal text without greeting and thanks at its ends, if enough to ask something is left."""
        for _ in range(2):
            text = _unless_empty(self.courtesy.off_front(text).lstrip(_AT_THE_EDGES), text)
            text = _unless_empty(self.courtesy.off_end(text.rstrip(_AT_THE_EDGES)).rstrip(_AT_THE_EDGES), text)
        return text

    def empty(self, clause: str) -> bool:
        """Whether a clause consists of greeting, thanks, filler or particle alone."""
        return self.core(key(clause)) in self.around

    def ask(self, normal: str) -> bool:
        """Whether a normal text asks something."""
        forms = map(key, clauses(normal))
        return "?" in normal or any(self.questions.ask(form, self.core(form)) for form in forms)

    def tells_illness(self, normal: str) -> bool:
        """Whether a normal text says that its sender is ill; not what it says of somebody else, denies or supposes."""
        for form in map(key, clauses(normal)):
            if found := self.illness.search(form):
                before = form[: found.start()]
                stances = self.stances.other, self.stances.denies, self.stances.supposes, self.stances.reports
                return not any(stance.search(before) for stance in stances)
        return False

    def tells_state(self, clause: str) -> bool:
        """Whether a clause says how somebody is and nothing else."""
        form = key(clause)
        return form in self.states or self.core(form) in self.states

    def topic(self, clause: str) -> str:
        """What a clause is about: the clause without courtesy, fillers and the words that ask."""
        return self.questions.without(self.core(key(clause)))


def _unless_empty(rest: str, text: str) -> str:
    return rest if len(key(rest)) > 2 else text


def _numbers(mappings: Iterable[Mapping[str, Sequence[str]]]) -> Iterable[tuple[str, str]]:
    """The place in the list is the number: `numbers: ["零", "一", "(二|两)", …]`."""
    for mapping in mappings:
        for value, entry in enumerate(mapping.get("numbers", ())):
            yield from ((wording, str(value)) for wording in expanded(str(entry)))


def _frames(entries: Iterable[str], numbers: Mapping[str, str]) -> Iterable[re.Pattern[str]]:
    spoken = "|".join(map(re.escape, sorted(numbers, key=len, reverse=True)))
    number = rf"(\d{{1,3}}{'|' if spoken else ''}{spoken})"
    return (re.compile(pattern(entry).replace("#", rf" ?{number} ?")) for entry in (*entries, "#"))
