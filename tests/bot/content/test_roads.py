"""What `keepwarm check` proves of every road: it leads somewhere, it is reached, it ends, and nobody meets silence."""

from pathlib import Path

import pytest

from bot.content.flow_checks import faults_of_roads
from bot.content.flows import read_all

STAGES = ("joined",)
REPAIR = "steps: {which: {say: a}, not_understood: {say: a}, no_fit: {say: a}}"


def faults(folder: Path, **flows: str) -> list[str]:
    """Of flows that are written for this test alone."""
    (folder / "repair.yaml").write_text(REPAIR, encoding="utf-8")
    for name, text in flows.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    read, documents, found = read_all(folder, STAGES)
    found += [fault for name, flow in read.items() for fault in faults_of_roads(flow, read, documents[name])]
    return [str(fault) for fault in found]


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ("a: {say: x, next: b}", "leads to 'b', which is no step"),
        ("a: {call: other.a}", "leads to 'other.a', which is no step"),
        ("a: {say: x}\n  b: {say: x}", "step 'b' is never reached"),
        ("a: {next: b}\n  b: {say: x, next: a}", "leads back to itself without asking"),
        ("a: {say: x, collect: text, next: a}", "step 'a' never ends"),
        ("a: {do: confirm}", "a may end in silence"),
        ("a: [{if: {bound: yes}, say: x}, {do: confirm}]", "a may end in silence"),
        ("a: {say: x, choices: {yes: b, no: c}}\n  b: {say: x}\n  c: {do: confirm}", "an answer here may meet silence"),
        ("a: [{if: {bound: yes}, say: x}]", "may fit nobody: end it with a branch that has no if"),
        ("a: {say: x, collect: shoe}", "'shoe' should be one of sms_code, text"),
        ("a: {say: x, collect: number five}", "'five' is no limit of number: write number 1-5"),
        ("a: {say: x, collect: text 1-5}", "'1-5' is no limit of text: write text"),
        ("a: {say: x, save: y}", "save belongs to a question"),
        ("a: {say: x, once: yes}", "once belongs to a question"),
        ("a: {say: x, collect: text, invalid: b}\n  b: {say: x}", "nothing is outside a limit here"),
        ("a: {say: x, collect: text, wait: {soon: b}}\n  b: {say: x}", "'soon' should be one duration with its step"),
        ("a: {say: x, collect: text, save: name}", "name is a fact or a value already"),
        ("a: {say: x, collect: text, save: y, next: b}\n  b: [{if: {z: c}, say: x}, {say: x}]", "no fact is called 'z'"),
        ("a: {say: x, collect: text, call: b}\n  b: {say: x}", "a question cannot call"),
        ("a: {say: x, collect: text, once: maybe}", "once: 'maybe' should be yes or no"),
    ],
)  # fmt: skip
def test_a_road_that_goes_wrong_is_named(tmp_path: Path, steps: str, says: str) -> None:
    found = faults(tmp_path, own=f"entries: {{a: a}}\nsteps:\n  {steps}\n")
    assert any(says in fault for fault in found), found
    assert all(fault.startswith("flows/own.yaml:") or "own.yaml:" in fault for fault in found)


@pytest.mark.parametrize(
    "steps",
    [
        "a: {say: x, collect: text, wait: {20h: end}}",
        "a: {do: stop_pushes, on: {silent: end}, say: x}",
        "a: {call: b, next: end}\n  b: {say: x}",
        "a: {say: x, choices: {yes: b, no: b}, wait: {2h: b}}\n  b: {say: x, next: again}",
        "a: {say: x, collect: number 1-5, save: y, invalid: a, next: b}\n  b: [{if: {y: [1, 2]}, say: x}, {say: x}]",
        "a: [{if: {city: [anywhere]}, say: x}, {next: pending}]",
    ],
)
def test_a_good_road_is_left_alone(tmp_path: Path, steps: str) -> None:
    assert faults(tmp_path, own=f"entries: {{a: a}}\nsteps:\n  {steps}\n") == []
