"""YAML is read as words, and what would grow beyond bounds is refused before it is built."""

from pathlib import Path

import pytest

from bot.platform import yaml_text


def read(folder: Path, text: str) -> yaml_text.Document:
    path = folder / "f.yaml"
    path.write_text(text, encoding="utf-8")
    return yaml_text.read(path)


def aliases(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a: 1\nb: " + "[" * 60 + "]" * 60, 2, "nested deeper than 50"),
        ("\n".join(f"{' ' * depth}a:" for depth in range(60)), 51, "nested deeper than 50"),
        ("x: 1\n" + aliases(4), 2, "anchor or alias"),
        ("a: *nobody\n", 1, "anchor or alias"),
        ("a: &name word\n", 1, "anchor or alias"),
        ("&name a: word\n", 1, "anchor or alias"),
        ("a: [" + "x," * 100_001 + "]", 1, "more than 100,000 values"),
        ("a: " + "x" * 2_000_000, 1, "more than 1024 KB"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("[a, b]: 1\n", 1, "a name is a word"),
    ],
)
def test_what_would_grow_beyond_bounds_is_refused_with_its_line(tmp_path: Path, text: str, line: int, why: str) -> None:
    document = read(tmp_path, text)
    assert [fault.line for fault in document.faults] == [line]
    assert why in document.faults[0].text
    assert document.data is None


def test_words_stay_words_and_know_their_lines(tmp_path: Path) -> None:
    document = read(tmp_path, "yes: no\nnothing: ~\nempty:\ntilde: '~'\nlist:\n  - 007\n  - {a: 1}\nyes: again\n")
    assert document.data == {"yes": "no", "nothing": "", "empty": "", "tilde": "~", "list": ["007", {"a": "1"}]}
    assert document.line(("list", 1, "a")) == 7
    assert [str(fault).partition(":")[2] for fault in document.faults] == [
        "8: 'yes' stands twice here (first on line 1): keep one"
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "a: 1\na: [2, {b: 3}]\nc: 4\n", "a: {b: [c, d]}\n", "a: [\n"])
def test_a_process_of_its_own_reads_the_same(tmp_path: Path, text: str) -> None:
    here = read(tmp_path, text)
    apart = yaml_text.read_apart(here.path)
    assert (apart.data, apart.lines, apart.faults) == (here.data, here.lines, here.faults)
