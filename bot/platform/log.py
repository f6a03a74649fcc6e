"""Structured log lines on stderr: ids and codes, never what people wrote or who they are.

What may be logged is a closed list of keys: anything else is dropped, so that no personal data slips in by accident.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "reason",
        "status",
        "path",
        "channel",
        "via",
        "outbound",
        "inbound",
        "id",
        "case",
        "candidate",
        "kind",
        "code",
        "error",
        "where",
        "count",
        "port",
        "job",
        "process",
        "library",
        "pid",
        "ms",
    }
)

_OURS = ("bot.", "jobs.")


def configure(level: str = "info") -> None:
    """JSON to a file or a pipe, readable lines on a terminal."""
    pretty = sys.stderr.isatty()
    renderer: Any = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Guarded()])
    for chatty in ("urllib3", "twilio.http_client", "aiohttp.access", "rq.worker", "alembic"):
        logging.getLogger(chatty).setLevel(logging.ERROR)


class _Guarded(logging.Handler):
    """A library's line becomes one of ours: who speaks, its words without what they were filled with, and where
    something broke. The rest may quote a call: aiohttp logs the request line that it could not read, with signature and
    openid."""

    def emit(self, record: logging.LogRecord) -> None:
        words = str(record.msg).partition("\n")[0]
        error = record.exc_info[1] if record.exc_info else None
        level = min(max(record.levelno, logging.WARNING), logging.CRITICAL)
        structlog.get_logger().log(level, words, library=record.name, **(broke(error) if error else {}))


def broke(error: BaseException) -> dict[str, str]:
    """What may be said of an unexpected error: its kind and our last line that it came through, not its text (which may
    quote a message)."""
    places = list(traceback.walk_tb(error.__traceback__))
    ours = [place for place in places if place[0].f_globals.get("__name__", "").startswith(_OURS)]
    last = [f"{frame.f_code.co_filename.rpartition('/')[2]}:{line}" for frame, line in (ours or places)[-1:]]
    return {"error": type(error).__name__, "where": "".join(last)}


def _only_allowed(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in line.items() if key in ALLOWED}
