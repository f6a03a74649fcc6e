"""One of each fake for all tests, as new before each test."""

from collections.abc import Iterator

import pytest

from fakes.launch import Fake, launched
from tests.conftest import as_new
from tests.fakes.callback import Callback, serve, twiml

SERVICE = "MG" + "0" * 32


@pytest.fixture(scope="session")
def _server() -> Iterator[Callback]:
    callback = Callback()
    server = serve(callback)
    yield callback
    server.shutdown()
    server.server_close()


@pytest.fixture
def server(_server: Callback) -> Iterator[Callback]:
    _server.begin()
    yield _server
    _server.over.set()


@pytest.fixture(scope="session")
def _wechat(_server: Callback) -> Iterator[Fake]:
    with launched("wechat", "--callback", _server.url + "/wechat") as fake:
        yield fake


@pytest.fixture
def wechat(_wechat: Fake, server: Callback) -> Fake:
    _renewed(_wechat, server)
    _wechat.callback(server.url + "/wechat")
    _wechat.post("/_fake/mode", mode="plain", format="xml", cut=5, retries=3, token_overlap=0)
    return _wechat


@pytest.fixture(scope="session")
def _twilio(_server: Callback) -> Iterator[Fake]:
    options = ("--messaging-service-sid", SERVICE, "--status-callback", _server.url + "/status")
    with launched("twilio", "--callback", _server.url + "/sms", *options) as fake:
        yield fake


@pytest.fixture
def twilio(_twilio: Fake, server: Callback) -> Fake:
    _renewed(_twilio, server)
    _twilio.callback(server.url + "/sms")
    _twilio.post("/_fake/mode", method="POST", public_url="", cut=15, service_optout="sync", china_templates=[])
    server.says(twiml())
    return _twilio


def _renewed(fake: Fake, server: Callback) -> None:
    """What the test before has left under way ends here, not in the next test."""
    as_new(fake)
    server.calls.clear()
