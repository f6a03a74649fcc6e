"""Headers are found whatever they are called, and a map's faults say where they are."""

from pathlib import Path

import pytest

from bot.errors import ContentError
from bot.imports import headers
from bot.imports.headers import HeaderMap
from bot.imports.unusable import UnusableFile

COLUMNS = ["code", "name", "phone", "stage", "store"]


def read_map(folder: Path, text: str) -> HeaderMap:
    (folder / "map.yaml").write_text(text)
    return headers.read_map(folder / "map.yaml", COLUMNS)


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(ContentError) as error:
        read_map(folder, text)
    return [str(fault).removeprefix(f"{folder}/") for fault in error.value.faults]


def test_case_blanks_and_wide_letters_of_a_header_mean_nothing() -> None:
    layout = headers.match(Path("f"), [" Code ", "NAME", "ｐｈｏｎｅ"], COLUMNS, HeaderMap())
    assert layout.places == {"code": 0, "name": 1, "phone": 2}


def test_headers_that_we_do_not_read_are_named_but_our_own_error_column_is_not() -> None:
    layout = headers.match(Path("f"), ["code", "Shoe size", "", "error"], COLUMNS, HeaderMap())
    assert layout.unknown == ["Shoe size"]


def test_two_headers_for_one_column_are_refused(tmp_path: Path) -> None:
    ways = read_map(tmp_path, "手机: phone\n电话: phone\n")
    with pytest.raises(UnusableFile, match="'手机' and '电话' both mean phone"):
        headers.match(Path("f"), ["code", "手机", "电话"], COLUMNS, ways)


def test_a_map_gives_our_columns_to_their_headers(tmp_path: Path) -> None:
    ways = read_map(tmp_path, "姓名: name\n手机号: phone\n门店: store\n")
    layout = headers.match(Path("f"), ["code", "姓名", "手机号", "门店"], COLUMNS, ways)
    assert layout.places == {"code": 0, "name": 1, "phone": 2, "store": 3}


def test_a_map_may_give_values_too_under_one_header_several_or_our_own(tmp_path: Path) -> None:
    for header in ("header: 状态, ", "header: [阶段, 状态], ", ""):
        ways = read_map(tmp_path, f"stage: {{{header}values: {{已过面试: interview_passed}}}}\n")
        for name in ["状态"] if header else ["stage"]:
            layout = headers.match(Path("f"), ["code", name], COLUMNS, ways)
            assert layout.places["stage"] == 1
            assert layout.values == {"stage": {"已过面试": "interview_passed"}}


def test_the_map_goes_before_a_header_of_ours(tmp_path: Path) -> None:
    ways = read_map(tmp_path, "code: store\nNo.: code\n")
    assert headers.match(Path("f"), ["No.", "code"], COLUMNS, ways).places == {"code": 0, "store": 1}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("姓名: nam\n", "map.yaml:1: 'nam' is no column of ours: use one of code, name, phone, stage, store"),
        ("姓名: name\n姓名 : phone\n", "map.yaml:2: '姓名' stands twice here (first on line 1): keep one"),
        ("Name: name\nNAME: phone\n", "map.yaml:2: 'NAME' means name already: it cannot mean phone too"),
        ("- name\n", "map.yaml:1: should be {their header: our column}, like 姓名: name"),
        ("", "map.yaml:1: should be {their header: our column}, like 姓名: name"),
        ("a: [name]\n", "map.yaml:1: ['name'] is no column of ours: use one of code, name, phone, stage, store"),
        ("stage:\n  heading: 状态\n", "map.yaml:2: 'heading' is not known here: use header and values"),
        (
            "stage:\n  values: x\n",
            "map.yaml:2: should be {their word: ours}, like 已过面试: interview_passed",
        ),
        ("a: {b", "map.yaml:2: is not YAML"),
    ],
)
def test_a_wrong_map_is_refused_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    assert any(found.startswith(fault) for found in faults(tmp_path, text)), faults(tmp_path, text)


def test_a_map_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="cannot be read"):
        headers.read_map(tmp_path / "none.yaml", COLUMNS)
