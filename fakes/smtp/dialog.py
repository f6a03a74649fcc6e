"""One connection to the mail server, step by step (RFC 5321; AUTH: RFC 4954; STARTTLS: RFC 3207).

A fault's path names the step it strikes: connect, ehlo, starttls, auth, mail, rcpt, data (the command), text (after the
final dot). Before: it never came; after: it has come, and only the answer is missing.
"""

import asyncio
import base64
import contextlib
import re
from collections.abc import Awaitable, Callable

from fakes.faults import Fault
from fakes.smtp.account import Account

LONGEST_LINE = 1000  # bytes, with the line's end
_PATH = re.compile(r"(?:FROM|TO):<([^<>]*)>(.*)", re.IGNORECASE | re.DOTALL)


async def dialog(account: Account, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ValueError):
        await _Dialog(account, reader, writer).run()
    with contextlib.suppress(OSError):
        writer.close()


class _Broken(ConnectionError):
    """A fault has cut the line."""


class _Dialog:
    def __init__(self, account: Account, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._account, self._reader, self._writer = account, reader, writer
        self._secure = account.settings.tls
        self._known = not account.settings.user
        self._begin()
        self._steps: dict[str, Callable[[str], Awaitable[None]]] = {
            "EHLO": self._hello,
            "HELO": self._hello,
            "STARTTLS": self._start_tls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._reset,
            "NOOP": self._nothing,
        }

    async def run(self) -> None:
        if not await self._struck("connect"):
            await self._say("220 fakes.smtp ESMTP")
        while line := await self._reader.readline():
            verb, _, rest = line.decode("ascii", "replace").strip().partition(" ")
            self._account.calls[verb.upper()] += 1
            if verb.upper() == "QUIT":
                await self._say("221 bye")
                return
            await self._steps.get(verb.upper(), self._unknown)(rest)

    def _begin(self) -> None:
        self._sender: str | None = None
        self._recipients: list[str] = []

    async def _hello(self, _: str) -> None:
        self._begin()
        if await self._struck("ehlo"):
            return
        offered = ["fakes.smtp"]
        offered += ["STARTTLS"] if self._account.settings.certificate and not self._secure else []
        offered += ["AUTH PLAIN LOGIN"] if self._account.settings.user else []
        for number, line in enumerate(offered, 1):
            await self._say(f"250{' ' if number == len(offered) else '-'}{line}")

    async def _start_tls(self, _: str) -> None:
        if not self._account.settings.certificate or self._secure:
            await self._say("502 no TLS here")
        elif not await self._struck("starttls"):
            await self._say("220 go ahead")
            await self._writer.start_tls(self._account.context())
            self._secure = True
            self._begin()

    async def _auth(self, rest: str) -> None:
        if await self._struck("auth"):
            return
        method, _, first = rest.partition(" ")
        given = await (self._login(first) if method.upper() == "LOGIN" else self._plain(first))
        settings = self._account.settings
        self._known = given == (settings.user, settings.password)
        await self._say("235 welcome" if self._known else "535 5.7.8 authentication failed")

    async def _login(self, first: str) -> tuple[str, str]:
        user = _clear(first) if first else await self._asked("Username:")
        return user, await self._asked("Password:")

    async def _plain(self, first: str) -> tuple[str, str]:
        parts = (_clear(first) if first else await self._asked("")).split("\0")
        return (parts[1], parts[2]) if len(parts) == 3 else ("", "")

    async def _asked(self, what: str) -> str:
        await self._say(f"334 {base64.b64encode(what.encode()).decode()}")
        return _clear((await self._reader.readline()).decode("ascii", "replace").strip())

    async def _mail(self, rest: str) -> None:
        path = _PATH.fullmatch(rest)
        if not self._known:
            await self._say("530 5.7.0 authentication required")
        elif path is None or not path[1]:
            await self._say("501 MAIL FROM:<address>")
        elif not await self._struck("mail"):
            self._sender = path[1]
            await self._say("250 ok")

    async def _rcpt(self, rest: str) -> None:
        path = _PATH.fullmatch(rest)
        if self._sender is None:
            await self._say("503 MAIL first")
        elif path is None or "@" not in path[1]:
            await self._say("501 RCPT TO:<address>")
        elif code := self._account.refused.get(path[1], 0):
            await self._say(f"{code} {path[1]}: mailbox unavailable")
        elif not await self._struck("rcpt", path[1]):
            self._recipients.append(path[1])
            await self._say("250 ok")

    async def _data(self, _: str) -> None:
        if not self._recipients:
            await self._say("503 RCPT first")
        elif not await self._struck("data", *self._recipients):
            await self._say("354 end with a dot")
            await self._take(await self._text())

    async def _take(self, raw: bytes) -> None:
        """The mail has come with the final dot; what a fault does before it, keeps it out."""
        sender, recipients = self._sender or "", self._recipients
        self._begin()
        if any(len(line) > LONGEST_LINE for line in raw.splitlines(keepends=True)):
            await self._say("500 line too long")
        elif not raw.isascii():
            await self._say("554 8-bit text without BODY=8BITMIME")
        else:
            await self._deliver(sender, recipients, raw)

    async def _deliver(self, sender: str, recipients: list[str], raw: bytes) -> None:
        fault = self._fault("text", *recipients)
        if fault is not None and fault.when == "before":
            if await self._strike(fault):
                return
            fault = None
        sends = self._account.deliver(sender, recipients, raw)
        if fault is not None and await self._strike(fault):
            return
        await self._say("250 queued")
        for send in sends:
            send["answered"] = not self._reader.at_eof()

    async def _text(self) -> bytes:
        lines = []
        while (line := await self._reader.readline()) != b".\r\n":
            if not line:
                raise _Broken
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    async def _reset(self, _: str) -> None:
        self._begin()
        await self._say("250 ok")

    async def _nothing(self, _: str) -> None:
        await self._say("250 ok")

    async def _unknown(self, _: str) -> None:
        await self._say("500 unknown command")

    def _fault(self, step: str, *recipients: str) -> Fault | None:
        return self._account.faults.take(f"/{step}", " ".join(recipients).encode())

    async def _struck(self, step: str, *recipients: str) -> bool:
        fault = self._fault(step, *recipients)
        return fault is not None and await self._strike(fault)

    async def _strike(self, fault: Fault) -> bool:
        """Whether that was the answer; after a pause the usual one follows."""
        if fault.kind == "hang":
            await asyncio.sleep(fault.seconds)
            return False
        if fault.kind == "reset":
            self._writer.transport.abort()
            raise _Broken
        code = fault.errcode if fault.kind == "errcode" and fault.errcode > 0 else 451
        await self._say(f"{code} {fault.errmsg or 'as told'}")
        return True

    async def _say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())
        await self._writer.drain()
        if self._writer.is_closing():
            raise _Broken


def _clear(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return ""
