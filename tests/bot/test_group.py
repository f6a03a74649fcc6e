"""`keepwarm run` and its parts end with one line where they cannot work, and run no code but their own."""

import base64
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli import supervisor
from bot.errors import ConfigError
from tests.nursery import nursery

OTHER_KEY = base64.b64encode(b"x" * 32).decode()


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])


def refused(environment: dict[str, str], *line: str) -> str:
    """The one line with which it ends."""
    done = nursery().run(["-m", "bot", *line], environment)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    return done.stderr


@pytest.mark.parametrize("command", ["work", "schedule", "run", "serve"])
def test_a_wrong_data_key_stops_each_part_at_once(command: str, environment: dict[str, str]) -> None:
    said = refused(environment | {"KEEPWARM_DATA_KEY": OTHER_KEY}, command)
    assert said.startswith("keepwarm: KEEPWARM_DATA_KEY is not the key that this database was written with")


@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_taken_port_is_said_in_one_line(command: str, taken: str, environment: dict[str, str]) -> None:
    assert f"port {taken} is in use on this machine" in refused(environment, command, "--port", taken)


@pytest.mark.parametrize(("place", "says"), [(("--port", "99999"), "65535"), (("--host", "nowhere.invalid"), "listen")])
def test_a_place_where_nobody_can_listen_is_said_in_one_line(
    place: tuple[str, str], says: str, environment: dict[str, str]
) -> None:
    assert says in refused(environment, "serve", *place)


def test_a_part_that_says_why_it_cannot_start_ends_all_of_them(environment: dict[str, str]) -> None:
    schedule = supervisor.Service("schedule")
    with pytest.raises(ConfigError, match="fly does not start"):
        supervisor.run([schedule, supervisor.Service("fly")], environment)
    assert schedule.process
    assert schedule.process.poll() is not None


def test_a_part_that_never_stands_is_given_up(environment: dict[str, str]) -> None:
    part = supervisor.Service("status")  # ends by itself, as one that dies does
    with pytest.raises(ConfigError, match="status does not start"):
        supervisor.run([part], environment)
    assert part.tries == 3


def test_parts_run_our_code_and_not_that_of_the_folder_they_work_in(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "__main__.py").write_text("print('FOREIGN')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with supervisor.started([part := supervisor.Service("status")], environment):
        assert part.process
        part.process.wait(60)
    said = capfd.readouterr().out
    assert ("FOREIGN" in said, "touches 0 due" in said) == (False, True)
