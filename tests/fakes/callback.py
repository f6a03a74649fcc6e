"""A server under test that answers as it is told and remembers how it was called."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit


@dataclass(frozen=True)
class Called:
    method: str
    path: str  # with query, as sent
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query, keep_blank_values=True).items()}

    @property
    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode(), keep_blank_values=True)


@dataclass(frozen=True)
class Said:
    body: str = ""
    status: int = 200
    content_type: str = "text/xml"


def twiml(inside: str = "") -> Said:
    return Said(f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>')


Answer = Callable[[Called], Said | None]


@dataclass
class Callback:
    """`answer` decides; None hangs until the test is over."""

    url: str = ""
    answer: Answer = field(default=lambda called: Said())
    calls: list[Called] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        self.answer = lambda called: Said()
        self.calls.clear()
        self.over = threading.Event()

    def says(self, *sayings: Said | None) -> None:
        """One after the other; the last again and again."""
        left = list(sayings)
        self.answer = lambda called: left.pop(0) if len(left) > 1 else left[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A fake that cuts the line is no error here."""


def serve(callback: Callback) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self._handle()

        def do_GET(self) -> None:
            self._handle()

        def log_message(self, *_: object) -> None:
            pass

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            called = Called(self.command, self.path, dict(self.headers), body)
            callback.calls.append(called)
            over, said = callback.over, callback.answer(called)
            if said is None:
                over.wait(20)
                self.close_connection = True
                return
            data = said.body.encode()
            self.send_response(said.status)
            self.send_header("Content-Type", said.content_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = _Server(("127.0.0.1", 0), Handler)
    callback.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
