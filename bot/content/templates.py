"""Turns the words of messages/ into what a person reads: a sandbox with few filters, and dates as people say them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any

import jinja2
from babel import Locale
from babel.dates import format_datetime
from jinja2 import StrictUndefined
from jinja2.exceptions import SecurityError
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

_LONGEST = 20_000  # characters of a rendered text


class _Environment(ImmutableSandboxedEnvironment):
    """No arithmetic that could build huge values."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        raise SecurityError(f"{operator} is not allowed in messages")


class Templates:
    """One locale's way of writing: `formats` has Babel patterns `day`, `time`, `moment` and the `comma` of lists."""

    def __init__(self, locale: str, formats: Mapping[str, str]) -> None:
        self._locale = locale
        self._formats = formats
        self._environment = _environment(self._filters())
        self._compiled: dict[str, jinja2.Template] = {}

    def compile(self, text: str) -> jinja2.Template:
        """Compiled when it is first said. Raises jinja2.TemplateError where the text is no template."""
        if text not in self._compiled:
            self._compiled[text] = self._environment.from_string(text)
        return self._compiled[text]

    def placeholders(self, text: str) -> frozenset[str]:
        """The names a text asks for. Raises jinja2.TemplateError."""
        return _placeholders(self._environment, text) if "{" in text else frozenset()

    def _filters(self) -> dict[str, Callable[..., Any]]:
        def written(pattern: str) -> Callable[[Any], Any]:
            """What is no moment, like an answer that was never given, stays as it is."""
            how = self._formats.get(pattern, "yyyy-MM-dd")
            return lambda when: written_at(when, how, self._locale) if isinstance(when, date) else when

        return {
            "day": written("day"),
            "time": written("time"),
            "moment": written("moment"),
            "joined": lambda items: self._formats.get("comma", ", ").join(map(str, items)),
            "numbered": lambda items: "\n".join(f"{n}. {item}" for n, item in enumerate(items, 1)),
        }


@lru_cache
def templates_for(locale: str, formats: tuple[tuple[str, str], ...]) -> Templates:
    """One for each way of writing, so that content that is read again finds its texts compiled."""
    return Templates(locale, dict(formats))


@lru_cache(maxsize=8192)
def _placeholders(environment: _Environment, text: str) -> frozenset[str]:
    return frozenset(find_undeclared_variables(environment.parse(text)))


def render(template: jinja2.Template, values: Mapping[str, Any]) -> str:
    """The text, trimmed. Raises jinja2.UndefinedError where a value is missing."""
    return template.render(values).strip()[:_LONGEST]


class _Gap:
    """Stands for a value that is not known, and notes whether a text would have printed it."""

    printed = False

    def __bool__(self) -> bool:
        return False

    def __iter__(self) -> Iterator[Any]:
        return iter((self,))

    def __str__(self) -> str:
        self.printed = True
        return ""


def lacks(template: jinja2.Template, values: Mapping[str, Any]) -> bool:
    """Whether the text would leave a gap, since what it tells is not known."""
    gap = _Gap()
    template.render({name: gap if value is None else value for name, value in values.items()})
    return gap.printed


def _environment(filters: Mapping[str, Callable[..., Any]]) -> _Environment:
    environment = _Environment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, finalize=_nothing_for_none
    )
    environment.globals.clear()
    environment.filters.clear()
    environment.filters.update(filters)
    return environment


def written_at(moment: datetime | date, pattern: str, locale: str) -> str:
    """A moment or day by a Babel pattern, in the words of one of our locales, by the clock of its own zone."""
    if isinstance(moment, datetime):
        return _written(moment.replace(tzinfo=None), moment.tzinfo, pattern, locale)
    return _written(moment, None, pattern, locale)


@lru_cache(maxsize=4096)
def _written(wall: datetime | date, zone: tzinfo | None, pattern: str, locale: str) -> str:
    """Remembered by what the clock shows and where: Python holds the same instant in two zones for equal."""
    moment = wall.replace(tzinfo=zone) if isinstance(wall, datetime) else wall
    return format_datetime(moment, pattern, tzinfo=zone, locale=_babel(locale))


@lru_cache
def _babel(locale: str) -> Locale:
    return Locale.parse({"zh": "zh_Hans_CN", "zh-Hant": "zh_Hant_HK", "en": "en_US"}.get(locale, locale))


def _nothing_for_none(value: Any) -> Any:
    """What the record does not know leaves a gap, never the word None."""
    return "" if value is None else value
