"""SMS by Twilio, outbound. Twilio has no idempotency key: what is not clearly refused is Unknown, and asked for later.

Rules: twilio.com/docs/messaging/api/message-resource; what the error codes mean is in sms_errors. Its library is not
used for these two calls: what it cannot read it breaks on, or takes for a message without an id.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import quote

import requests

from bot.channels.http import TIMEOUT, failed, is_whole, json_of, session
from bot.channels.twilio import china
from bot.channels.twilio import errors as twilio_errors
from bot.channels.twilio.inbound import SID, STATUS, STATUS_PATH, wording
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown
from bot.settings import Sms
from bot.values import segments
from bot.values.message import ChannelMessage, SendResult

OPTED_OUT = twilio_errors.OPTED_OUT
_ABOUT_US = (401, 403, 404)
_LOOK_BACK = 1000  # messages to one number: a page of the list
_TRIAL = "Sent from your Twilio trial account - "  # what Twilio writes before each text of a trial account


class SmsApi:
    """One account. Use it from workers only: its calls block. Safe to use from several threads."""

    def __init__(self, settings: Sms, public_url: str) -> None:
        account = quote(settings.account_sid, safe="")
        self._messages = f"{settings.api_url}/2010-04-01/Accounts/{account}/Messages.json"
        self._auth = (settings.account_sid, settings.auth_token)
        self._from = (
            {"MessagingServiceSid": settings.messaging_service_sid}
            if settings.messaging_service_sid
            else {"From": settings.sender}
        )
        self._callback = f"{public_url}{STATUS_PATH}"
        self._china = settings.china_templates

    def send(self, letter: ChannelMessage) -> SendResult:
        """Sends a text and gives Twilio's id for it. Raises DeliveryError."""
        number, text = letter.address, wording(letter.text, letter.address)
        china.check(number, text, self._china)
        form = {"To": number, "Body": text, "StatusCallback": self._callback, **self._from}
        try:
            answer = session().post(self._messages, data=form, auth=self._auth, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise failed(error) from None
        found = json_of(answer)
        fields = found if isinstance(found, dict) else {}
        if not answer.ok or answer.is_redirect:
            raise _error(answer.status_code, fields)
        return SendResult(_sid(fields) or _unreadable(answer), segments.parts(text))

    def find(self, letter: ChannelMessage, since: datetime, known: Collection[str]) -> SendResult | None:
        """The newest message that Twilio has of this letter, made since then and not among the `known` ids; None: it
        never came there. Give `since` with a margin: Twilio's clock is another. Raises TryLater if Twilio cannot say.

        Twilio's own filter is not used: it goes by whole days, and by when a message was sent, which one that still
        waits was not.
        """
        text = wording(letter.text, letter.address)
        wanted, start = _bare(text), since.replace(microsecond=0)
        found = [
            (made, message)
            for message in self._listed(letter.address)
            if message.get("direction") == "outbound-api" and _bare(str(message.get("body") or "")) == wanted
            if (made := _made(message)) >= start and _sid(message) not in known
        ]
        if not found:
            return None
        _, newest = max(found, key=lambda each: each[0])
        status = str(newest.get("status"))
        return SendResult(
            _sid(newest) or _cannot_say(), segments.parts(text), status if STATUS.fullmatch(status) else ""
        )

    def _listed(self, number: str) -> list[dict[str, Any]]:
        """The newest messages to a number."""
        query = {"To": number, "PageSize": str(_LOOK_BACK)}
        try:
            answer = session().get(self._messages, params=query, auth=self._auth, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise TryLater("cannot_ask", type(error).__name__) from None
        found = json_of(answer) if answer.status_code == requests.codes.ok else None
        listed = found.get("messages") if isinstance(found, dict) else None
        if not isinstance(listed, list) or not all(isinstance(message, dict) for message in listed):
            raise TryLater("cannot_ask", f"http_{answer.status_code}")
        return listed


def _sid(message: Mapping[str, Any]) -> str:
    sid = message.get("sid")
    return sid if isinstance(sid, str) and SID.fullmatch(sid) else ""


def _made(message: Mapping[str, Any]) -> datetime:
    """When. One of which that cannot be read may be the one that is looked for."""
    try:
        made = parsedate_to_datetime(str(message.get("date_created")))
    except ValueError:
        _cannot_say()
    return made if made.tzinfo else _cannot_say()


def _cannot_say() -> NoReturn:
    raise TryLater("cannot_ask", "unreadable")


def _unreadable(answer: requests.Response) -> NoReturn:
    raise Unknown("unreadable", f"http_{answer.status_code} without a message")


def _bare(text: str) -> str:
    """What is compared: Twilio may have replaced look-alikes too, and trims."""
    return " ".join(segments.economical(text.removeprefix(_TRIAL)).split())


def _error(status: int, fields: Mapping[str, Any]) -> DeliveryError:
    """A 4xx created nothing; a 5xx may have. Twilio's page of a code says what it means. Where it is not known, 401,
    403 and 404 speak of us: the address of the call names nothing but our account; and an answer without a code is
    none of Twilio's."""
    own = is_whole(fields.get("code"))
    code = str(fields["code"]) if own else f"http_{status}"
    if status >= requests.codes.server_error:
        return Unknown(code, "Twilio failed")
    if status == requests.codes.too_many:
        return TryLater(code, "too many requests")
    if not own or (status in _ABOUT_US and code not in twilio_errors.KNOWN):
        return Misconfigured(code, "the account or the address is refused")
    found = twilio_errors.error(code)
    return TryLater(code, found.reason) if isinstance(found, Unknown) else found
