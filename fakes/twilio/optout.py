"""Who asked not to hear from whom, as Twilio keeps it (protocols.md 3.8)."""

from dataclasses import dataclass, field

STOP, START, HELP = "STOP", "START", "HELP"
KEYWORDS = {
    STOP: ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"),
    START: ("START", "YES", "UNSTOP"),
    HELP: ("HELP", "INFO"),
}
REPLIES = {
    STOP: "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    START: "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    HELP: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


@dataclass
class OptOuts:
    """`mode`: default, advanced (own keywords, OptOutType in the webhook) or off."""

    mode: str = "default"
    keywords: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(KEYWORDS))
    replies: dict[str, str] = field(default_factory=lambda: dict(REPLIES))
    blocked: set[tuple[str, str]] = field(default_factory=set)

    def kind(self, text: str) -> str | None:
        """Only a lone keyword counts: "STOP PLEASE" is none."""
        word = text.strip().upper()
        return next((kind for kind, words in self.keywords.items() if word in words), None)

    def heard(self, line: str, person: str, kind: str | None) -> str | None:
        """Applies a keyword; Twilio's own reply, if it gives one."""
        if self.mode == "off" or kind is None:
            return None
        pair = (line, person)
        changes = {STOP: pair not in self.blocked, START: pair in self.blocked, HELP: True}[kind]
        if kind == STOP:
            self.blocked.add(pair)
        if kind == START:
            self.blocked.discard(pair)
        return self.replies[kind] if changes else None

    def is_blocked(self, line: str, person: str) -> bool:
        return (line, person) in self.blocked
