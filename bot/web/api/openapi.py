"""Describes the table of calls as OpenAPI 3.1: made from it, so that it says what is so."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.web.api.problems import CONTENT_TYPE, ProblemBody
from bot.web.api.types import ApiRoute

_REF = "#/components/schemas/{model}"
_REFUSALS = (401, 403, 429, 500, 503)  # of every call


def document(table: Sequence[ApiRoute], base: str, public_url: str) -> dict[str, Any]:
    """`base`: the path in front of every call's own."""
    keys, defined = models_json_schema(
        [(model, "serialization") for model in _said(table)] + [(model, "validation") for model in _heard(table)],
        ref_template=_REF,
    )
    refs = {model: schema for (model, _), schema in keys.items()}
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "keepwarm", "version": version("keepwarm")},
        "servers": [{"url": f"{public_url}{base}"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": defined.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _said(table: Sequence[ApiRoute]) -> list[type[BaseModel]]:
    bodies = (body for route in table for body in route.answers.values() if body is not None)
    return list(dict.fromkeys([*bodies, ProblemBody]))


def _heard(table: Sequence[ApiRoute]) -> list[type[BaseModel]]:
    return list(dict.fromkeys(route.body for route in table if route.body is not None))


def _operation(route: ApiRoute, refs: Mapping[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.name.partition(".")[0]],
        "summary": route.summary,
        "x-right": route.right,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {str(status): _answer(status, body, refs) for status, body in route.answers.items()}
        | {str(status): _problem(status, refs) for status in sorted(_problems(route))},
    }
    if route.body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": refs[route.body]}}}
    return found


def _problems(route: ApiRoute) -> Iterator[int]:
    yield from _REFUSALS
    if route.body is not None:
        yield from (400, 409, 413, 415, 422)
    elif route.query is not None:
        yield 422
    if "{" in route.path:
        yield 404


def _path_parameters(route: ApiRoute) -> Iterator[dict[str, Any]]:
    for part in route.path.split("/"):
        if part.startswith("{"):
            schema: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 64}
            if part == "{id}":
                schema = {"type": "integer", "minimum": 1}
            yield {"name": part.strip("{}"), "in": "path", "required": True, "schema": schema}


def _query_parameters(route: ApiRoute) -> Iterator[dict[str, Any]]:
    if route.query is None:
        return
    schema = route.query.model_json_schema()
    for name, about in schema["properties"].items():
        yield {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": about}


def _answer(status: int, body: type[BaseModel] | None, refs: Mapping[Any, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    return said | ({"content": {"application/json": {"schema": refs[body]}}} if body is not None else {})


def _problem(status: int, refs: Mapping[Any, Any]) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": {CONTENT_TYPE: {"schema": refs[ProblemBody]}}}
