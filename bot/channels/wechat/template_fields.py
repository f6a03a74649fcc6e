"""Which values a template's fields take, checked before WeChat is asked.

Rules: developers.weixin.qq.com/doc/service/guide/product/template_message (field types of the category library). A
field is named by its type and a number: thing1, time2. What cannot fit closes the road, so that the next one is taken;
only a `thing` is shortened, since a number or a date that is cut would be a wrong one.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.errors import Unreachable

Shape = Callable[[str], str | None]  # the value as the field takes it, or None

FIELD_RULE = "field_rule"
_DIGITS = "0123456789"
_PLACES = ("place", "address")
_HAN = "[\u3400-\u4dbf\u4e00-\u9fff]"
_DAY = r"\d{4}(?:-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|\u5e74\d{1,2}\u6708\d{1,2}\u65e5)"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_THING, _CONST, _CODE, _NAME, _HAN_NAME, _CAR = 20, 20, 32, 20, 10, 8


def filled(fields: Mapping[str, str], values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The `data` of a template message: `fields` says which value is in which. Raises Unreachable; its reason names
    field and value, never what stands in it."""
    return {field: {"value": _filled(field, name, values)} for field, name in fields.items()}


def filled_with_news(
    fields: Mapping[str, str], values: Mapping[str, str], news: Mapping[str, Any]
) -> dict[str, dict[str, str]]:
    """As `filled`, but one field says what has changed: the first `thing`, else the first `phrase`, as `text` or
    `short`. Where that is `beside`, the usual value follows in a thing, and one of the place comes last: a word before
    the place reads as if that had changed. Raises Unreachable where no field can say it."""
    field = _for_news(fields, news)
    if field is None:
        raise Unreachable(FIELD_RULE, "no field says what has changed")
    is_thing = _kind(field) == "thing"
    usual = str(values.get(fields[field], "")).strip() if is_thing and news.get("beside") else ""
    text = str(news["text" if is_thing else "short"])
    told = {"": "\uff1a".join(part for part in (text, usual) if part)}
    return filled({**fields, field: ""}, {**values, **told})


def _for_news(fields: Mapping[str, str], news: Mapping[str, Any]) -> str | None:
    things = [field for field in fields if _kind(field) == "thing"]
    phrases = [field for field in fields if _kind(field) == "phrase" and shaped(field, str(news["short"]))]
    places = [field for field in things if news.get("beside") and fields[field] in _PLACES]
    others = [field for field in things if field not in places]
    return next(iter([*others, *phrases, *places]), None)


def _kind(field: str) -> str:
    return field.rstrip(_DIGITS)


def shaped(field: str, text: str) -> str | None:
    """The text as this field takes it, or None if it cannot."""
    plain = " ".join(text.split())
    return SHAPES.get(_kind(field), _anything)(plain) if plain else None


def _filled(field: str, name: str, values: Mapping[str, str]) -> str:
    text = str(values.get(name, "")).strip()
    if not text:
        raise Unreachable(FIELD_RULE, f"{field}: {name} is missing")
    found = shaped(field, text)
    if found is None:
        raise Unreachable(FIELD_RULE, f"{field}: {name} does not fit")
    return found


def _thing(text: str) -> str:
    return text if len(text) <= _THING else f"{text[: _THING - 1].rstrip()}…"


def _moments(text: str) -> str | None:
    """A day with or without a time of day, a time of day, or a span of them with ~ between."""
    found = [_moment(part.strip()) for part in text.split("~")]
    return "~".join(part for part in found if part) if len(found) <= 2 and all(found) else None


def _moment(text: str) -> str | None:
    if re.fullmatch(rf"{_DAY}(?: ?{_CLOCK})?|{_CLOCK}", text):
        return text
    try:
        moment = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return None
    return moment.strftime("%Y-%m-%d %H:%M") if moment else None


def _date(text: str) -> str | None:
    """As _moments, but never without a day."""
    return _moments(text) if re.match(r"\d{4}\D", text) else None


def _name(text: str) -> str | None:
    most = _HAN_NAME if re.search(_HAN, text) else _NAME
    return text if len(text) <= most else None


def _matching(pattern: str) -> Shape:
    compiled = re.compile(pattern)
    return lambda text: text if compiled.fullmatch(text) else None


def _within(most: int) -> Shape:
    return lambda text: text if len(text) <= most else None


def _anything(text: str) -> str | None:
    return text


SHAPES: Mapping[str, Shape] = {
    "thing": _thing,
    "phrase": _matching(f"{_HAN}{{1,5}}"),
    "character_string": _matching(rf"(?:(?!{_HAN}).){{1,{_CODE}}}"),
    "number": _matching(rf"(?=.{{1,{_CODE}}}$)-?[0-9]+(?:\.[0-9]+)?"),
    "letter": _matching(rf"[A-Za-z]{{1,{_CODE}}}"),
    "symbol": _within(5),
    "time": _moments,
    "date": _date,
    "amount": _matching(r"[^\d\s]?[0-9]{1,10}(?:\.[0-9]+)?\u5143?"),
    "phone_number": _matching(r"[0-9+\-() ]{1,17}"),
    "car_number": _within(_CAR),
    "name": _name,
    "const": _within(_CONST),
}
