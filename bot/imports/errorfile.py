"""Writes the rows that could not be imported to a file of their own, ready to be mended and imported again."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from bot.imports.file_type import Bad
from bot.imports.headers import ERROR, folded
from bot.imports.sheet import disarmed
from bot.imports.unusable import UnusableFile


def beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.errors.csv")


class BadRows:
    """The file of bad rows; it exists once there is one. It holds personal data: only its owner may read it."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path = path
        self._header = header
        self._kept = [place for place, text in enumerate(header) if folded(text) != ERROR]
        self._file: TextIO | None = None

    def add(self, bad: Bad) -> None:
        if self._file is None:
            self._file = self._begun()
        cells = [disarmed(cell) for cell in self._cells(bad)]
        csv.writer(self._file).writerow([*cells, "; ".join(bad.reasons)])

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _begun(self) -> TextIO:
        self.path.unlink(missing_ok=True)
        self.path.touch(mode=0o600)
        file = self.path.open("w", encoding="utf-8-sig", newline="")
        csv.writer(file).writerow([*(disarmed(self._header[place]) for place in self._kept), ERROR])
        return file

    def _cells(self, bad: Bad) -> list[str]:
        cells = bad.line.cells
        return [cells[place] if place < len(cells) else "" for place in self._kept]


@contextmanager
def opened(path: Path, header: Sequence[str]) -> Iterator[BadRows]:
    """Where no row is bad, an older file of bad rows goes away. Raises UnusableFile where none can be written."""
    rows = BadRows(beside(path), header)
    try:
        yield rows
        if rows._file is None:
            rows.path.unlink(missing_ok=True)
    except OSError as error:
        raise UnusableFile(f"{rows.path}: cannot be written: {error.strerror}") from None
    finally:
        rows.close()
