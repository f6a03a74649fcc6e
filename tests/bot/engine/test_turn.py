"""The engine walks flows: purely, to an end, and back from a side question."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.flow import AGAIN, PLAINLY, Branch, Effect, Flow, Flows, Wait
from bot.engine.talk import Frame, MessageRef, Return, Talk
from bot.engine.turn import SILENCE, Collected, Heard, Turn, turn


@dataclass
class World:
    """Answers as a test wants it to."""

    facts: dict[str, str] = field(default_factory=lambda: {"bound": "yes"})
    outcomes: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    gone: tuple[str, ...] = ()  # words that tell what is not known
    says: str = "plain"  # how whoever writes stands to what they say

    def fact(self, name: str) -> str:
        return self.facts[name]

    def do(self, effect: Effect, heard: Heard, saved: Mapping[str, Any]) -> str:
        self.done.append(f"{effect.name} {effect.argument} {dict(saved)}".strip())
        return self.outcomes.get(effect.name, "")

    def stance(self, step: str, asked_for: bool, heard: Heard, choice: tuple[str, str] | None) -> str:
        return self.says

    def lacks(self, said: MessageRef) -> bool:
        return said.key in self.gone

    def choice(self, flow: str, names: tuple[str, ...], text: str) -> str:
        return text if text in names else ""

    def read(self, collector: str, limit: str, heard: Heard) -> Collected | None:
        if collector == "place":
            return Collected(heard.text, True) if heard.text and heard.event in ("", "location") else None
        return Collected(heard.text, int(heard.text) < 150) if heard.text.isdigit() else None


def say(*keys: str, **more: Any) -> tuple[Branch, ...]:
    return (Branch(say=keys, **more),)


FLOWS = Flows(
    {
        "ask": Flow(
            "ask",
            {
                "start": say("color", choices={"red": "was_red", "blue": "was_blue"}),
                "was_blue": say("blue"),
                "was_red": say("red", next="age"),
                "age": say("how_old", collect="age", next="save", otherwise="digits"),
                "digits": say("digits", collect="age", next="save"),
                "save": say("thanks", do=(Effect("save", "age", {"bad": "digits"}),)),
            },
            entries={"start": "start"},
        ),
        "trip": Flow(
            "trip",
            {
                "start": say("from", collect="place", save="home", next="days", wait=Wait(timedelta(hours=2), "late")),
                "days": say("days", collect="number", save="nights", invalid="too_old", next="where"),
                "too_old": say("too_old", collect="number", save="nights", next="where"),
                "where": (Branch(call="ask.start", next="done"),),
                "done": (
                    Branch(when={"nights": frozenset({"1"})}, say=("one",)),
                    Branch(say=("done",), do=(Effect("book"),)),
                ),
                "late": say("late"),
            },
            entries={"start": "start"},
        ),
        "offer": Flow(
            "offer",
            {"start": say("offer", choices={"fact.tell": "fact.tell", "no": "bye"}, once=True), "bye": say("bye")},
            entries={"start": "start", "bye": "bye"},
            urgent=frozenset({"bye"}),
        ),
        "paper": Flow(
            "paper",
            {
                "start": say("paper", choices={"later": "later"}, picture="shown", once=True),
                "later": say("later"),
                "shown": say("shown"),
            },
            entries={"start": "start"},
        ),
        "fact": Flow("fact", {"tell": say("fact")}, entries={"tell": "tell"}),
        "branch": Flow(
            "branch",
            {
                "start": (
                    Branch(when={"bound": frozenset({"no"})}, say=("no",)),
                    Branch(when={"bound": frozenset({"yes"})}, say=("yes",), next="fact.tell"),
                )
            },
            entries={"start": "start"},
            for_anyone=True,
        ),
        "deed": Flow(
            "deed",
            {
                "do": say("done", do=(Effect("confirm"),)),
                "sure": say("sure", choices={"yes_do": "do", "no": "not"}, once=True),
                "not": say("not"),
                "ask": say("can_you", choices={"deed.do": "deed.do"}, yes="deed.do", no="not", once=True),
            },
            entries={"do": "do", "ask": "ask"},
            rules={"coming": "do"},
            acts={"do": "sure"},
        ),
        "loop": Flow("loop", {"a": say("x", next="b"), "b": say("y", next="a")}, entries={"a": "a"}),
        "stop": Flow("stop", {"stop": say("stopped")}, rules={"stop": "stop"}),
        "repair": Flow(
            "repair",
            {
                "not_understood": (
                    Branch(when={"missed": frozenset({"twice"})}, say=("twice",)),
                    Branch(say=("once",)),
                ),
                "no_fit": say("no_fit"),
                "which": say("which"),
                "never_mind": say("never_mind"),
                "repeat": (
                    Branch(when={"said": frozenset({"nothing"})}, say=("nothing",)),
                    Branch(next=AGAIN),
                ),
                "explain": say("explain", next=PLAINLY),
            },
            rules={"never_mind": "never_mind", "repeat": "repeat", "explain": "explain"},
            events={"picture": "never_mind", "location": "never_mind"},
        ),
        "binding": Flow("binding", {"stranger": say("who")}, for_anyone=True),
    }
)


def heard(intent: str = "", **more: Any) -> Heard:
    return Heard(intent=intent, decision="answer" if intent else more.pop("decision", "fallback"), **more)


def go(talk: Talk, what: Heard, world: World | None = None) -> Turn:
    return turn(FLOWS, world or World(), talk, what)


def keys(walked: Turn) -> list[str]:
    return [f"{said.flow}.{said.key}" for said in walked.said]


def test_a_choice_leads_to_its_step_by_word_and_by_number() -> None:
    first = go(Talk(), heard("ask.start"))
    assert first.said[0].choices == ("red", "blue")
    assert keys(go(first.talk, heard(text="red"))) == ["ask.red", "ask.how_old"]
    assert keys(go(first.talk, heard(rule="number", value="1"))) == ["ask.red", "ask.how_old"]
    assert go(first.talk, heard(rule="number", value="2")).talk.open is None
    assert keys(go(first.talk, heard(rule="number", value="3"))) == ["repair.no_fit", "ask.color"]


def test_what_is_collected_is_there_for_the_effect() -> None:
    world = World()
    asked = go(go(Talk(), heard("ask.start")).talk, heard(text="red"))
    done = go(asked.talk, heard(text="20"), world)
    assert keys(done) == ["ask.thanks"]
    assert world.done == ["save age {'age': '20'}"]
    assert done.talk.open is None


def test_an_outcome_that_leads_on_skips_the_rest_of_its_step() -> None:
    asked = go(go(Talk(), heard("ask.start")).talk, heard(text="red"))
    refused = go(asked.talk, heard(text="99"), World(outcomes={"save": "bad"}))
    assert keys(refused) == ["ask.digits"]
    assert refused.talk.open == Frame("ask", "digits", 0, {"age": "99"}, (), "ask.start")


def test_an_answer_that_does_not_fit_leads_to_otherwise() -> None:
    asked = go(go(Talk(), heard("ask.start")).talk, heard(text="red"))
    assert keys(go(asked.talk, heard(text="old"))) == ["ask.digits"]


def test_a_side_question_is_answered_and_the_open_one_asked_again() -> None:
    asked = go(Talk(), heard("ask.start"))
    aside = go(asked.talk, heard("fact.tell"))
    assert keys(aside) == ["fact.fact", "ask.color"]
    assert keys(go(aside.talk, heard(text="red"))) == ["ask.red", "ask.how_old"]


def test_a_hard_rule_comes_before_the_open_question() -> None:
    asked = go(Talk(), heard("ask.start"))
    stopped = go(asked.talk, heard(rule="stop", text="red"))
    assert keys(stopped) == ["stop.stopped"]  # who wants no messages is not asked again
    assert keys(go(asked.talk, heard(rule="never_mind", text="red"))) == ["repair.never_mind"]


def test_never_mind_closes_every_open_question_and_confirms_nothing() -> None:
    world = World()
    closed = go(go(Talk(), heard("ask.start")).talk, heard(rule="never_mind"), world)
    assert keys(closed) == ["repair.never_mind"]
    assert closed.talk.open is None
    assert world.done == []


def test_facts_choose_the_branch_and_another_flow_goes_on() -> None:
    assert keys(go(Talk(), heard("branch.start"))) == ["branch.yes", "fact.fact"]
    assert keys(go(Talk(), heard("branch.start"), World({"bound": "no"}))) == ["branch.no"]


def test_a_stranger_is_asked_who_they_are_and_the_question_is_kept() -> None:
    walked = go(Talk(), heard("fact.tell"), World({"bound": "no"}))
    assert keys(walked) == ["binding.who"]
    assert walked.talk.pending == "fact.tell"


def test_between_two_meanings_the_person_chooses() -> None:
    asked = go(Talk(), heard(decision="ask", pair=("fact.tell", "branch.start")))
    assert asked.said[0].choices == ("fact.tell", "branch.start")
    assert keys(go(asked.talk, heard(rule="number", value="1"))) == ["fact.fact"]
    assert keys(go(asked.talk, heard("branch.start"))) == ["branch.yes", "fact.fact"]
    assert go(asked.talk, heard("fact.tell")).talk.open is None


def test_the_second_miss_in_a_row_offers_more_than_the_first() -> None:
    once = go(Talk(), heard(text="?"))
    twice = go(once.talk, heard(text="?"))
    assert (keys(once), keys(twice)) == (["repair.once"], ["repair.twice"])
    assert go(twice.talk, heard("fact.tell")).talk.misses == 0


def test_a_question_that_the_flow_no_longer_has_is_forgotten() -> None:
    for frame in (Frame("gone", "x"), Frame("ask", "gone"), Frame("ask", "start", 7), Frame("fact", "tell")):
        assert keys(go(Talk((frame,)), heard("fact.tell"))) == ["fact.fact"]


def test_a_flow_that_goes_round_in_circles_is_an_error_and_not_silence() -> None:
    with pytest.raises(RuntimeError, match="does not end"):
        go(Talk(), heard("loop.a"))


def test_a_called_road_comes_back_with_what_it_kept() -> None:
    world = World()
    talk = go(Talk(), heard("trip.start")).talk
    talk = go(talk, heard(text="松江")).talk
    called = go(talk, heard(text="3"), world)
    assert keys(called) == ["ask.color"]
    kept = {"home": "松江", "nights": "3"}
    assert called.talk.open == Frame("ask", "start", 0, kept, (Return("trip", "done", kept),), "trip.start")
    back = go(Talk.load(called.talk.dump()), heard(text="blue"), world)
    assert keys(back) == ["ask.blue", "trip.done"]
    assert world.done == ["book  {'home': '松江', 'nights': '3'}"]


def test_what_was_saved_chooses_the_branch() -> None:
    talk = go(go(Talk(), heard("trip.start")).talk, heard(text="松江")).talk
    talk = go(talk, heard(text="1")).talk
    assert keys(go(talk, heard(text="blue"))) == ["ask.blue", "trip.one"]


def test_an_answer_outside_the_limit_leads_to_invalid() -> None:
    talk = go(go(Talk(), heard("trip.start")).talk, heard(text="松江")).talk
    assert keys(go(talk, heard(text="200"))) == ["trip.too_old"]


def test_silence_leads_on_and_a_question_without_a_wait_just_waits() -> None:
    asked = go(Talk(), heard("trip.start"))
    late = go(asked.talk, Heard(event=SILENCE))
    assert (keys(late), late.talk.open) == (["trip.late"], None)
    color = go(Talk(), heard("ask.start"))
    assert go(color.talk, Heard(event=SILENCE)).said == ()


def test_a_place_may_be_shown_instead_of_typed() -> None:
    asked = go(Talk(), heard("trip.start"))
    assert keys(go(asked.talk, Heard(event="location", text="31.2,121.4"))) == ["trip.days"]
    assert keys(go(Talk(), Heard(event="location", text="31.2,121.4"))) == ["repair.never_mind"]


def test_a_clear_question_is_no_answer_in_free_words() -> None:
    asked = go(Talk(), heard("trip.start"))
    assert keys(go(asked.talk, heard("fact.tell", text="when?", asks=True))) == ["fact.fact", "trip.from"]
    assert keys(go(asked.talk, heard("fact.tell", text="the fact is", asks=False))) == ["trip.days"]


def test_what_began_the_road_said_again_is_its_answer() -> None:
    asked = go(Talk(), heard("trip.start"))
    assert keys(go(asked.talk, heard("trip.start", text="a trip next week?", asks=True))) == ["trip.days"]


def test_what_is_urgent_is_heard_in_the_middle_of_free_words() -> None:
    asked = go(Talk(), heard("trip.start"))
    assert keys(go(asked.talk, heard("offer.bye", text="I have to go"))) == ["offer.bye"]


def test_a_correction_walks_the_road_anew_from_the_question_answered_last() -> None:
    talk = go(go(Talk(), heard("ask.start")).talk, heard(text="red")).talk
    corrected = go(talk, heard(text="blue", corrects=True))
    assert (keys(corrected), corrected.talk.open) == (["ask.blue"], None)
    aside = go(talk, heard("fact.tell")).talk
    assert aside.answered is None
    assert keys(go(aside, heard(text="blue", corrects=True))) == ["ask.digits"]


def test_a_correction_that_fits_nothing_is_heard_as_what_it_says() -> None:
    talk = go(go(Talk(), heard("ask.start")).talk, heard(text="red")).talk
    assert keys(go(talk, heard("fact.tell", corrects=True))) == ["fact.fact", "ask.how_old"]


def test_again_says_the_last_thing_and_leaves_its_question_open() -> None:
    asked = go(Talk(), heard(decision="ask", pair=("fact.tell", "branch.start")))
    again = go(Talk.load(asked.talk.dump()), heard(rule="repeat"))
    assert again.said == asked.said
    assert keys(go(again.talk, heard(rule="number", value="1"))) == ["fact.fact"]
    assert keys(go(Talk(), heard(rule="repeat"))) == ["repair.nothing"]


def test_in_other_words_says_the_last_thing_plainly() -> None:
    told = go(Talk(), heard("fact.tell"))
    plain = go(told.talk, heard(rule="explain"))
    assert keys(plain) == ["repair.explain", "fact.fact"]
    assert [said.form for said in plain.said] == ["", "plain"]
    assert keys(go(plain.talk, heard(rule="repeat"))) == ["fact.fact"]


def test_a_question_asked_once_is_given_up_by_going_on() -> None:
    offered = go(Talk(), heard("offer.start"))
    assert keys(go(offered.talk, heard(text="fact.tell"))) == ["fact.fact"]
    aside = go(offered.talk, heard("branch.start"))
    assert (keys(aside), aside.talk.open) == (["branch.yes", "fact.fact"], None)


def test_several_questions_are_answered_together_and_the_open_one_asked_again_at_the_end() -> None:
    both = go(Talk(), heard("branch.start", also=("fact.tell", "unknown.x")))
    assert keys(both) == ["branch.yes", "fact.fact"]
    asked = go(Talk(), heard("ask.start"))
    aside = go(asked.talk, heard("branch.start", also=("fact.tell",)))
    assert keys(aside) == ["branch.yes", "fact.fact", "ask.color"]


def test_an_answer_and_a_question_in_one_message_get_both() -> None:
    asked = go(Talk(), heard("ask.start"))
    assert keys(go(asked.talk, heard(text="red", also=("fact.tell",)))) == ["ask.red", "fact.fact", "ask.how_old"]


def test_what_was_unclear_is_remembered_for_one_message() -> None:
    unclear = go(Talk(), heard(text="培训"))
    assert unclear.talk.unclear == "培训"
    assert go(unclear.talk, heard("fact.tell")).talk.unclear == ""


def test_the_facts_that_decided_are_told() -> None:
    assert go(Talk(), heard("branch.start")).facts == {"bound": "yes"}


def test_a_talk_of_the_version_before_is_still_read() -> None:
    old = '[[["ask", "start", 0, {}]], 1, "zh", "fact.tell", []]'
    assert Talk.load(old) == Talk((Frame("ask", "start"),), 1, "zh", "fact.tell")


def test_a_talk_comes_back_as_it_was_kept() -> None:
    frame = Frame("trip", "days", 0, {"home": "x"}, (Return("ask", "start", {"a": "b"}),), "trip.start")
    talk = Talk((frame,), 1, "zh", "a.b", ("t",), "en", "培训", (MessageRef("a", "b", {"c": "d"}, ("e",)),), frame)
    assert Talk.load(talk.dump()) == talk
    assert Talk.load(replace(talk, frames=()).dump()) == replace(talk, frames=())


words = st.text(max_size=5)
anything = st.builds(
    Heard,
    text=st.sampled_from(["red", "blue", "12", "what", ""]) | words,
    event=st.sampled_from(["", "", "", "", "picture", "location", "unknown", SILENCE]),
    rule=st.sampled_from(["", "", "stop", "never_mind", "yes", "no", "number", "repeat", "explain", "unknown"]),
    value=st.sampled_from(["1", "2", "99", "²", ""]),
    intent=st.sampled_from(["ask.start", "trip.start", "offer.start", "fact.tell", "branch.start", "unknown.x", ""]),
    also=st.sampled_from([(), (), ("fact.tell",), ("trip.start", "unknown.x"), ("ask.start", "trip.start")]),
    asks=st.booleans(),
    corrects=st.booleans(),
    decision=st.sampled_from(["answer", "ask", "fallback"]),
    pair=st.sampled_from([(), ("fact.tell", "ask.start"), ("unknown.x", "fact.tell")]),
)


@given(st.lists(anything, max_size=30), st.sampled_from(["yes", "no"]))
def test_no_talk_ever_breaks_or_piles_up(messages: list[Heard], bound: str) -> None:
    talk = Talk()
    for message in messages:
        walked = go(Talk.load(talk.dump()), message, World({"bound": bound}))
        talk = walked.talk
        assert len(talk.frames) <= 4
        assert walked.said or message.event in ("unknown", SILENCE)
        assert len({(said.flow, said.key) for said in walked.said}) == len(walked.said)


def test_a_picture_answers_the_question_that_knows_what_to_do_with_one() -> None:
    asked = go(Talk(), heard("paper.start"))
    shown = go(asked.talk, heard(event="picture"))
    assert keys(shown) == ["paper.shown"]
    assert shown.talk.open is None
    assert keys(go(shown.talk, heard(event="picture"))) == ["repair.never_mind"]


def test_a_picture_is_no_answer_to_other_questions() -> None:
    asked = go(Talk(), heard("offer.start"))
    assert keys(go(asked.talk, heard(event="picture"))) == ["repair.never_mind"]


def _means(intent: str, text: str = "something") -> Heard:
    return Heard(text=text, intent=intent, decision="answer")


def test_what_changes_the_record_is_done_at_once_upon_a_plain_statement() -> None:
    world = World()
    turn(FLOWS, world, Talk(), _means("deed.do"))
    assert world.done == ["confirm  {}"]


def test_what_is_not_plainly_said_is_asked_first_by_whatever_road_it_comes() -> None:
    for says in ("denies", "asks", "supposes", "reports", "other", "maybe"):
        world = World(says=says)
        asked = turn(FLOWS, world, Talk(), _means("deed.ask")).talk
        for talk, heard in (
            (Talk(), _means("deed.do")),
            (asked, _means("deed.do")),
            (asked, Heard(text="deed.do")),
            (Talk(), Heard(text="where?", intent="fact.tell", decision="answer", also=("deed.do",))),
        ):
            walked = turn(FLOWS, world, talk, heard)
            assert world.done == [], (says, heard)
            assert walked.said[-1].key == "sure", (says, heard)


def test_a_bare_answer_is_plain() -> None:
    for heard in (Heard(rule="yes"), Heard(rule="number", value="1"), Heard(rule="coming")):
        world = World(says="denies")
        asked = turn(FLOWS, world, Talk(), _means("deed.ask")).talk
        turn(FLOWS, world, asked, heard)
        assert world.done == ["confirm  {}"]


def test_a_plain_no_leads_where_the_question_says() -> None:
    world = World()
    asked = turn(FLOWS, world, Talk(), _means("deed.ask")).talk
    assert turn(FLOWS, world, asked, Heard(rule="no")).road == ("deed.not",)
    assert world.done == []


def test_a_question_about_what_is_gone_is_not_asked_again_but_may_still_be_answered() -> None:
    talk = turn(FLOWS, World(), Talk(), Heard(intent="ask.start", decision="answer")).talk
    gone = turn(FLOWS, World(gone=("color",)), talk, Heard(intent="fact.tell", decision="answer"))
    assert [said.key for said in gone.said] == ["fact"]
    assert gone.talk.open is None
    answered = turn(FLOWS, World(gone=("color",)), talk, Heard(text="blue"))
    assert [said.key for said in answered.said] == ["blue"]
