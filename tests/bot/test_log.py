"""Log lines hold ids and codes from a closed list, whatever somebody passes to the logger."""

import json
import subprocess
import sys

LINES = """
from bot import log
import structlog
log.configure()
logger = structlog.get_logger()
logger.info("rejected", reason="wrong signature", name="王芳", text="什么时候培训", phone="+8613800000001", token="secret")
try:
    raise ValueError("王芳 +8613800000001")
except ValueError as error:
    logger.error("broke", **log.broke(error))
"""


def test_a_key_that_is_not_allowed_never_reaches_the_log() -> None:
    done = subprocess.run([sys.executable, "-c", LINES], capture_output=True, text=True, check=True)
    first, second = map(json.loads, done.stderr.splitlines())
    assert first.keys() == {"event", "level", "timestamp", "reason"}
    assert second["error"] == "ValueError"
    for secret in ("王芳", "13800000001", "培训", "secret"):
        assert secret not in done.stderr
