"""The engine walks flows: purely, to an end, and back from a side question."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.flow import Branch, Effect, Flow, Flows
from bot.engine.talk import Frame, Talk
from bot.engine.turn import Heard, Turn, turn


@dataclass
class World:
    """Answers as a test wants it to."""

    facts: dict[str, str] = field(default_factory=lambda: {"bound": "yes"})
    outcomes: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def fact(self, name: str) -> str:
        return self.facts[name]

    def do(self, effect: Effect, heard: Heard, saved: Mapping[str, Any]) -> str:
        self.done.append(f"{effect.name} {effect.argument} {dict(saved)}".strip())
        return self.outcomes.get(effect.name, "")

    def choice(self, flow: str, names: tuple[str, ...], text: str) -> str:
        return text if text in names else ""

    def read(self, collector: str, heard: Heard) -> str:
        return heard.text if heard.text.isdigit() else ""


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
                "age": say("how_old", collect="age", next="save", otherwise="again"),
                "again": say("digits", collect="age", next="save"),
                "save": say("thanks", do=(Effect("save", "age", {"bad": "again"}),)),
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
        "loop": Flow("loop", {"a": say("x", next="b"), "b": say("y", next="a")}, entries={"a": "a"}),
        "stop": Flow("stop", {"stop": say("stopped")}, rules={"stop": "stop"}),
        "repair": Flow(
            "repair",
            {
                "not_understood": (
                    Branch(when={"missed": frozenset({"twice"})}, say=("twice",)),
                    Branch(say=("once",)),
                ),
                "which": say("which"),
                "never_mind": say("never_mind"),
            },
            rules={"never_mind": "never_mind"},
            events={"picture": "never_mind"},
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
    assert keys(go(first.talk, heard(rule="number", value="3"))) == ["repair.once", "ask.color"]


def test_what_is_collected_is_there_for_the_effect() -> None:
    world = World()
    asked = go(go(Talk(), heard("ask.start")).talk, heard(text="red"))
    done = go(asked.talk, heard(text="20"), world)
    assert keys(done) == ["ask.thanks"]
    assert world.done == ["save age {'age': '20'}"]
    assert done.talk == Talk()


def test_an_outcome_that_leads_on_skips_the_rest_of_its_step() -> None:
    asked = go(go(Talk(), heard("ask.start")).talk, heard(text="red"))
    refused = go(asked.talk, heard(text="999"), World(outcomes={"save": "bad"}))
    assert keys(refused) == ["ask.digits"]
    assert refused.talk.open == Frame("ask", "again", 0, {"age": "999"})


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
    assert keys(go(asked.talk, heard(rule="stop", text="red"))) == ["stop.stopped", "ask.color"]


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


words = st.text(max_size=5)
anything = st.builds(
    Heard,
    text=st.sampled_from(["red", "blue", "12", "what", ""]) | words,
    event=st.sampled_from(["", "", "", "picture", "unknown"]),
    rule=st.sampled_from(["", "", "stop", "never_mind", "yes", "no", "number", "unknown"]),
    value=st.sampled_from(["1", "2", "99", "²", ""]),
    intent=st.sampled_from(["ask.start", "fact.tell", "branch.start", "unknown.x", ""]),
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
        assert walked.said or message.event == "unknown"
