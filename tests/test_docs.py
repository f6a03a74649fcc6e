"""What the documents say runs: every `$ keepwarm …` line, in order, and every link leads somewhere."""

import base64
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.platform import clock
from bot.settings import Settings
from tests.conftest import keep_what_is_learned

ROOT = Path(__file__).parent.parent
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"^\s*\$ keepwarm (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)\)")
MAKE = re.compile(r"^make (\w+)", re.MULTILINE)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with a company's files, as the documents take for granted."""
    folder = tmp_path_factory.mktemp("docs")
    subprocess.run(
        [sys.executable, "-m", "fakes.company", str(folder), "--now", clock.now().isoformat()],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    shutil.copy(ROOT / "config.yaml", folder)
    shutil.copy(ROOT / "docs" / "headers.zh.yaml", folder)
    (folder / "hr-export.csv").write_text("工号,姓名,手机号\nX900,林一,13800138900\n", encoding="utf-8")
    (folder / "var").mkdir()
    keep_what_is_learned(folder / "var")
    key = base64.b64encode(os.urandom(32)).decode()
    own = {"KEEPWARM_DATA_KEY": key, "KEEPWARM_SECRET_KEY": "x", "KEEPWARM_CONFIG": str(folder / "config.yaml")}
    environment = {**os.environ, **own, "KEEPWARM_DATABASE_URL": f"sqlite:///{folder}/keepwarm.db"}
    _prepare(folder, environment)
    return folder, environment


@pytest.mark.clock
@pytest.mark.parametrize(
    "document", [path for path in DOCS if COMMAND.search(path.read_text(encoding="utf-8"))], ids=lambda path: path.name
)
def test_every_command_in_a_document_runs(document: Path, deployment: tuple[Path, dict[str, str]]) -> None:
    folder, environment = deployment
    for line in COMMAND.findall(document.read_text(encoding="utf-8")):
        done = subprocess.run(
            [sys.executable, "-m", "bot", *shlex.split(line)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"keepwarm {line}\n{done.stdout}\n{done.stderr}"


def _prepare(folder: Path, environment: dict[str, str]) -> None:
    """A document may take a migrated and filled store for granted."""
    for line in (
        "migrate",
        "import stores stores.csv",
        "import staff staff.csv",
        "import cohorts cohorts.csv",
        "import candidates candidates.csv",
    ):
        subprocess.run(
            [sys.executable, "-m", "bot", *line.split()],
            cwd=folder,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def test_every_make_target_in_the_readme_exists() -> None:
    for target in MAKE.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        assert subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True).returncode == 0, target


@pytest.mark.parametrize("document", [*DOCS, ROOT / "flows" / "README.md"], ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", {})
        for setting in [inner[key].alias or key for key in inner] or [name]:
            assert re.search(rf"`[^`]*\b{setting}\b[^`]*`", text), f"{name}.{setting}"


def test_every_word_of_the_vocabulary_is_documented() -> None:
    from bot.record.vocabulary import EFFECTS, EVENTS, FACTS, RULES, VALUES

    text = (ROOT / "flows" / "README.md").read_text(encoding="utf-8")
    for word in (*EFFECTS, *EVENTS, *FACTS, *RULES, *VALUES):
        assert re.search(rf"\b{word}\b", text), word


def test_every_dependency_has_a_reason() -> None:
    import tomllib

    reasons = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    for line in (*project["project"]["dependencies"], *groups["dev"], *groups["bench"], *groups["build"]):
        name = re.split(r"[\[<>=;~! ]", line)[0]
        assert name in reasons or (name.startswith("types-") and "types-*" in reasons), name
