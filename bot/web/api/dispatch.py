"""The door of the API: who is let in, how often, with what; whatever is wrong is said as a problem of one form."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property, partial
from math import ceil
from typing import Any

import redis
import sqlalchemy as sa
import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.conversation import Runtime
from bot.outbox.rate_limits import RateLimits, Rates
from bot.platform import clock
from bot.platform.log import broke
from bot.store import audit, tokens
from bot.store.db.database import Database
from bot.store.tokens import Holder
from bot.web.api import openapi, problems
from bot.web.api.problems import Problem
from bot.web.api.routes import table
from bot.web.api.types import ApiAnswer, ApiCall, ApiRoute

BASE = "/api/v1"
BIGGEST = 64 * 1024  # bytes of a body
_ALL_TOGETHER = 500  # calls a second of all tokens
_JSON = "application/json"
_REFUSED = "api.refused"
_log = structlog.get_logger()


class Dispatch:
    """Handlers of `/api/v1`."""

    def __init__(
        self,
        house: Runtime,
        database: Database,
        connection: "redis.Redis | None" = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._house, self._database, self._now = house, database, now
        self._rates = Rates(connection, {"api": RateLimits("all", _ALL_TOGETHER, house.settings.api.a_minute)})
        self.table = table(house.settings.stages.all)

    def routes(self) -> list[web.RouteDef]:
        known = [web.route(route.method, _pattern(route), partial(self._answer, route)) for route in self.table]
        rest = [web.route("*", path, partial(self._answer, None)) for path in (BASE, BASE + "/{rest:.*}")]
        return [web.get(f"{BASE}/openapi.json", self._openapi), *known, *rest]

    @cached_property
    def document(self) -> dict[str, Any]:
        """What the API offers, as OpenAPI 3.1."""
        return openapi.document(self.table, BASE, self._house.settings.public_url)

    async def _openapi(self, _request: web.Request) -> web.Response:
        return web.json_response(self.document)

    async def _answer(self, route: ApiRoute | None, request: web.Request) -> web.Response:
        try:
            holder = await asyncio.to_thread(self._holder, request.headers.get("Authorization", ""))
            try:
                call = await self._call(self._known(route, request), holder, request)
                return _written(await asyncio.to_thread(self._done, call[0], call[1]))
            except Problem as problem:
                await asyncio.to_thread(self._note_refusal, holder, route, request, problem)
                raise
        except Problem as problem:
            return problems.answer(problem)
        except sa.exc.OperationalError as error:
            _log.error("api_without_database", **broke(error))
            return problems.answer(
                Problem(503, "the database does not answer: try again", headers={"Retry-After": "5"})
            )
        except Exception as error:
            _log.error("api_broke", **broke(error))
            return problems.answer(Problem(500, "that broke here: it is in our log"))

    def _holder(self, header: str) -> Holder:
        """Whose token it is, if it may call just now."""
        scheme, _, token = header.partition(" ")
        good = scheme.lower() == "bearer" and token.isascii() and 0 < len(token) < 200
        holder = self._database.read(lambda c: tokens.find(c, self._house.cipher, token.strip())) if good else None
        if holder is None:
            detail = "send a good token as Authorization: Bearer …; keepwarm token create makes one"
            raise Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
        taken = self._rates.take("api", holder.id, 0.0)
        if not taken.taken:
            wait = str(max(1, ceil(taken.wait)))
            raise Problem(429, f"too many calls: wait {wait} s", headers={"Retry-After": wait})
        now = self._now()
        if tokens.use_is_old(holder, now):
            self._database.write(lambda c: tokens.note_use(c, holder, now))
        return holder

    def _known(self, route: ApiRoute | None, request: web.Request) -> ApiRoute:
        """404 for a path that is none; 405 for a method that its path has not."""
        if route is not None:
            return route
        allowed = sorted({known.method for known in self.table if _is_at(known, request.rel_url.raw_path)})
        if request.path == f"{BASE}/openapi.json":
            allowed = ["GET"]
        if not allowed:
            raise Problem(404, f"there is nothing at this path: see {BASE}/openapi.json")
        what = f"{request.method} is no call here: use {' or '.join(allowed)}"
        raise Problem(405, what, headers={"Allow": ", ".join(allowed)})

    async def _call(self, route: ApiRoute, holder: Holder, request: web.Request) -> tuple[ApiRoute, ApiCall]:
        if route.right not in holder.rights:
            raise Problem(403, f"the token {holder.name} has no right to {route.right}")
        if route.whole and not holder.sight.everybody:
            raise Problem(403, f"the token {holder.name} has a scope: hooks are for tokens that see everybody")
        path = {name: _plain(value) for name, value in request.match_info.items()}
        query = _fitting(route.query, dict(request.query), "the query") if route.query else None
        body = _fitting(route.body, await _json(request), "the body") if route.body else None
        return route, ApiCall(route.name, self._house, self._database, holder, path, query, body, self._now())

    def _done(self, route: ApiRoute, call: ApiCall) -> ApiAnswer:
        answer = route.handle(call)
        if route.personal and route.right == "read":
            self._database.write(lambda connection: call.note(connection, answer.target))
        return answer

    def _note_refusal(self, holder: Holder, route: ApiRoute | None, request: web.Request, problem: Problem) -> None:
        """Somebody with a good token asked for what is not theirs."""
        if route is None or problem.status not in (403, 404):
            return
        target = next(iter(request.match_info.values()), "")[:64]
        target = target if target.isprintable() else ""
        detail = {"call": route.name, "status": problem.status}
        now = self._now()
        self._database.write(lambda c: audit.record(c, holder.actor, _REFUSED, target or None, now, detail))


def _pattern(route: ApiRoute) -> str:
    """A code may have any sign; a slash in it comes as %2F."""
    return (BASE + route.path).replace("}", ":[^/]+}")


def _is_at(route: ApiRoute, path: str) -> bool:
    theirs, asked = (BASE + route.path).split("/"), path.split("/")
    return len(theirs) == len(asked) and all(
        part == given or (part.startswith("{") and given) for part, given in zip(theirs, asked, strict=True)
    )


def _plain(text: str) -> str:
    if not text.isprintable() or len(text) > 64:
        raise problems.not_found("such code or id")
    return text


async def _json(request: web.Request) -> Any:
    if request.content_type != _JSON:
        raise Problem(415, f"send the body as {_JSON}")
    if (request.content_length or 0) > BIGGEST:
        raise Problem(413, f"the body is larger than {BIGGEST} bytes")
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Problem(413, f"the body is larger than {BIGGEST} bytes") from None
    if len(raw) > BIGGEST:
        raise Problem(413, f"the body is larger than {BIGGEST} bytes")
    try:
        return json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Problem(400, "the body is no JSON") from None


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _fitting(model: type[BaseModel], data: Any, where: str) -> BaseModel:
    if not isinstance(data, Mapping):
        raise problems.unfit([("", "should be an object: {…}")], where)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise problems.invalid(error, where) from None


def _written(answer: ApiAnswer) -> web.Response:
    headers = dict(answer.headers)
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    body = answer.body.model_dump_json().encode()
    return web.Response(status=answer.status, body=body, headers=headers, content_type=_JSON)
