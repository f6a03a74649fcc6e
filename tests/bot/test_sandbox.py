"""A reader in a process of its own: it has limits and no secrets, and if it dies, who asked says so."""

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest

from bot.imports import sheet
from bot.imports.unusable import UnusableFile
from bot.platform import sandbox
from tests import workbooks

READER = "bot.imports.workbook"


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    """More than a pipe takes: its reader waits for who asked."""
    path = tmp_path / "long.xlsx"
    path.write_bytes(workbooks.large(3_000))
    return path


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGXCPU, signal.SIGABRT])
def test_a_reader_that_is_killed_in_the_middle_is_told_of(long_file: Path, sign: signal.Signals) -> None:
    with sheet.opened(long_file) as page:
        next(page.rows)
        (pid,) = workbooks.readers(os.getpid())
        os.kill(pid, sign)
        with pytest.raises(UnusableFile, match=r"long\.xlsx: cannot be read: ") as error:
            list(page.rows)
    assert error.value.key == {signal.SIGXCPU: "slow", signal.SIGABRT: "memory"}.get(sign, "killed")


def test_a_reader_inherits_no_secret(long_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPWARM_DATA_KEY", "a secret")
    with closing(sandbox.lines(READER, str(long_file), "")) as values:
        next(values)  # type: ignore[call-overload]
        (pid,) = workbooks.readers(os.getpid())
        held = Path(f"/proc/{pid}/environ").read_text()
        limits = Path(f"/proc/{pid}/limits").read_text()
    assert "KEEPWARM" not in held
    assert f"Max address space         {sandbox.MEMORY}" in limits
    assert f"Max cpu time              {sandbox.SECONDS}" in limits
    assert workbooks.readers(os.getpid()) == [], "and goes when nobody asks any more"


def test_what_takes_too_much_memory_ends_its_reader_alone(tmp_path: Path) -> None:
    """The cell hides from our look at the XML, and a library asks for half a terabyte."""
    path = tmp_path / "f.xlsx"
    hidden = (
        '<a-b:c xmlns:a-b="http://schemas.openxmlformats.org/spreadsheetml/2006/main" r="XFD1048576"><v>1</v></a-b:c>'
    )
    path.write_bytes(workbooks.of_rows(workbooks.row(1, "code"), f"<row>{hidden}</row>"))
    with pytest.raises(UnusableFile) as error, sheet.opened(path) as page:
        list(page.rows)
    assert error.value.key == "memory"


def test_a_reader_that_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "PATIENCE", 0.0)
    path = tmp_path / "f.xlsx"
    path.write_bytes(workbooks.large(10))
    with pytest.raises(UnusableFile, match="longer to read") as error, sheet.opened(path):
        pass
    assert error.value.key == "slow"
    assert workbooks.readers(os.getpid()) == []
