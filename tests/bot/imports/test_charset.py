"""A text file is read in its own letters, or refused."""

from pathlib import Path

import pytest

from bot.imports import sheet
from bot.imports.unusable import UnusableFile


def names(folder: Path, body: bytes) -> list[str]:
    path = folder / "f.csv"
    path.write_bytes(body)
    with sheet.opened(path) as page:
        return [line.cells[1] for line in page.rows]


def people(*names: str) -> str:
    return "code,name\n" + "".join(f"K{at},{name}\n" for at, name in enumerate(names))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (people("陳大文"), "big5"),
        (people("陳大文", "王小明", "李美玲", "黃志強", "林淑芬"), "big5"),
        (people("張三", "劉備"), "big5"),
        (people("Müller Jürgen"), "latin-1"),
        (people("François", "Zoë", "Anaïs"), "cp1252"),
        (people("新人"), "utf-16-le"),
    ],
)
def test_other_letters_are_not_read_as_gbk(tmp_path: Path, text: str, encoding: str) -> None:
    with pytest.raises(UnusableFile, match=r"neither UTF-8 nor GBK|UTF-16 without a mark") as error:
        names(tmp_path, text.encode(encoding))
    assert error.value.key in ("charset", "utf16")


@pytest.mark.parametrize(
    "given",
    [
        ("王芳", "李强"),
        ("欧阳婷", "张喆", "刘玥", "李堃", "陈翊"),
        ("陳大文", "張三"),
        ("A座张三", "Tony张", "张san"),
        ("阿依古丽·买买提",),
    ],
)
def test_gbk_is_read(tmp_path: Path, given: tuple[str, ...]) -> None:
    assert names(tmp_path, people(*given).encode("gb18030")) == list(given)


@pytest.mark.parametrize("start", ["<html xmlns:o='x'><table>", "\ufeff\n <!DOCTYPE html>", "<?xml version='1.0'?>"])
def test_a_web_page_is_called_one(tmp_path: Path, start: str) -> None:
    with pytest.raises(UnusableFile, match="is a web page") as error:
        names(tmp_path, start.encode())
    assert error.value.key == "markup"
