"""Who came, as `keepwarm cohorts rollcall` is told: by codes, or by a file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.errors import ConfigError
from bot.imports import headers, sheet

_CAME = {"yes": True, "y": True, "1": True, "是": True, "no": False, "n": False, "0": False, "否": False}
_FAULTS = 20  # named, of a file that has more


def answers(joined: str, no_show: str, file: Path | None) -> dict[str, bool]:
    """Who came, by code. Raises ConfigError where somebody both came and did not."""
    named = [(code, True) for code in _codes(joined)] + [(code, False) for code in _codes(no_show)]
    found: dict[str, bool] = {}
    for code, came in (*named, *(_from_file(file) if file else ())):
        if found.setdefault(code, came) is not came:
            raise ConfigError(f"{code} is named twice, as joined and as no show: nothing is recorded")
    return found


def _codes(text: str) -> list[str]:
    return [code for code in map(str.strip, text.split(",")) if code]


def _from_file(path: Path) -> Iterator[tuple[str, bool]]:
    """A row without an answer says nothing. Raises ConfigError with every row that cannot be read."""
    with sheet.opened(path) as page:
        places = headers.match(path, page.header, ("code", "came"), headers.HeaderMap()).places
        if len(places) < 2:
            raise ConfigError(f"{path}: needs the columns code and came")
        faults = []
        for line in page.rows:
            code, came = (sheet.plain(_cell(line.cells, places[name])) for name in ("code", "came"))
            known = _CAME.get(came.casefold())
            if line.flaw or (came and (known is None or not code)):
                faults.append(f"row {line.number}: {line.flaw or 'needs a code, and yes or no'}")
            elif known is not None:
                yield code, known
    if faults:
        raise ConfigError(f"{path}: {'; '.join(faults[:_FAULTS])}: nothing is recorded")


def _cell(row: Sequence[str], place: int) -> str:
    return row[place] if place < len(row) else ""
