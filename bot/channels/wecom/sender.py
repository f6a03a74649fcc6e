"""WeCom's application messages, outbound: a text to one member of staff.

Rules: developer.work.weixin.qq.com/document/path/90236 (sending), 91039 (token). WeCom answers with HTTP 200 and an
`errcode`; beyond 30 messages a minute to one member it says yes and drops them (bot.outbox.rate_limits keeps below).
"""

import re
from collections.abc import Mapping
from typing import Any

import requests

from bot.channels import staff_errors
from bot.channels.http import TIMEOUT, is_whole, json_of, post_json, session, to_json
from bot.channels.wechat.tokens import SharedTokens, read
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.settings import Wecom
from bot.values.message import ChannelMessage, SendResult, legible, shortened

LONGEST = 2048  # bytes of UTF-8; WeCom cuts longer texts without a word, where it pleases
# A member's id (path/90195); nothing else gets into `touser`, where | and @all would reach many.
USERID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_LONGEST_ID = 200  # of a message
_REPEATS = 1800  # seconds in which the same text to the same member is dropped


class WecomApi:
    """One application. Safe to use from several threads."""

    def __init__(self, settings: Wecom, tokens: SharedTokens) -> None:
        self._settings, self._tokens = settings, tokens

    def send(self, letter: ChannelMessage) -> SendResult:
        """Sends a text and gives WeCom's id for it. Raises DeliveryError."""
        answer = self._call(_message(letter, self._settings.agent_id))
        for refused in ("invaliduser", "unlicenseduser"):  # in an answer that says yes
            if answer.get(refused):
                raise Unreachable(refused, "the application may not write to this member")
        msgid = answer.get("msgid")
        return SendResult(legible(msgid)[:_LONGEST_ID] if isinstance(msgid, str) and msgid else None)

    def _call(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Calls with the shared token; a token that WeCom refuses is replaced once."""
        token = self._tokens.token(self._fetch)
        answer = self._post(body, token)
        if is_whole(answer.get("errcode")) and answer["errcode"] in staff_errors.BAD_TOKEN:
            self._tokens.drop(token)
            answer = self._post(body, self._tokens.token(self._fetch))
        error = staff_errors.wecom(answer)
        if error is not None:
            raise _repeatable(error)
        return answer

    def _post(self, body: Mapping[str, Any], token: str) -> dict[str, Any]:
        return post_json(f"{self._settings.api_url}/cgi-bin/message/send", to_json(body), {"access_token": token})

    def _fetch(self) -> tuple[str, int]:
        """A token, and for how many seconds it may be used. Nothing was sent yet, whatever goes wrong here."""
        query = {"corpid": self._settings.corp_id, "corpsecret": self._settings.secret}
        try:
            url = f"{self._settings.api_url}/cgi-bin/gettoken"
            answer = json_of(session().get(url, params=query, timeout=TIMEOUT))
        except requests.RequestException as error:
            raise TryLater("no_token", type(error).__name__) from None  # the original names the address with the secret
        wrong = staff_errors.wecom(answer) if isinstance(answer, dict) else Unknown("no_token", "no JSON")
        if wrong is not None:
            lasting = isinstance(wrong, Misconfigured | Unreachable)  # nothing here speaks of a message or a person
            raise (Misconfigured if lasting else TryLater)(wrong.code, f"no token: {wrong.reason}")
        found = read(answer)
        if found is None:
            raise TryLater("no_token", "no answer of WeCom's")
        return found


def _message(letter: ChannelMessage, agent_id: int) -> dict[str, Any]:
    if not USERID.fullmatch(letter.address):
        raise Unreachable("no_address", "not a member's id")
    text = legible(letter.text)
    if not text.strip():
        raise Unreachable("empty", "there is nothing to say")
    return {
        "touser": letter.address,
        "msgtype": "text",
        "agentid": agent_id,
        "text": {"content": shortened(text, LONGEST)},
        "safe": 0,
        "enable_duplicate_check": 1,
        "duplicate_check_interval": _REPEATS,
    }


def _repeatable(error: DeliveryError) -> DeliveryError:
    """Busy (-1): it may have been taken, but the same text again within half an hour is not shown twice."""
    return TryLater(error.code, error.reason) if error.code == "-1" else error
