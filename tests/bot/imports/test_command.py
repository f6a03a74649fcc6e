"""`keepwarm import` speaks in lines and exit codes."""

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from bot.cli.imports import import_
from bot.store import audit
from bot.store.db.setup import open_store
from tests import workbooks
from tests.bot.test_yamltext import aliases
from tests.conftest import DATA_KEY

DONE, FAULTS, USAGE = 0, 1, 2


class Shell:
    """A company's machine: its config, its database, the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def type(self, *arguments: str) -> Result:
        app = typer.Typer()
        app.command()(import_)
        return CliRunner().invoke(app, [*arguments], catch_exceptions=False)


@pytest.fixture
def shell(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    shutil.copy(sqlite_template, tmp_path / "k.db")
    (tmp_path / "config.yaml").write_text(f"company: {{name: x}}\ndatabase_url: sqlite:///k.db\ndata_key: {DATA_KEY}\n")
    monkeypatch.setenv("KEEPWARM_CONFIG", str(tmp_path / "config.yaml"))
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path)


def test_a_clean_file_is_exit_0_and_one_line_of_counts(shell: Shell) -> None:
    shell.write("stores.csv", "code,name\nS1,店\n")
    result = shell.type("stores", "stores.csv")
    assert (result.exit_code, result.stderr) == (DONE, "")
    assert result.stdout == "created 1  updated 0  unchanged 0  bad 0\n"


def test_bad_rows_are_exit_1_and_a_line_each(shell: Shell) -> None:
    shell.write("stores.csv", "code,name,openings,size\nS1,店,x,\nS2,店,1,\n")
    result = shell.type("stores", "stores.csv")
    assert result.exit_code == FAULTS
    assert result.stderr.splitlines() == [
        "stores.csv: columns that are not read: 'size'",
        "stores.csv:2: S1: openings: should be a whole number, 0 or more",
    ]
    assert result.stdout.splitlines() == ["created 1  updated 0  unchanged 0  bad 1", "bad rows: stores.csv.errors.csv"]


def test_after_twenty_lines_the_file_has_the_rest(shell: Shell) -> None:
    shell.write("stores.csv", "code,name\n" + "".join(f"S{number},\n" for number in range(1_225)))
    lines = shell.type("stores", "stores.csv").stderr.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 1,205 more, see stores.csv.errors.csv"


def test_json_gives_the_counts_alone(shell: Shell) -> None:
    shell.write("c.csv", "code,name,invite,stage_at\nC1,王,ABCD2345,2140-01-01\n")
    result = shell.type("candidates", "c.csv", "--json", "--dry-run")
    assert json.loads(result.stdout) == {
        **{"created": 1, "updated": 0, "unchanged": 0, "bad": 0},
        **{"warnings": 1, "dry_run": True},
    }
    assert "is in the future" in result.stderr


def test_a_dry_run_says_that_nothing_changed(shell: Shell) -> None:
    shell.write("stores.csv", "code,name\nS1,店\n")
    assert shell.type("stores", "stores.csv", "--dry-run").stdout.splitlines()[1] == "dry run: the record is unchanged"
    assert shell.type("stores", "stores.csv").stdout.startswith("created 1")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["stores", "none.csv"], "none.csv: cannot be read: No such file or directory"),
        (["stores", "empty.csv"], "empty.csv: is empty: its first row should name the columns"),
        (["candidates", "other.csv"], "other.csv: has no column code, name, phone or invite"),
        (["stores", "other.csv", "--map", "map.yaml"], "map.yaml:2: 'nam' is no column of ours"),
        (["stores", "other.csv", "--map", "none.yaml"], "none.yaml:1: cannot be read: No such file or directory"),
        (["shops", "other.csv"], "'shops' is not one of"),
    ],
)
def test_what_cannot_be_begun_is_exit_2_in_words(shell: Shell, arguments: list[str], why: str) -> None:
    shell.write("empty.csv", "")
    shell.write("other.csv", "a,b\n1,2\n")
    shell.write("map.yaml", "a: code\nb: nam\n")
    result = shell.type(*arguments)
    assert result.exit_code == USAGE
    assert why in result.stderr
    assert "Traceback" not in result.stderr


def test_the_audit_log_names_who_ran_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "lin")
    shell.write("stores.csv", "code,name\nS1,店\n")
    shell.type("stores", "stores.csv")
    database, _ = open_store(f"sqlite:///{shell.folder}/k.db", DATA_KEY)
    (record,) = database.read(audit.newest)
    database.close()
    assert (record["actor"], record["action"]) == ("cli:lin", "import.stores")


def test_a_workbook_that_killed_the_command_is_one_line_and_exit_2(shell: Shell) -> None:
    (shell.folder / "f.xlsx").write_bytes(workbooks.far_out())
    result = shell.type("candidates", "f.xlsx")
    assert result.exit_code == USAGE
    assert len(result.stderr.splitlines()) == 1
    assert "f.xlsx: has a value far from its table, in XFD1048576" in result.stderr


@pytest.mark.parametrize("text", ["[" * 30_000 + "]" * 30_000, aliases(7)], ids=["depth", "aliases"])
def test_so_is_a_map_that_did(shell: Shell, text: str) -> None:
    shell.write("map.yaml", text)
    shell.write("c.csv", "code,name\nC1,x\n")
    result = shell.type("candidates", "c.csv", "--map", "map.yaml")
    assert result.exit_code == USAGE
    assert len(result.stderr.splitlines()) == 1
