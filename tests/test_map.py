"""The page on the architecture and the glossary speak of what exists, and leave no room out."""

import importlib
import re
from pathlib import Path

import pytest

from bot.store.tables import metadata

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
WORDS = [row.strip("|").split("|") for row in GLOSSARY.splitlines() if row.startswith("| ")][1:]
PLACES = sorted(set(re.findall(r"`((?:bot|jobs|flows|messages|fakes|tests)/[\w/.]*)`", PAGE)))
TABLES = re.findall(r"table `(\w+)`", GLOSSARY)
CODE = re.findall(r"`((?:bot|jobs)(?:\.\w+)+)`", GLOSSARY)


@pytest.mark.parametrize("place", PLACES)
def test_each_place_on_the_map_exists(place: str) -> None:
    assert (ROOT / place).exists()
    assert (ROOT / place).is_dir() == place.endswith("/")


def test_each_room_is_on_the_map() -> None:
    rooms = {
        f"{path.relative_to(ROOT)}/" if path.is_dir() else str(path.relative_to(ROOT))
        for path in (ROOT / "bot").iterdir()
        if path.name[0] not in "_." and (path.suffix == ".py" or path.is_dir())
    }
    assert rooms - set(PLACES) == set()


def test_the_words_are_sorted_and_each_stands_once() -> None:
    words = [row[0].strip().lower() for row in WORDS]
    assert len(words) > 40
    assert words == sorted(set(words))


def test_each_word_says_where_it_lives() -> None:
    assert [row[0] for row in WORDS if not re.search(r"`[\w.]+`", row[2])] == []


@pytest.mark.parametrize("table", TABLES)
def test_each_table_of_the_glossary_exists(table: str) -> None:
    assert table in metadata.tables


@pytest.mark.parametrize("name", CODE)
def test_each_module_and_class_of_the_glossary_exists(name: str) -> None:
    module, _, last = name.rpartition(".")
    if last[0].isupper():
        assert hasattr(importlib.import_module(module), last)
    else:
        importlib.import_module(name)
