"""The document is made from the calls that there are; what is called at random is answered as the document says."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.web.api import BASE
from tests.bot.web.api.conftest import Caller
from tests.bot.web.api.schema import SHORT, bodies, misfits

CALLS = 300


@pytest.fixture(scope="module", autouse=True)
def loop() -> Any:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture
def client(caller: Caller, loop: asyncio.AbstractEventLoop) -> Any:
    few = caller.house.settings.api.model_copy(update={"a_minute": 1_000_000})
    caller.house = type(caller.house)(  # type: ignore[call-arg]
        caller.house.settings.model_copy(update={"api": few}), None, None, caller.cipher
    )
    app = web.Application()
    app.add_routes(caller.api.routes())
    made = TestClient(TestServer(app, loop=loop), loop=loop)
    loop.run_until_complete(made.start_server())
    yield made
    loop.run_until_complete(made.close())


def test_the_document_is_public_and_has_every_call(caller: Caller) -> None:
    document = caller.call("GET", "/openapi.json", token="").body
    assert document["openapi"] == "3.1.0"
    listed = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    app = web.Application()
    app.add_routes(caller.api.routes())
    served = {
        (route.method, str(route.resource.canonical).removeprefix(BASE))
        for route in app.router.routes()
        if route.resource and route.method not in ("*", "HEAD")
    }
    assert listed == served - {("GET", "/openapi.json")}


def test_every_reference_of_the_document_leads_somewhere(caller: Caller) -> None:
    document = caller.api.document
    text = json.dumps(document)
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names
    assert names <= document["components"]["schemas"].keys()


def test_every_field_of_the_files_is_in_the_document(caller: Caller) -> None:
    from bot.imports.candidates import COLUMNS

    fields = caller.api.document["components"]["schemas"]["CandidateIn"]["properties"]
    assert fields.keys() >= COLUMNS.keys() - {"code"}
    assert "background_check_at" in fields


@settings(max_examples=CALLS, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_called_is_answered_as_the_document_says(
    caller: Caller, client: Any, loop: asyncio.AbstractEventLoop, data: st.DataObject
) -> None:
    document = caller.api.document
    path, methods = data.draw(st.sampled_from(sorted(document["paths"].items())))
    method, operation = data.draw(st.sampled_from(sorted(methods.items())))
    address, query = path, {}
    for parameter in operation["parameters"]:
        value = data.draw(
            SHORT if parameter["in"] == "query" else SHORT.filter(lambda text: text not in ("", ".", ".."))
        )
        if parameter["in"] == "path":
            address = address.replace("{{{}}}".format(parameter["name"]), quote(value, safe="", errors="replace"))
        elif data.draw(st.booleans()):
            query[parameter["name"]] = value.encode(errors="replace").decode()
    body = None
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = json.dumps(data.draw(bodies(schema, document))).encode()
    headers = {"Authorization": f"Bearer {caller.token()}", "Content-Type": "application/json"}

    async def call() -> tuple[int, str, bytes]:
        answer = await client.request(method, BASE + address, params=query, data=body, headers=headers)
        return answer.status, answer.content_type, await answer.read()

    status, kind, told = loop.run_until_complete(call())
    assert status < 500, told
    said = operation["responses"][str(status)]
    if "content" not in said:
        assert not told
        return
    assert kind in said["content"]
    assert list(misfits(json.loads(told), said["content"][kind]["schema"], document)) == []
