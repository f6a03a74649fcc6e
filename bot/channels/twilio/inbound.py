"""SMS by Twilio, inbound: verifies calls, reads messages and status callbacks, composes TwiML.

Rules: twilio.com/docs/messaging/guides/webhook-request, /usage/webhooks/webhooks-security, webhook-shared-keys.
Sending is in bot.channels.twilio.sender.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.sax.saxutils import escape, quoteattr

from multidict import MultiDict
from twilio.request_validator import RequestValidator, add_port, get_signature_algorithm, remove_port

from bot.errors import Rejected
from bot.settings import Sms
from bot.values import phones, segments
from bot.values.message import Answer, Card, Incoming, legible

STATUS_PATH = "/sms/status"
_DIGITS = 3
LONGEST = 1600  # characters of one message body
# Twilio obeys these by itself when they are the whole message, confirms them, and still calls us
# (twilio.com/docs/messaging/tutorials/advanced-opt-out).
_STOP = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
_START = frozenset({"START", "YES", "UNSTOP"})
RANKS = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "delivered": 4,
    "undelivered": 4,
    "failed": 4,
    "canceled": 4,
    "read": 5,
}
_XML = "text/xml"
_EMPTY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
SID, STATUS, _CODE = re.compile("[A-Za-z0-9]{1,64}"), re.compile("[a-z_]{1,32}"), re.compile("[0-9]{1,10}")
_HEADER = "X-Twilio-Webhooks-Signature-Settings"


@dataclass(frozen=True, slots=True)
class TwilioCall:
    """A verified inbound message. `public_url`: where Twilio tells what became of the answer."""

    incoming: Incoming
    public_url: str

    def answer(self, texts: Sequence[str], card: Card | None = None) -> Answer:
        """TwiML with the texts in one message, for Twilio keeps no order between several; no text at all is an empty
        response, and a card only a text. What is too long for one goes in several all the same."""
        whole = wording("\n\n".join(texts), self.incoming.address)
        parts = [whole[at : at + LONGEST] for at in range(0, len(whole), LONGEST)]
        if not parts:
            return Answer(_EMPTY, _XML)
        said = "".join(self._message(place, part) for place, part in enumerate(parts))
        body = f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>'
        return Answer(body.encode(), _XML, tuple(parts), len(parts), tracked=True)

    def _message(self, place: int, part: str) -> str:
        callback = f"{self.public_url}{STATUS_PATH}?{urlencode({'answer': self.incoming.key, 'part': place})}"
        return f"<Message statusCallback={quoteattr(callback)}><Body>{escape(part)}</Body></Message>"


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """A message of an answer of ours: to whom, to which message of theirs, and the how manieth."""

    to: str
    answers: str
    place: int


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a message that we sent. `part`: which one, of an answer; its id is new to us."""

    provider_id: str
    status: str
    error_code: str | None = None
    part: AnswerPart | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook call as it came. `target`: path and query, exactly as called."""

    method: str
    target: str
    body: bytes
    headers: Mapping[str, str]


def read(request: Request, settings: Sms, public_url: str) -> TwilioCall:
    """Verifies and reads an inbound message. Raises Rejected."""
    form = _verified(request, settings, public_url)
    sender, key = form.get("From", "").strip(), form.get("MessageSid") or form.get("SmsMessageSid") or ""
    if not sender or not key:
        raise Rejected("a message needs From and MessageSid", 400)
    media = _media(form)
    text = form.get("Body", "")
    detail = {"media": media, "opt_out_type": form.get("OptOutType", "").upper()}
    kind = "text" if text.strip() or not media else _kind_of(media[0]["type"])
    return TwilioCall(Incoming("sms", sender, key, kind, text, "", "", detail, None, form.get("To", "")), public_url)


def read_status(request: Request, settings: Sms, public_url: str) -> Status:
    """Verifies and reads a status callback. Raises Rejected."""
    form = _verified(request, settings, public_url)
    provider_id = form.get("MessageSid") or form.get("SmsSid") or ""
    status = (form.get("MessageStatus") or form.get("SmsStatus") or "").lower()
    if not SID.fullmatch(provider_id) or not STATUS.fullmatch(status):
        raise Rejected("a status callback needs MessageSid and MessageStatus", 400)
    code = form.get("ErrorCode", "")
    return Status(provider_id, status, code if _CODE.fullmatch(code) else None, _part(request, form.get("To", "")))


def wording(text: str, number: str) -> str:
    """The text as it costs least; to China as it was registered."""
    said = legible(text)
    return said if phones.is_mainland(number) else segments.economical(said)


def _part(request: Request, to: str) -> AnswerPart | None:
    """The signature covers the query, so what it says is what we wrote."""
    query = dict(parse_qsl(urlsplit(request.target).query))
    answers, place = query.get("answer", ""), query.get("part", "")
    known = to and answers and place.isascii() and place.isdigit() and len(place) <= _DIGITS
    return AnswerPart(to, answers, int(place)) if known else None


def obeyed(text: str, opt_out_type: str) -> str:
    """Which of its own words Twilio has obeyed already: stop, start, help, or "". YES counts as start."""
    word = text.strip().upper()
    if opt_out_type:
        return opt_out_type.lower()
    return "stop" if word in _STOP else "start" if word in _START else ""


def _verified(request: Request, settings: Sms, public_url: str) -> MultiDict[str]:
    """The parameters of a call that Twilio signed: over the public URL it called, not the one that reached us."""
    signature = request.headers.get("X-Twilio-Signature", "")
    if not signature:
        raise Rejected("no signature")
    url = public_url + request.target
    query = MultiDict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    signed, form = _parameters(request, query)
    algorithm = get_signature_algorithm(request.headers.get(_HEADER))
    validator = RequestValidator(_secret(request, settings))
    try:
        urls = {url, add_port(urlsplit(url)), remove_port(urlsplit(url))}
        expected = [validator.compute_signature(each, signed, algorithm) for each in urls]
    except (ValueError, UnicodeError):
        raise Rejected("no signature of ours") from None
    given = signature.encode("utf-8", "replace")
    if not any(hmac.compare_digest(each.encode(), given) for each in expected):
        raise Rejected("wrong signature")
    return form


def _parameters(request: Request, query: MultiDict[str]) -> tuple[MultiDict[str], MultiDict[str]]:
    """What the signature covers beside the URL, and what the call says: a form, a query, or JSON with its hash."""
    if request.method == "GET":
        return MultiDict(), query
    if "bodySHA256" in query:
        if not hmac.compare_digest(hashlib.sha256(request.body).hexdigest(), query["bodySHA256"].lower()):
            raise Rejected("the body is not the one that was signed")
        return MultiDict(), _json(request.body)
    try:
        form = MultiDict(parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=1000))
    except (UnicodeDecodeError, ValueError):
        raise Rejected("no form in the body", 400) from None
    return form, form


def _json(body: bytes) -> MultiDict[str]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Rejected("no JSON in the body", 400) from None
    if not isinstance(found, dict):
        raise Rejected("no parameters in the body", 400)
    return MultiDict({name: legible(str(value)) for name, value in found.items() if isinstance(value, str | int)})


def _secret(request: Request, settings: Sms) -> str:
    """The auth token, or the shared key that the call names."""
    parts = dict(part.strip().partition("=")[::2] for part in request.headers.get(_HEADER, "").split(","))
    return settings.shared_keys.get(parts.get("key", ""), settings.auth_token)


def _media(form: MultiDict[str]) -> list[dict[str, str]]:
    count = form.get("NumMedia", "0")
    number = min(int(count[:3]), 10) if count.isascii() and count.isdigit() else 0
    return [{"url": form.get(f"MediaUrl{n}", ""), "type": form.get(f"MediaContentType{n}", "")} for n in range(number)]


def _kind_of(content_type: str) -> str:
    return {"image": "picture", "audio": "voice", "video": "video"}.get(content_type.partition("/")[0], "file")
