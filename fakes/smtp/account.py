"""The mailboxes and what came into them: all that the fake mail server knows."""

import ssl
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from fakes.world import World


@dataclass
class Settings:
    host: str = "127.0.0.1"
    port: int = 0
    user: str = ""
    password: str = ""
    certificate: str = ""
    key: str = ""
    tls: bool = False


class Account(World):
    def __init__(self, base: str, settings: Settings) -> None:
        super().__init__(base, "")
        self.settings = settings
        self.refused: dict[str, int] = {}  # the reply to RCPT, by mailbox

    @property
    def address(self) -> str:
        """Where mail goes, as a client is told."""
        settings = self.settings
        login = f"{settings.user}:{settings.password}@" if settings.user else ""
        return f"{'smtps' if settings.tls else 'smtp'}://{login}{settings.host}:{settings.port}"

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.settings.certificate, self.settings.key or None)
        return context

    def reset(self) -> None:
        super().reset()
        self.refused = {}

    def deliver(self, sender: str, recipients: list[str], raw: bytes) -> list[dict[str, Any]]:
        """Commits a mail: from here on it has come, whether or not its sender hears so."""
        mail = message_from_bytes(raw, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        body = mail.get_body(("plain",))
        content = str(body.get_content()).replace("\r\n", "\n").removesuffix("\n") if body is not None else ""
        seen = {"type": "email", "content": content, "subject": str(mail["Subject"] or "")}
        head = {"message_id": str(mail["Message-ID"] or ""), "from": sender}
        headers = {name: str(value) for name, value in mail.items()}
        for recipient in recipients:
            self.chat.add(recipient, self.clock.now(), "smtp", seen | head)
        return [self.accepted(to=each, via="smtp", **seen, **head, headers=headers) for each in recipients]
