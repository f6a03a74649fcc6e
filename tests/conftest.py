"""What every test may use: a clean store on SQLite and on PostgreSQL, the shipped content, a fixed moment."""

import base64
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from bot.content import Content
from bot.content import load as load_content
from bot.conversation import Runtime
from bot.platform import clock
from bot.runtime import understanding as understand
from bot.settings import Settings
from bot.settings import load as load_settings
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.db.setup import open_store
from bot.understanding import Understanding
from fakes.launch import Fake, launched
from tests import cast, postgres
from tests.days import Days
from tests.talking import Person

# A slow machine is no failure; and CI tries the same examples each time, so that its verdict is about the change.
hypothesis.settings.register_profile("keepwarm", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("keepwarm")

DATA_KEY = base64.b64encode(bytes(range(32))).decode()
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Shanghai
_numbers = itertools.count()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def shared_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clock of this test's own that can be moved."""
    monkeypatch.setenv(clock.VARIABLE, "")
    monkeypatch.setattr(clock, "_file", None)
    clock.share(tmp_path / "clock")
    return tmp_path / "clock"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if postgres.binaries() is None:
        pytest.skip(postgres.MISSING)
    with postgres.cluster(postgres.in_memory()) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "keepwarm.db"
    open_store(f"sqlite:///{path}", DATA_KEY, migrate=True)[0].close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    url = postgres.fresh(postgres_server, "keepwarm_template")
    open_store(url, DATA_KEY, migrate=True)[0].close()
    return "keepwarm_template"


@pytest.fixture(scope="session")
def sqlite_company(sqlite_template: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    shutil.copy(sqlite_template, folder / "keepwarm.db")
    _moves_in(f"sqlite:///{folder / 'keepwarm.db'}", settings, folder)
    return folder / "keepwarm.db"


@pytest.fixture(scope="session")
def postgres_company(
    postgres_server: str, postgres_template: str, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> str:
    url = postgres.fresh(postgres_server, "keepwarm_company", postgres_template)
    _moves_in(url, settings, tmp_path_factory.mktemp("company"))
    return "keepwarm_company"


def _moves_in(url: str, settings: Settings, folder: Path) -> None:
    database, cipher = open_store(url, DATA_KEY)
    cast.enter(folder, settings, database, cipher, NOW)
    database.close()


@pytest.fixture
def company() -> None:
    """With it the whole cast lives in the database from the beginning."""


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of each kind, empty or with the company."""
    template = "company" if "company" in request.fixturenames else "template"
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue(f"sqlite_{template}"), tmp_path / "keepwarm.db")
        yield f"sqlite:///{tmp_path / 'keepwarm.db'}"
        return
    server, name = request.getfixturevalue("postgres_server"), f"test_{next(_numbers)}"
    yield postgres.fresh(server, name, request.getfixturevalue(f"postgres_{template}"))
    postgres.drop(server, name)


@pytest.fixture
def store(database_url: str) -> Iterator[tuple[Database, Cipher]]:
    database, cipher = open_store(database_url, DATA_KEY)
    yield database, cipher
    database.close()


@pytest.fixture
def database(store: tuple[Database, Cipher]) -> Database:
    return store[0]


@pytest.fixture
def cipher(store: tuple[Database, Cipher]) -> Cipher:
    return store[1]


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The shipped configuration, with accounts that exist nowhere."""
    environment = {
        "KEEPWARM_DATA_KEY": DATA_KEY,
        "KEEPWARM_SECRET_KEY": "secret",
        "KEEPWARM_PUBLIC_URL": "https://keepwarm.example.com",
        "WECHAT_APP_ID": "wx0123456789abcdef",
        "WECHAT_APP_SECRET": "app-secret",
        "WECHAT_TOKEN": "token",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "auth-token",
        "TWILIO_FROM": "+12025550100",
    }
    loaded = load_settings(Path(__file__).parent.parent / "config.yaml", environment)
    sample = Path(__file__).parent.parent / "fakes" / "company"
    files = {"faq": sample / "faq.yaml", "stories": sample / "employee_stories.yaml"}
    return loaded.model_copy(update={"var": keep_what_is_learned(tmp_path_factory.mktemp("var")), **files})


def keep_what_is_learned(folder: Path) -> Path:
    """A folder in which only what the understanding has learned stays from run to run: it is kept by what it learned
    from, and learning takes half a minute."""
    learned = Path(__file__).parent.parent / "var" / "tests" / "understanding"
    learned.mkdir(parents=True, exist_ok=True)
    (folder / "understanding").symlink_to(learned)
    return folder


@pytest.fixture(scope="session")
def content(settings: Settings) -> Content:
    return load_content(settings)


@pytest.fixture(scope="session")
def understanding(settings: Settings, content: Content) -> Understanding:
    return understand(settings, content)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def theatre(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    settings: Settings,
    content: Content,
    understanding: Understanding,
) -> Iterator[tuple[Runtime, Database]]:
    """One house with the whole cast for all tests of a file, which leave nothing behind."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("theatre") / "keepwarm.db"
        shutil.copy(request.getfixturevalue("sqlite_company"), file)
        url = f"sqlite:///{file}"
    else:
        server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_company")
        url = postgres.fresh(server, f"theatre_{next(_numbers)}", template)
    database, cipher = open_store(url, DATA_KEY)
    yield Runtime(settings, content, understanding, cipher), database
    database.close()


@pytest.fixture
def house(company: None, settings: Settings, content: Content, understanding: Understanding, cipher: Cipher) -> Runtime:
    """A house in which the whole cast lives."""
    return Runtime(settings, content, understanding, cipher)


@pytest.fixture
def person(house: Runtime, database: Database, now: datetime) -> Person:
    """Somebody on WeChat whom the bot has never met."""
    return Person(house, database, now)


@pytest.fixture(scope="session")
def _robots() -> Iterator[Fake]:
    with launched("robots", "--callback", "http://127.0.0.1:9/") as fake:
        yield fake


@pytest.fixture
def robots(_robots: Fake) -> Fake:
    """The stand-in of HR's chats, as if just started."""
    return as_new(_robots)


def as_new(fake: Fake) -> Fake:
    """Nothing is under way, nothing remembered, and its clock shows what ours does."""
    fake.idle()
    fake.reset()
    fake.post("/_fake/clock", set=clock.now().timestamp())
    return fake


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    """What a command needs to find a deployment of its own."""
    config = tmp_path / "config.yaml"
    if not (tmp_path / "var").exists():
        (tmp_path / "var").mkdir()
        keep_what_is_learned(tmp_path / "var")
    config.write_text((Path(__file__).parent.parent / "config.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return {
        "PATH": os.environ["PATH"],
        **clock_of_this_test(),
        "KEEPWARM_CONFIG": str(config),
        "KEEPWARM_DATABASE_URL": database_url,
        "KEEPWARM_DATA_KEY": DATA_KEY,
        "KEEPWARM_SECRET_KEY": "secret",
    }


def clock_of_this_test() -> dict[str, str]:
    """What makes a process that gets nothing else of our environment go by it."""
    return {name: value for name, value in os.environ.items() if name == clock.VARIABLE}


@pytest.fixture
def texter(house: Runtime, database: Database, now: datetime) -> Callable[[str], Person]:
    """Somebody who writes an SMS from this number."""
    return lambda number: Person(house, database, now, "sms", number)


_days: Days  # made once a process


def pytest_configure(config: pytest.Config) -> None:
    global _days
    _days = Days(Path(tempfile.mkdtemp(prefix="keepwarm-clocks")), NOW)
    config.add_cleanup(_days.end)
    _days.go_by(the_day=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before the first fixture, also of a whole file: its tests are marked all or none."""
    _days.go_by(the_day=item.get_closest_marker("clock") is not None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fail-on-skip", action="store_true", help="A skipped test fails the run (for CI).")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take minutes first, so that no process waits for another at the end: real processes, browsers, plays."""
    tests = Path(__file__).parent
    quick = {tests / name for name in ("bot", "fakes", "jobs")}
    items.sort(key=lambda item: not quick.isdisjoint(item.path.parents))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A test that nobody ran has shown nothing."""
    if hasattr(session.config, "workerinput"):
        return  # one of several processes: the one that started them counts
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    assert reporter
    skipped = len(reporter.stats.get("skipped", []))
    if skipped and exitstatus == 0 and session.config.getoption("--fail-on-skip"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"{skipped} skipped: with --fail-on-skip that is a failure", red=True)
