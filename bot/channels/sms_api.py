"""SMS by Twilio, outbound. Twilio has no idempotency key: what is not clearly refused is Unknown, and asked for later.

Rules: twilio.com/docs/messaging/api/message-resource; what the error codes mean is in sms_errors.
"""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

import requests

from bot import segments
from bot.channels import china, sms_errors
from bot.channels.posting import TIMEOUT, failed
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown
from bot.message import Letter, Posted, legible
from bot.settings import Sms

OPTED_OUT = sms_errors.OPTED_OUT
_CONNECTIONS = 32  # that may be open at once, for senders in several threads
_ABOUT_US = (401, 403, 404)
_LOOK_BACK = 1000  # messages to one number: a page of the list
_TRIAL = "Sent from your Twilio trial account - "  # what Twilio writes before each text of a trial account


class SmsApi:
    """One account. Use it from workers only: its calls block. Safe to use from several threads."""

    def __init__(self, settings: Sms, public_url: str) -> None:
        from twilio.rest import Client

        self._client = Client(settings.account_sid, settings.auth_token, http_client=_http())
        self._client.api.base_url = settings.api_url
        self._from: dict[str, Any] = (
            {"messaging_service_sid": settings.messaging_service_sid}
            if settings.messaging_service_sid
            else {"from_": settings.sender}
        )
        self._callback = f"{public_url}/sms/status"
        self._china = settings.china_templates

    def send(self, letter: Letter) -> Posted:
        """Sends a text and gives Twilio's id for it. Raises DeliveryError."""
        from twilio.base.exceptions import TwilioException, TwilioRestException

        number, text = letter.address, _wording(letter)
        china.check(number, text, self._china)
        try:
            message = self._client.messages.create(to=number, body=text, status_callback=self._callback, **self._from)
        except TwilioRestException as error:
            raise _error(error) from None
        except requests.RequestException as error:
            raise failed(error) from None
        except (TwilioException, json.JSONDecodeError, KeyError, TypeError) as error:
            raise Unknown("unreadable", type(error).__name__) from None
        return Posted(str(message.sid), segments.parts(text))

    def find(self, letter: Letter, since: datetime, known: Collection[str]) -> Posted | None:
        """The newest message that Twilio has of this letter, made since then and not among the `known` ids; None: it
        never came there. Give `since` with a margin: Twilio's clock is another. Raises TryLater if Twilio cannot say.

        Twilio's own filter is not used: it goes by whole days, and by when a message was sent, which one that still
        waits was not.
        """
        from twilio.base.exceptions import TwilioException

        try:
            listed = self._client.messages.list(to=letter.address, limit=_LOOK_BACK, page_size=_LOOK_BACK)
        except (TwilioException, requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise TryLater("cannot_ask", type(error).__name__) from None
        wanted, start = _bare(_wording(letter)), since.replace(microsecond=0)
        found = [
            message
            for message in listed
            if message.direction == "outbound-api"
            and message.sid not in known
            and message.date_created
            and message.date_created >= start
            and _bare(message.body or "") == wanted
        ]
        if not found:
            return None
        newest = max(found, key=lambda message: message.date_created)
        return Posted(str(newest.sid), segments.parts(_wording(letter)), str(newest.status))


def _http() -> Any:
    from twilio.http.http_client import TwilioHttpClient

    http = TwilioHttpClient(timeout=TIMEOUT[1])  # without it the library waits for ever; it must not retry either
    for scheme in ("http://", "https://"):
        http.session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=_CONNECTIONS))
    return http


def _wording(letter: Letter) -> str:
    """The text as it costs least; to China as it was registered."""
    text = legible(letter.text)
    return text if letter.address.startswith(china.PREFIX) else segments.economical(text)


def _bare(text: str) -> str:
    """What is compared: Twilio may have replaced look-alikes too, and trims."""
    return " ".join(segments.economical(text.removeprefix(_TRIAL)).split())


def _error(error: Any) -> DeliveryError:
    """A 4xx created nothing; a 5xx may have. Twilio's page of a code says what it means; where it is not known, who we
    are is what 401, 403 and 404 speak of: the address of the call names nothing but our account."""
    code = str(error.code) if error.code else f"http_{error.status}"
    if error.status >= 500:
        return Unknown(code, "Twilio failed")
    if error.status == 429:
        return TryLater(code, "too many requests")
    if error.status in _ABOUT_US and code not in sms_errors.KNOWN:
        return Misconfigured(code, "the account is refused")
    found = sms_errors.error(code)
    return TryLater(code, found.reason) if isinstance(found, Unknown) else found
