"""The table of channels that can send. To add a channel: one module, one line here."""

from collections.abc import Mapping
from typing import Protocol

import redis

from bot.channels.email_api import EmailApi
from bot.channels.sms_api import SmsApi
from bot.channels.wechat_api import WechatApi
from bot.channels.wechat_tokens import SharedTokens
from bot.message import Letter, Posted
from bot.settings import Settings


class Sender(Protocol):
    """One channel's way out. Raises DeliveryError."""

    def send(self, letter: Letter) -> Posted: ...


def senders(settings: Settings, connection: "redis.Redis | None" = None) -> Mapping[str, Sender]:
    """Every channel that has an account. `connection`: the Redis that shares WeChat's token between processes."""
    found: dict[str, Sender] = {}
    if settings.wechat.on and settings.wechat.app_secret:
        found["wechat"] = WechatApi(settings.wechat, SharedTokens(connection, settings.wechat.app_id))
    if settings.sms.on and (settings.sms.messaging_service_sid or settings.sms.sender):
        found["sms"] = SmsApi(settings.sms, settings.public_url)
    if settings.email.on:
        found["email"] = EmailApi(settings.email)
    return found
