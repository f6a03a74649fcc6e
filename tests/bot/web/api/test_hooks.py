"""Hooks are put by their address: the secret is told once, and only addresses out in the world are taken."""

import pytest
import sqlalchemy as sa

from bot.store.tables import hook_calls, hooks
from tests.bot.web.api.conftest import Caller, keep_event
from tests.conftest import NOW

URL = "https://hr.example.com/keepwarm"


def test_a_hook_is_made_once_and_its_secret_told_once(caller: Caller) -> None:
    made, again, listed = caller.calls(
        ("PUT", "/hooks", {"url": URL, "kinds": ["stage.changed"]}),
        ("PUT", "/hooks", {"url": URL, "kinds": []}),
        ("GET", "/hooks", None),
    )
    assert (made.status, again.status) == (201, 200)
    secret = made.body["secret"]
    assert "secret" not in again.body
    assert listed.body["items"] == [again.body]
    assert again.body["kinds"] == []
    row = caller.database.read(lambda c: c.execute(sa.select(hooks)).one())
    assert secret.encode() not in bytes(row.secret)
    assert caller.cipher.open(row.secret, "hooks.secret") == secret


def test_a_hook_that_is_removed_takes_its_calls_along(caller: Caller) -> None:
    keep_event(caller.database)
    number = caller.call("PUT", "/hooks", {"url": URL}).body["id"]
    row = {"hook_id": number, "event_id": 1, "state": "due", "due_at": NOW}
    caller.database.write(lambda c: c.execute(sa.insert(hook_calls).values(row)))
    assert caller.call("GET", "/hooks").body["items"][0]["waiting"] == 1
    assert [reply.status for reply in caller.calls(*[("DELETE", f"/hooks/{number}", None)] * 2)] == [204, 404]
    assert caller.database.read(lambda c: c.execute(sa.select(hook_calls)).first()) is None


@pytest.mark.parametrize(
    "url", ["http://hr.example.com", "https://127.0.0.1/", "https://localhost", "https://a:b@hr.example.com", "x", ""]
)
def test_an_address_that_is_not_out_in_the_world_is_refused(caller: Caller, url: str) -> None:
    reply = caller.call("PUT", "/hooks", {"url": url})
    assert reply.status == 422
    assert [error["field"] for error in reply.body["errors"]] == ["url"]


def test_a_kind_that_is_none_is_refused(caller: Caller) -> None:
    assert caller.call("PUT", "/hooks", {"url": URL, "kinds": ["candidate.born"]}).status == 422
