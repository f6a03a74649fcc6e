"""What a user would write first: an RQ job a message, which posts it and notes in the database that it went.

`python -m bench.one_job QUEUE URL` works as `rq worker` does, but has imported what its jobs need before they come, as
RQ's page on performance advises.
"""

import contextlib
import sqlite3
import sys
from typing import Any

import psycopg
import redis
import requests
import rq

_SENT = "UPDATE outbound SET state = 'sent' WHERE id = {mark}"


def send(api: str, database: str, outbound_id: int, to: str, text: str) -> None:
    """To WeChat if `to` is an openid, else by SMS."""
    if to.startswith("+"):
        form = {"To": to, "From": "+12025550100", "Body": text}
        answer = requests.post(f"{api}/2010-04-01/Accounts/AC/Messages.json", data=form, auth=("AC", "x"), timeout=10)
    else:
        body = {"touser": to, "msgtype": "text", "text": {"content": text}}
        url = f"{api}/cgi-bin/message/custom/send?access_token=bench"
        answer = requests.post(url, json=body, timeout=10)
    answer.raise_for_status()
    with contextlib.closing(_connected(database)) as connection, connection:
        connection.execute(_SENT.format(mark="%s" if "://" in database else "?"), (outbound_id,))


def _connected(database: str) -> Any:
    return psycopg.connect(database) if "://" in database else sqlite3.connect(database, timeout=30)


def main() -> None:
    queue, url = sys.argv[1:]
    connection = redis.Redis.from_url(url)
    rq.Worker([rq.Queue(queue, connection=connection)], connection=connection).work(logging_level="ERROR")


if __name__ == "__main__":
    main()
