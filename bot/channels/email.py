"""E-mail by SMTP, outbound: the road for notices that no chat and no SMS carries.

Rules: RFC 5321 (what a reply means at which step), RFC 3834 (Auto-Submitted). A server that took the text and then went
away without an answer may have it: that is Unknown.
"""

import hashlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

from bot.channels.lease import last_look
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.platform import clock
from bot.settings import Email
from bot.values.message import ChannelMessage, SendResult, legible

_SECONDS = 10.0
_SEVEN_BITS = policy.SMTP.clone(cte_type="7bit")  # what every server takes
_PORTS = {"smtp": 587, "smtps": 465}
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[^\s@<>()\[\],;:\"\\]+\.[^\s@<>()\[\],;:\"\\]+", re.ASCII)
_NO_SMTP = (smtplib.SMTPException, OSError, ValueError)  # what a server's nonsense comes to; base64 is read too
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class EmailApi:
    """One mail server. Each letter takes a connection of its own. Safe to use from several threads."""

    def __init__(self, settings: Email) -> None:
        parts = urlsplit(settings.url)
        self._tls = parts.scheme == "smtps"
        self._host, self._port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, _PORTS["smtp"])
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._from = settings.sender

    def send(self, letter: ChannelMessage) -> SendResult:
        """Sends one text and gives its Message-ID. Raises DeliveryError."""
        if not (letter.address.isascii() and _ADDRESS.fullmatch(letter.address)):
            raise Unreachable("no_address", "not an e-mail address that can be written to")
        message = self._message(letter)
        with self._connected() as server:
            _envelope(server, parseaddr(self._from)[1], letter.address)
            _hand_over(server, message)
        return SendResult(str(message["Message-ID"]))

    def _message(self, letter: ChannelMessage) -> EmailMessage:
        text = legible(str(letter.form.get("text") or letter.text))
        subject = legible(str(letter.form.get("subject") or text.strip().partition("\n")[0]))
        message = EmailMessage(policy=_SEVEN_BITS)
        message["From"] = self._from
        message["To"] = letter.address
        message["Subject"] = " ".join(subject.split())
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = self._message_id(letter)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text, charset="utf-8")
        return message

    def _message_id(self, letter: ChannelMessage) -> str:
        """The same for the same letter: who gets it twice is shown it once by many programs."""
        domain = parseaddr(self._from)[1].partition("@")[2]
        own = hashlib.sha256(f"{self._from}|{letter.id}|{letter.address}".encode()).hexdigest()[:16]
        return f"<kw{letter.id}.{own}@{domain}>"

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A server that knows us. Nothing has been sent until then, so whatever fails here may be tried again."""
        try:
            server = self._greeted()
        except ssl.SSLCertVerificationError:
            raise Misconfigured("tls", "the server's certificate is not trusted") from None
        except _NO_SMTP as error:
            raise TryLater("no_connection", type(error).__name__) from None
        try:
            self._log_in(server)
            yield server
            with suppress(*_NO_SMTP):
                server.quit()
        finally:
            server.close()

    def _greeted(self) -> smtplib.SMTP:
        if self._tls:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_SECONDS, context=ssl.create_default_context())
        server = smtplib.SMTP(self._host, self._port, timeout=_SECONDS)
        try:
            server.ehlo_or_helo_if_needed()
            if self._user and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo_or_helo_if_needed()
        except BaseException:
            server.close()
            raise
        return server

    def _log_in(self, server: smtplib.SMTP) -> None:
        """Never says the password over a line that others can read."""
        if not self._user:
            return
        if not isinstance(server.sock, ssl.SSLSocket) and self._host not in _HERE:
            raise Misconfigured("no_tls", "the server offers no STARTTLS, and a password goes nowhere without")
        try:
            server.login(self._user, self._password)
        except smtplib.SMTPAuthenticationError as error:
            kind = TryLater if _passes(error.smtp_code) else Misconfigured
            raise kind(str(error.smtp_code), "user or password refused") from None
        except smtplib.SMTPNotSupportedError:
            raise Misconfigured("no_auth", "the server takes no password") from None
        except _NO_SMTP as error:
            raise TryLater("no_connection", type(error).__name__) from None


def _envelope(server: smtplib.SMTP, sender: str, recipient: str) -> None:
    try:
        server.ehlo_or_helo_if_needed()
        _refused(server.mail(sender)[0], Misconfigured, "sender refused")
        _refused(server.rcpt(recipient)[0], Unreachable, "recipient refused")
    except _NO_SMTP as error:
        raise TryLater("no_connection", type(error).__name__) from None


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    """From the first byte of the text on, no answer means that it may have arrived."""
    last_look()
    try:
        code, _ = server.data(message.as_bytes())
    except smtplib.SMTPDataError as error:
        code = error.smtp_code
    except _NO_SMTP as error:
        raise Unknown("no_answer", type(error).__name__) from None
    _refused(code, Unreachable, "text refused")


def _refused(code: int, lasting: type[DeliveryError], word: str) -> None:
    """A 4xx passes, a 5xx lasts; the server's own words often repeat the address, so only the code is kept."""
    if 200 <= code < 300:
        return
    raise (TryLater if _passes(code) else lasting)(str(code), word)


def _passes(code: int) -> bool:
    return code < 500  # also -1: what came was no SMTP
