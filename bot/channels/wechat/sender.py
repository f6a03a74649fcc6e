"""WeChat Official Account, outbound: service messages, templates, subscription notices, scene QR codes, the menu.

Rules: developers.weixin.qq.com/doc/service/api (customer message, template and subscription messages, stable access
token, QR codes). WeChat answers every call with HTTP 200 and an `errcode`; what the codes mean is in wechat_errors.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import requests

from bot.channels.http import TIMEOUT, failed, is_whole, json_of, session
from bot.channels.wechat import errors as wechat_errors
from bot.channels.wechat import messages as wechat_messages
from bot.channels.wechat.tokens import SharedTokens, read
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.settings import Wechat
from bot.values.message import ChannelMessage, SendResult

_CUSTOM = "/cgi-bin/message/custom/send"
_TEMPLATE = "/cgi-bin/message/template/send"
_SUBSCRIPTION = "/cgi-bin/message/subscribe/bizsend"


class WechatApi:
    """One account's API. Safe to use from several threads."""

    def __init__(self, settings: Wechat, tokens: SharedTokens) -> None:
        self._settings = settings
        self._tokens = tokens
        self._roads: Mapping[str, Callable[[ChannelMessage], SendResult]] = {
            "service": self._send_service,
            "template": self._send_template,
            "subscription": self._send_subscription,
        }

    def send(self, letter: ChannelMessage) -> SendResult:
        """Sends by the road that the letter names; only a template message gets an id. Raises DeliveryError."""
        road = self._roads.get(letter.via)
        if road is None:
            raise ValueError(f"{letter.via} is no road of WeChat's")
        return road(letter)

    def scene_code(self, scene: str, seconds: int = 2_592_000) -> str:
        """The address that a scannable code for this scene must hold (at most 30 days). Raises DeliveryError."""
        action = {"scene": {"scene_str": scene}}
        wanted = {"expire_seconds": seconds, "action_name": "QR_STR_SCENE", "action_info": action}
        return str(self._call("/cgi-bin/qrcode/create", wanted)["url"])

    def put_menu(self, buttons: Mapping[str, Mapping[str, str]]) -> None:
        """Replaces the account's menu: names of buttons, each with names of entries and the keys they send."""
        listed = [
            {
                "name": name,
                "sub_button": [{"type": "click", "name": label, "key": key} for label, key in entries.items()],
            }
            for name, entries in buttons.items()
        ]
        self._call("/cgi-bin/menu/create", {"button": listed})

    def _send_service(self, letter: ChannelMessage) -> SendResult:
        try:
            self._sent(_CUSTOM, wechat_messages.service(letter))
        except DeliveryError as error:
            if error.code != wechat_errors.NO_MENU_MESSAGES or "menu" not in letter.form:
                raise
            self._sent(_CUSTOM, wechat_messages.numbered(letter))
        return SendResult()

    def _send_template(self, letter: ChannelMessage) -> SendResult:
        """Safe to repeat for ten minutes, see wechat_messages.template."""
        answer = self._sent(_TEMPLATE, wechat_messages.template(letter, self._settings.templates))
        return SendResult(str(answer["msgid"]) if is_whole(answer.get("msgid")) else None)

    def _send_subscription(self, letter: ChannelMessage) -> SendResult:
        self._sent(_SUBSCRIPTION, wechat_messages.subscription(letter, self._settings.subscriptions))
        return SendResult()

    def _sent(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A call that sends: only an answer that says so counts as taken."""
        answer = self._call(path, body)
        if "errcode" not in answer:
            raise Unknown("unreadable", "no answer of WeChat's")
        return answer

    def _call(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Calls with the shared token; a token that WeChat refuses is replaced once."""
        token = self._tokens.token(self._fetch)
        answer = self._post(path, body, token)
        if answer.get("errcode") in wechat_errors.BAD_TOKEN:
            self._tokens.drop(token)
            answer = self._post(path, body, self._tokens.token(self._fetch))
        if answer.get("errcode"):
            raise wechat_errors.error(answer["errcode"], str(answer.get("errmsg", "")))
        return answer

    def _post(self, path: str, body: Mapping[str, Any], token: str) -> dict[str, Any]:
        raw = json.dumps(body, ensure_ascii=False).encode()  # 40033: WeChat refuses \\u escapes
        url = f"{self._settings.api_url}{path}"
        try:
            answer = session().post(
                url,
                params={"access_token": token},
                data=raw,
                timeout=TIMEOUT,
                headers={"Content-Type": "application/json"},
            )
        except requests.RequestException as error:
            raise failed(error) from None  # the original names the URL, which has the token in it
        found = json_of(answer) if answer.status_code == requests.codes.ok else None
        if not isinstance(found, dict) or not is_whole(found.get("errcode", 0)):
            raise Unknown(f"http_{answer.status_code}", "no answer of WeChat's")
        return found

    def _fetch(self) -> tuple[str, int]:
        """A stable token, and for how many seconds it may be used. Nothing was sent yet, whatever goes wrong here."""
        wanted = {
            "grant_type": "client_credential",
            "appid": self._settings.app_id,
            "secret": self._settings.app_secret,
        }
        try:
            url = f"{self._settings.api_url}/cgi-bin/stable_token"
            answer = json_of(session().post(url, json=wanted, timeout=TIMEOUT))
        except requests.RequestException as error:
            raise TryLater("no_token", type(error).__name__) from None
        found = read(answer) if isinstance(answer, dict) else None
        if found:
            return found
        if isinstance(answer, dict) and is_whole(answer.get("errcode")) and answer["errcode"]:
            raise _no_token(answer)
        raise TryLater("no_token", "no answer of WeChat's")


def _no_token(answer: Mapping[str, Any]) -> DeliveryError:
    """Nothing in this call speaks of a message or a person: what is refused for good is the account."""
    error = wechat_errors.error(answer["errcode"], str(answer.get("errmsg", "")))
    lasting = isinstance(error, Misconfigured | Unreachable)
    return (Misconfigured if lasting else TryLater)(error.code, f"no token: {error.reason}")
