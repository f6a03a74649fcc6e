"""What a template's fields may hold (protocols.md 1.8); anything else is errcode 47003."""

import re
from collections.abc import Callable
from typing import Any

from fakes.wechat.refusals import Refusal

_DATE = r"\d{4}(年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2})"
_TIME = r"\d{1,2}:\d{2}(:\d{2})?"
_MOMENT = rf"({_DATE}( ?{_TIME})?|{_TIME})"
_HAN = "[\u3400-\u4dbf\u4e00-\u9fff]"


def _matching(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


RULES: dict[str, Callable[[str], bool]] = {
    "thing": lambda value: len(value) <= 20,
    "phrase": _matching(f"{_HAN}{{1,5}}"),
    "character_string": lambda value: len(value) <= 32 and not re.search(_HAN, value),
    "number": lambda value: len(value) <= 32 and re.fullmatch(r"-?\d+(\.\d+)?", value) is not None,
    "letter": _matching(r"[A-Za-z]{1,32}"),
    "symbol": lambda value: len(value) <= 5,
    "time": _matching(f"{_MOMENT}(~{_MOMENT})?"),
    "date": _matching(f"{_MOMENT}(~{_MOMENT})?"),
    "amount": _matching(r"[^\d\s]?\d{1,10}(\.\d+)?元?"),
    "phone_number": _matching(r"[0-9+\-() ]{1,17}"),
    "car_number": lambda value: len(value) <= 8,
    "name": lambda value: len(value) <= (10 if re.search(_HAN, value) else 20),
    "const": lambda value: len(value) <= 20,
}
UNSEEN = ("first", "remark")  # accepted, but no longer shown since 2023-05


def shown(template: dict[str, str] | None, data: Any) -> list[dict[str, str]]:
    """The fields as the person sees them; raises Refusal 47003 for a value against its rule."""
    if not isinstance(data, dict):
        raise Refusal(47001)
    values = {key: _value(key, field) for key, field in data.items()}
    for key in _keys(template):
        if key not in values:
            raise Refusal(47003, f"argument invalid! data.{key}.value is empty")
    labels = _labels(template)
    return [{"label": labels.get(key, key), "value": value} for key, value in values.items() if key not in UNSEEN]


def _value(key: str, field: Any) -> str:
    value = field.get("value") if isinstance(field, dict) else None
    if key in UNSEEN:
        return str(value)
    rule = RULES.get(key.rstrip("0123456789"), _anything)
    if value in (None, "") or not rule(str(value)):
        raise Refusal(47003, f"argument invalid! data.{key}.value invalid")
    return str(value)


def _anything(_: str) -> bool:
    return True


def _keys(template: dict[str, str] | None) -> list[str]:
    return re.findall(r"\{\{\s*(\w+)\.DATA\s*\}\}", (template or {}).get("content", ""))


def _labels(template: dict[str, str] | None) -> dict[str, str]:
    lines = (template or {}).get("content", "").splitlines()
    found = (re.search(r"^(.*?)[:：]?\s*\{\{\s*(\w+)\.DATA", line) for line in lines)
    return {match[2]: match[1] for match in found if match and match[1]}
