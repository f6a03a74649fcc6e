"""One plain chart a table, by hand: bars to the right, the longest as long as the paper allows.

Colours are attributes and no styles: the pages' Content-Security-Policy lets no style in.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size

from bot.reports.format import heading, shown
from bot.reports.model import ReportColumn, Table, Words

_MOST = 20  # bars
_ROW, _TOP, _NAMES, _BARS, _VALUES = 24, 40, 180, 380, 100  # pixels
_LONGEST = 22  # cells of a name
_INK, _BAR = "#222222", "#4a7a9c"
_FONT = 'font-family="sans-serif" font-size="13"'


def svg(table: Table, words: Words, zone: ZoneInfo) -> str:
    """Bars of the table's chart; of a table without one only its title."""
    bars = list(_bars(table, words, zone)) if table.chart else []
    height = _TOP + _ROW * max(len(bars), 1) + 10
    longest = max((value for _, value, _ in bars), default=0)
    body = "".join(_bar(place, bar, longest) for place, bar in enumerate(bars))
    name = words.get(f"table_{table.key}", table.key)
    if table.chart:
        name = f"{name}: {heading(_column(table, table.chart[1]), words)}"
    width = _NAMES + _BARS + _VALUES
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(name, {chr(34): "&quot;"})}">'
        f'<text x="0" y="20" {_FONT} font-weight="bold" fill="{_INK}">{escape(name)}</text>{body}</svg>'
    )


def _bars(table: Table, words: Words, zone: ZoneInfo) -> Iterator[tuple[str, float, str]]:
    """(name, value, value as text) of the first rows."""
    assert table.chart
    names, values = (_place(table, key) for key in table.chart)
    for row in list(table.rows)[-_MOST:] if table.columns[names].kind == "week" else list(table.rows)[:_MOST]:
        name = shown(row[names], table.columns[names], words, zone)
        value = shown(row[values], table.columns[values], words, zone)
        yield name, float(row[values] or 0), value


def _bar(place: int, bar: tuple[str, float, str], longest: float) -> str:
    name, value, text = bar
    y = _TOP + _ROW * place
    length = round(_BARS * value / longest) if longest else 0
    short = set_cell_size(name, _LONGEST).rstrip() if cell_len(name) > _LONGEST else name
    return (
        f'<text x="{_NAMES - 8}" y="{y + 14}" {_FONT} text-anchor="end" fill="{_INK}">{escape(short)}</text>'
        f'<rect x="{_NAMES}" y="{y + 2}" width="{length}" height="{_ROW - 8}" fill="{_BAR}"/>'
        f'<text x="{_NAMES + length + 6}" y="{y + 14}" {_FONT} fill="{_INK}">{escape(text)}</text>'
    )


def _place(table: Table, key: str) -> int:
    return next(place for place, column in enumerate(table.columns) if column.key == key)


def _column(table: Table, key: str) -> ReportColumn:
    return table.columns[_place(table, key)]
