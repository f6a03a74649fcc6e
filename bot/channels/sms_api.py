"""SMS by Twilio, outbound. Twilio has no idempotency key: whatever is not clearly refused is Unknown.

Rules: twilio.com/docs/messaging/api/message-resource, twilio.com/docs/api/errors.
"""

import json
from typing import Any

import requests

from bot import segments
from bot.channels.posting import TIMEOUT, failed
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.message import Letter, Posted
from bot.settings import Sms

OPTED_OUT = "21610"
_LATER = {20429, 21611}
_CLOSED = {21211, 21610, 21612, 21614}


class SmsApi:
    """One account. Use it from workers only: its calls block."""

    def __init__(self, settings: Sms, public_url: str) -> None:
        from twilio.http.http_client import TwilioHttpClient
        from twilio.rest import Client

        http = TwilioHttpClient(timeout=TIMEOUT[1])  # without it the library waits for ever; it must not retry either
        self._client = Client(settings.account_sid, settings.auth_token, http_client=http)
        self._client.api.base_url = settings.api_url
        self._from: dict[str, Any] = (
            {"messaging_service_sid": settings.messaging_service_sid}
            if settings.messaging_service_sid
            else {"from_": settings.sender}
        )
        self._callback = f"{public_url}/sms/status"

    def send(self, letter: Letter) -> Posted:
        """Sends a text and gives Twilio's id for it. Raises DeliveryError."""
        number, text = letter.address, letter.text
        from twilio.base.exceptions import TwilioException, TwilioRestException

        try:
            message = self._client.messages.create(to=number, body=text, status_callback=self._callback, **self._from)
        except TwilioRestException as error:
            raise _error(error) from None
        except requests.RequestException as error:
            raise failed(error) from None
        except (TwilioException, json.JSONDecodeError, KeyError, TypeError) as error:
            raise Unknown("unreadable", type(error).__name__) from None
        return Posted(str(message.sid), segments.parts(text))


def _error(error: Any) -> DeliveryError:
    """A 4xx created nothing; a 5xx may have."""
    if error.status >= 500:
        return Unknown(str(error.code), "Twilio failed")
    if error.status == 429 or error.code in _LATER:
        return TryLater(str(error.code))
    return (Unreachable if error.code in _CLOSED else Misconfigured)(str(error.code))
