"""Structured log lines on stderr: ids and codes, never what people wrote or who they are.

What may be logged is a closed list of keys: anything else is dropped, so that no personal data slips in by accident.
"""

import logging
import sys
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
        "candidate",
        "kind",
        "code",
        "error",
        "where",
        "count",
        "port",
        "job",
        "process",
        "pid",
        "ms",
    }
)


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
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(_Guarded())
    logging.basicConfig(level=logging.WARNING, handlers=[libraries])
    for chatty in ("urllib3", "twilio.http_client", "aiohttp.access", "rq.worker", "alembic"):
        logging.getLogger(chatty).setLevel(logging.ERROR)


class _Guarded(logging.Formatter):
    """A library's line: who speaks, its words without what they were filled with, and where something broke. The rest
    may quote a call: aiohttp logs the request line that it could not read, with signature and openid."""

    def format(self, record: logging.LogRecord) -> str:
        words = str(record.msg).partition("\n")[0]
        error = record.exc_info[1] if record.exc_info else None
        return " ".join((record.levelname, record.name, words, *(broke(error).values() if error else ())))


def broke(error: BaseException) -> dict[str, str]:
    """What may be said of an unexpected error: its kind and the line, not its text (which may quote a message)."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = f"{last.tb_frame.f_code.co_filename.rpartition('/')[2]}:{last.tb_lineno}" if last else ""
    return {"error": type(error).__name__, "where": where}


def _only_allowed(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in line.items() if key in ALLOWED}
