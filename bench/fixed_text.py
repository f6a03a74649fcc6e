"""WeRoBot with its SQLite session, answering every message with one text, served as its page on deployment says.

docs.werobot.org, 部署: Waitress if it is installed, else the standard library's server. One thread, since its session
storage has one connection: with more, some calls end in "no more rows available" and an empty answer.
"""

import argparse
import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIServer

import bottle
from werobot import WeRoBot
from werobot.session.sqlitestorage import SQLiteStorage

SERVER = "waitress" if find_spec("waitress") else "wsgiref"


class _PatientServer(WSGIServer):
    """Lets callers wait for their connection, where its own five places would refuse them for a second."""

    request_queue_size = 128


_OPTIONS: dict[str, dict[str, Any]] = {"waitress": {"threads": 1}, "wsgiref": {"server_class": _PatientServer}}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fixed_text", description=__doc__)
    parser.add_argument("session", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    options = parser.parse_args()
    robot = WeRoBot(token=options.token, session_storage=SQLiteStorage(str(options.session)))

    @robot.handler
    def answer(_message: Any, session: dict[str, int]) -> str:
        session["turn"] = session.get("turn", 0) + 1
        return "培训时间还没定，一定下来我就告诉你。"

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every call that waits
    bottle.run(robot.wsgi, server=SERVER, host="127.0.0.1", port=options.port, quiet=True, **_OPTIONS[SERVER])


if __name__ == "__main__":
    main()
