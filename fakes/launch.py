"""Starts a fakes program as a subprocess and talks to its control API: for tests and the demo."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent
READY = " listening on "


class Fake:
    """One running fakes program. It ends with `stop()`, or by itself when this process dies."""

    def __init__(self, program: str, *options: str, port: int = 0) -> None:
        """`program` is wechat, twilio, smtp, robots or simulator; options as on its command line."""
        self.process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", f"fakes.{program}", "--port", str(port), "--watch-stdin", *options],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self._ready()
        self._http = requests.Session()
        self._http.trust_env = False

    def get(self, path: str, **query: Any) -> Any:
        return self._answer(self._http.get(self.url + path, params=query, timeout=60))

    def post(self, path: str, body: dict[str, Any] | None = None, /, **fields: Any) -> Any:
        """Posts JSON; fields that are Python words go by position: `post("/_fake/push", {"from": "+1…"})`."""
        return self._answer(self._http.post(self.url + path, json=(body or {}) | fields, timeout=60))

    def push(self, body: dict[str, Any] | None = None, /, **fields: Any) -> dict[str, Any]:
        """Somebody speaks: `wechat.push(openid="o1", kind="text", content="你好")`."""
        pushed: dict[str, Any] = self.post("/_fake/push", body, **fields)
        return pushed

    def chat(self, who: str) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.get("/_fake/chat", openid=who, number=who)
        return messages

    def sends(self, **query: Any) -> list[dict[str, Any]]:
        sends: list[dict[str, Any]] = self.get("/_fake/sends", **query)
        return sends

    def calls(self) -> dict[str, int]:
        calls: dict[str, int] = self.get("/_fake/calls")
        return calls

    def fault(self, path: str, kind: str, **more: Any) -> None:
        self.post("/_fake/faults", {"path": path, "kind": kind} | more)

    def pass_time(self, seconds: float) -> None:
        self.post("/_fake/clock", add_seconds=seconds)

    def callback(self, url: str) -> None:
        self.post("/_fake/callback", url=url)

    def idle(self) -> None:
        """Returns when the fake has nothing under way: status callbacks, later events."""
        self.post("/_fake/idle")

    def reset(self) -> None:
        self.post("/_fake/reset")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _ready(self) -> str:
        assert self.process.stdout is not None
        watchdog = threading.Timer(30, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        if READY not in line:
            self.stop()
            raise RuntimeError(f"{self.process.args!r} did not start: {line!r}")
        return line.split(READY)[1].strip()

    @staticmethod
    def _answer(response: requests.Response) -> Any:
        if response.status_code >= 400:
            raise RuntimeError(f"{response.request.method} {response.url}: {response.status_code} {response.text}")
        return response.json()


@contextmanager
def launched(program: str, *options: str, port: int = 0) -> Iterator[Fake]:
    """`with launched("wechat", "--callback", url) as wechat: ...`"""
    fake = Fake(program, *options, port=port)
    try:
        yield fake
    finally:
        fake.stop()
