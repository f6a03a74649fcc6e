"""Reads a webhook's answer as strictly as Twilio's schema says (protocols.md 3.2)."""

from dataclasses import dataclass
from xml.etree import ElementTree

ATTRIBUTES = {"to", "from", "action", "method", "statusCallback"}
TYPES = ("text/xml", "application/xml")


class BadAnswer(Exception):
    """An answer Twilio cannot use; `code` is what its debugger would show."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code


@dataclass(frozen=True)
class Reply:
    body: str
    media: tuple[str, ...] = ()
    to: str = ""
    status_callback: str = ""


def parse(status: int | None, content_type: str, body: str) -> list[Reply]:
    """The <Message>s of an answer; raises BadAnswer."""
    if status is None or not 200 <= status < 300:
        raise BadAnswer(11200, f"HTTP retrieval failure: status {status}")
    if content_type.split(";")[0].strip().lower() not in TYPES:
        raise BadAnswer(12300, f"invalid Content-Type {content_type!r}")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  # the answer of our own server, on this machine
    except ElementTree.ParseError as wrong:
        raise BadAnswer(12100, f"document parse failure: {wrong}") from wrong
    if root.tag != "Response" or root.attrib or _stray(root):
        raise BadAnswer(12200, "schema: the document is one <Response> of verbs")
    return [_reply(verb) for verb in root]


def _reply(verb: ElementTree.Element) -> Reply:
    if verb.tag != "Message" or verb.attrib.keys() - ATTRIBUTES:
        raise BadAnswer(12200, f"schema: <{verb.tag}> {sorted(verb.attrib)}")
    if any(part.tag not in ("Body", "Media") or len(part) or part.attrib for part in verb):
        raise BadAnswer(12200, "schema: a <Message> holds <Body> and <Media>")
    if len(verb) and _stray(verb):
        raise BadAnswer(12200, "schema: text beside <Body>")
    bodies = [part.text or "" for part in verb if part.tag == "Body"]
    body = "".join(bodies) if len(verb) else (verb.text or "").strip()
    media = tuple((part.text or "").strip() for part in verb if part.tag == "Media")
    if not body and not media:
        raise BadAnswer(14103, "a message needs a body or media")
    callback = verb.get("statusCallback") or verb.get("action") or ""
    return Reply(body, media, verb.get("to", ""), callback)


def _stray(element: ElementTree.Element) -> bool:
    return bool((element.text or "").strip() or any((child.tail or "").strip() for child in element))
