"""What is wrong with a call, as RFC 9457 has it: named by field, with what would be right."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

CONTENT_TYPE = "application/problem+json"


class Wrong(BaseModel):
    """One field that is wrong."""

    field: str = Field(description="The name of the field, or of several; empty: the body as a whole.")
    detail: str = Field(description="What is wrong with it, and what would be right.")


class ProblemBody(BaseModel):
    """What every answer from 400 on says (RFC 9457)."""

    type: str = Field(description="urn:keepwarm:problem:STATUS")
    title: str
    status: int
    detail: str
    errors: list[Wrong] = Field(default=[], description="Every field that is wrong.")


class Problem(Exception):
    """The call is answered with this instead."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors, dict(headers or {})


def answer(problem: Problem) -> web.Response:
    body = ProblemBody(
        type=f"urn:keepwarm:problem:{problem.status}",
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=problem.detail,
        errors=[Wrong(field=field, detail=detail) for field, detail in problem.errors],
    )
    return web.Response(
        status=problem.status, body=body.model_dump_json().encode(), content_type=CONTENT_TYPE, headers=problem.headers
    )


def unfit(errors: Iterable[tuple[str, str]], where: str = "the body") -> Problem:
    """422: the call can be read, but not done."""
    listed = tuple(errors)
    return Problem(422, f"{where} is not right: see errors", listed)


def invalid(error: ValidationError, where: str) -> Problem:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return unfit(((".".join(map(str, one["loc"])), _said(one["type"], one["msg"])) for one in found), where)


def not_found(what: str) -> Problem:
    """Not there, or outside the token's scope: that is one and the same."""
    return Problem(404, f"there is no {what}, or the token may not see it")


def _said(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "is not known here: see openapi.json for the fields there are"
    return message.removeprefix("Value error, ")
