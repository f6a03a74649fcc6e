"""What OpenAPI 3.1 says of a body, applied: finds where an answer is not as the document has it, and makes bodies."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def misfits(value: Any, schema: dict[str, Any], document: dict[str, Any], where: str = "") -> Iterator[str]:
    """Where the value is not what the schema says."""
    schema = resolved(schema, document)
    if "anyOf" in schema:
        tries = [list(misfits(value, option, document, where)) for option in schema["anyOf"]]
        if all(tries):
            yield from tries[0]
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if "type" in schema and (
        not isinstance(value, _TYPES[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean")
    ):
        yield f"{where}: {value!r} is no {schema['type']}"
        return
    if schema.get("format") in ("date-time", "date"):
        (datetime if schema["format"] == "date-time" else date).fromisoformat(value)
    if isinstance(value, dict):
        yield from _object_misfits(value, schema, document, where)
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from misfits(item, schema.get("items", {}), document, f"{where}[{number}]")


def _object_misfits(value: Any, schema: dict[str, Any], document: dict[str, Any], where: str) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where}.{name} is missing"
    for name, item in value.items():
        if name in known:
            yield from misfits(item, known[name], document, f"{where}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{where}.{name} is not in the document"
        elif isinstance(schema.get("additionalProperties"), dict):
            yield from misfits(item, schema["additionalProperties"], document, f"{where}.{name}")


SHORT = st.one_of(
    st.sampled_from(
        ["", "-", "PUB", "S1", "HR1", "joined", "2026-12-01", "2026-12-01 09:00", "31.2", "\x00", "'=1", "a|b"]
    ),
    st.text(max_size=30),
)
TEXTS = st.one_of(SHORT, st.text(min_size=1, max_size=5).map(lambda text: text * 400))
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)


def bodies(schema: dict[str, Any], document: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Bodies as the schema has them, or nearly, or not at all."""
    return st.one_of(_like(schema, document), _like(schema, document), ANYTHING)


def _like(schema: dict[str, Any], document: dict[str, Any]) -> st.SearchStrategy[Any]:
    schema = resolved(schema, document)
    if "anyOf" in schema:
        return st.one_of([_like(option, document) for option in schema["anyOf"]])
    if "enum" in schema:
        return st.one_of(st.sampled_from(schema["enum"]), ANYTHING)
    if schema.get("type") == "object":
        required = set(schema.get("required", ()))
        parts = {name: _like(part, document) for name, part in schema.get("properties", {}).items()}
        return st.fixed_dictionaries(
            {name: part for name, part in parts.items() if name in required},
            optional={name: part for name, part in parts.items() if name not in required},
        )
    if schema.get("type") == "array":
        return st.lists(_like(schema.get("items", {}), document), max_size=4)
    kinds = {
        "string": TEXTS,
        "integer": st.integers(),
        "number": st.floats(),
        "null": st.none(),
        "boolean": st.booleans(),
    }
    return kinds.get(schema.get("type", ""), ANYTHING)
