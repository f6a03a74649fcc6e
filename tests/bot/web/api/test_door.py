"""Who is let in: by a good token, with the right, not too often; and whatever is wrong is a problem of one form."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.store import tokens
from bot.store.tables import api_tokens
from tests.bot.web.api.conftest import Caller, Reply
from tests.conftest import NOW


def is_problem(reply: Reply, status: int) -> bool:
    named = reply.body["type"] == f"urn:keepwarm:problem:{status}" and reply.body["detail"]
    return reply.status == reply.body["status"] == status and bool(named) and _typed(reply)


def _typed(reply: Reply) -> bool:
    return reply.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("token", ["", "x", "kw_" + "A" * 43, "é", "a b", "x" * 500])
@pytest.mark.parametrize("path", ["/candidates", "/candidates/PUB", "/nothing", "", "/hooks"])
def test_without_a_good_token_nothing_is_told(caller: Caller, path: str, token: str) -> None:
    reply = caller.call("GET", path, token=token)
    assert is_problem(reply, 401)
    assert reply.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_opens_nothing(caller: Caller) -> None:
    token = caller.token()
    assert caller.call("GET", "/stores").status == 200
    caller.database.write(lambda c: tokens.revoke(c, "both-all", NOW))
    assert is_problem(caller.call("GET", "/stores", token=token), 401)


def test_a_token_is_kept_as_an_index_and_knows_when_it_was_used(caller: Caller) -> None:
    token = caller.token()
    caller.call("GET", "/stores")
    row = caller.database.read(lambda c: c.execute(sa.select(api_tokens)).one())
    assert token.encode() not in bytes(row.token_index)
    assert len(row.token_index) == 16
    assert row.used_at == NOW
    holder = caller.database.read(lambda c: tokens.find(c, caller.cipher, token))
    assert holder
    assert not tokens.use_is_old(holder, NOW)
    assert tokens.use_is_old(holder, NOW + timedelta(minutes=2))


def test_a_path_that_is_none_is_404_and_a_method_that_is_none_405(caller: Caller) -> None:
    wrong = caller.calls(
        ("GET", "/nothing", None), ("PATCH", "/stores/S1", {}), ("HEAD", "/stores", None), ("POST", "/openapi.json", {})
    )
    assert [reply.status for reply in wrong] == [404, 405, 200, 405]
    assert wrong[1].headers["Allow"] == "GET, PUT"
    assert wrong[3].headers["Allow"] == "GET"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"stage=joined", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b"{", {"Content-Type": "application/json"}, 400),
        (b'{"name": NaN}', {"Content-Type": "application/json"}, 400),
        (b"\xff\xfe", {"Content-Type": "application/json"}, 400),
        (b"[" * 60_000, {"Content-Type": "application/json"}, 400),
        (b"[]", {"Content-Type": "application/json"}, 422),
        (b'{"name": "' + b"x" * 70_000 + b'"}', {"Content-Type": "application/json"}, 413),
        (b'{"name": "\\u0000"}', {"Content-Type": "application/json"}, 422),
        (b'{"name": "\\ud800"}', {"Content-Type": "application/json"}, 422),
        (b'{"colour": "red"}', {"Content-Type": "application/json"}, 422),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    caller: Caller, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert is_problem(caller.call("PUT", "/stores/S1", body, headers=headers), status)


@pytest.mark.parametrize(
    "path",
    [
        "/stores?limit=0",
        "/stores?limit=x",
        "/stores?colour=red",
        "/events?after=-1",
        "/cases?state=lost",
        "/stores?limit=501",
    ],
)
def test_a_query_that_is_wrong_names_its_field(caller: Caller, path: str) -> None:
    reply = caller.call("GET", path)
    assert is_problem(reply, 422)
    assert [error["field"] for error in reply.body["errors"]] == [path.partition("?")[2].partition("=")[0]]


@pytest.mark.parametrize("number", ["0", "x", "-1", "1.5", "9" * 30, "9223372036854775808", "%00", "٣"])
def test_an_id_that_is_none_is_404(caller: Caller, number: str) -> None:
    assert is_problem(caller.call("GET", f"/cases/{number}"), 404)


def test_too_many_calls_have_to_wait(caller: Caller) -> None:
    few = caller.house.settings.model_copy(update={"api": caller.house.settings.api.model_copy(update={"a_minute": 2})})
    caller.house = type(caller.house)(few, None, None, caller.cipher)  # type: ignore[arg-type]
    replies = caller.calls(*[("GET", "/cohorts", None)] * 3)
    assert [reply.status for reply in replies] == [200, 429, 429]
    assert is_problem(replies[1], 429)
    assert int(replies[1].headers["Retry-After"]) >= 1
