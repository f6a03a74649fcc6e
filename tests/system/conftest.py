"""For the tests with real processes: one deployment a test file and database, in which every test is somebody else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.understanding import Understanding
from fakes.launch import Fake, launched
from tests import postgres
from tests.conftest import as_new
from tests.system.servers import TWILIO_OPTIONS, WECHAT_OPTIONS, Deployment, Server, deployed, number, serving


@pytest.fixture(scope="session")
def trained(settings: Settings, understanding: Understanding) -> Path:
    """Where the trained model lies."""
    return settings.var / "understanding"


@pytest.fixture(scope="session")
def _wechat() -> Iterator[Fake]:
    with launched("wechat", *WECHAT_OPTIONS) as fake:
        yield fake


@pytest.fixture(scope="session")
def _twilio() -> Iterator[Fake]:
    with launched("twilio", *TWILIO_OPTIONS) as fake:
        yield fake


@pytest.fixture
def wechat(_wechat: Fake) -> Fake:
    """As new, and pointed nowhere yet."""
    as_new(_wechat).post("/_fake/mode", mode="plain", format="xml", cut=5, retries=3)
    return _wechat


@pytest.fixture
def twilio(_twilio: Fake) -> Fake:
    """As new, and pointed nowhere yet."""
    as_new(_twilio).post("/_fake/mode", method="POST", opt_out="default")
    return _twilio


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def deployment(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    trained: Path,
    _wechat: Fake,
    _twilio: Fake,
) -> Iterator[Deployment]:
    """A company with the whole cast, on each database; its servers are started by the tests."""
    folder = tmp_path_factory.mktemp("deployment")
    apis = {"WECHAT_API_URL": _wechat.url, "TWILIO_API_URL": _twilio.url}
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "keepwarm.db")
        with deployed(folder, f"sqlite:///{folder / 'keepwarm.db'}", trained, **apis) as made:
            yield made
        return
    server, name = request.getfixturevalue("postgres_server"), f"system_{number()}"
    url = postgres.fresh(server, name, request.getfixturevalue("postgres_template"))
    with deployed(folder, url, trained, **apis) as made:
        yield made
    postgres.drop(server, name)


@pytest.fixture(scope="module")
def server(deployment: Deployment) -> Iterator[Server]:
    """`keepwarm serve`, in plain mode; not for tests that kill it."""
    with serving(deployment) as started:
        yield started


@pytest.fixture
def openid() -> str:
    """Somebody on WeChat whom the bot has never met."""
    return f"o-{number():06}"


@pytest.fixture
def candidate(deployment: Deployment, openid: str) -> str:
    """The openid of 王芳 (PUB), bound."""
    deployment.bind("wechat", openid, "PUB")
    return openid


@pytest.fixture
def stranger() -> str:
    """A phone that nobody has."""
    return f"+1202556{number():04}"
