"""What newcomers look names up by: no class name means two things, no file hides what its name does not say.

`python -m tests.test_house` prints the figures.
"""

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOUNS = {"paging", "planning", "training", "meaning"}
# The schemas of the API are named as their users know them, and so in openapi.json.
SCHEMAS = Path("bot/web/api/models.py")
# Files over 250 lines: none joins them, and whoever shortens one lowers the figure.
LONG_FILES = 32


def files() -> Iterator[tuple[Path, str]]:
    for room in ("bot", "jobs"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


def classes() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path, text in files():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and path != SCHEMAS:
                found[node.name.lstrip("_")].append(path)
    return found


def gerunds() -> list[Path]:
    return [path for path, _ in files() if path.stem.endswith("ing") and path.stem not in NOUNS]


def long_files() -> list[Path]:
    return [path for path, text in files() if len(text.splitlines()) > 250]


def functions() -> Iterator[tuple[int, int]]:
    """Lines and parameters of each."""
    for _, text in files():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                taken = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                yield (node.end_lineno or 0) - node.lineno + 1, len([a for a in taken if a not in ("self", "cls")])


def test_a_class_name_stands_for_one_thing() -> None:
    assert {name: places for name, places in classes().items() if len(places) > 1} == {}


def test_no_module_is_named_by_an_action() -> None:
    assert gerunds() == []


def test_long_files_become_fewer() -> None:
    assert len(long_files()) <= LONG_FILES


def test_no_room_is_crowded() -> None:
    assert max(Counter(path.parent for path, _ in files()).values()) <= 35


if __name__ == "__main__":
    every = list(functions())
    crowded, count = Counter(str(path.parent) for path, _ in files()).most_common(1)[0]
    figures = [
        f"modules named by an action: {len(gerunds())}",
        f"class names used twice: {sum(len(places) > 1 for places in classes().values())}",
        f"modules in the largest folder: {count} ({crowded})",
        f"functions over 30 lines: {sum(lines > 30 for lines, _ in every)} of {len(every)}",
        f"functions with over 6 parameters: {sum(parameters > 6 for _, parameters in every)}",
        f"files over 250 lines: {len(long_files())}",
    ]
    sys.stdout.write("\n".join(figures) + "\n")
