"""Log lines hold ids and codes from a closed list, whatever somebody passes to the logger."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

LINES = """
from bot.platform import log
import structlog
log.configure()
logger = structlog.get_logger()
logger.info("rejected", reason="wrong signature", name="王芳", text="什么时候培训", phone="+8613800000001", token="secret")
try:
    raise ValueError("王芳 +8613800000001")
except ValueError as error:
    logger.error("broke", **log.broke(error))
"""
OF_A_LIBRARY = """
import logging
from bot.platform import log
log.configure()
rq = logging.getLogger("rq.worker")
rq.error("Worker %s: job %s: exception raised while executing (%s)\\n%s", "w", "王芳", "+8613800000001", "secret")
try:
    raise ValueError("王芳 +8613800000001")
except ValueError:
    rq.critical("gave up on %s", "王芳", exc_info=True)
"""
OF_A_JOB = """
from bot.platform import log
from jobs import scheduler
def broken(desk):
    raise ValueError("王芳 +8613800000001")
log.configure()
scheduler.JOBS["waits"] = scheduler.Job(broken, 20)
scheduler._opened = lambda: None
try:
    scheduler.perform("waits")
except ValueError:
    pass
"""


def logged(program: str) -> list[dict[str, str]]:
    """Its lines, each of which has to be JSON and nothing of which may be about somebody."""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    for secret in ("王芳", "13800000001", "培训", "secret"):
        assert secret not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_key_that_is_not_allowed_never_reaches_the_log() -> None:
    first, second = logged(LINES)
    assert first.keys() == {"event", "level", "timestamp", "reason"}
    assert second["error"] == "ValueError"


def test_what_a_library_says_is_a_line_like_ours() -> None:
    first, second = logged(OF_A_LIBRARY)
    assert first["event"] == "Worker %s: job %s: exception raised while executing (%s)"
    assert (first["level"], first["library"], first.keys()) == (
        "error",
        "rq.worker",
        second.keys() - {"error", "where"},
    )
    assert (second["level"], second["error"]) == ("critical", "ValueError")


def test_a_job_that_breaks_says_which_it_is_and_where() -> None:
    (line,) = logged(OF_A_JOB)
    assert (line["event"], line["level"], line["job"], line["error"]) == ("job_broke", "error", "waits", "ValueError")
    assert line["where"].startswith("scheduler.py:")
    assert line["timestamp"]
