"""The table of channels that can send. To add a channel: one module, one line here."""

from collections.abc import Mapping
from typing import Protocol

import redis

from bot.channels.dingtalk import Dingtalk
from bot.channels.email import EmailApi
from bot.channels.feishu import Feishu
from bot.channels.twilio.sender import SmsApi
from bot.channels.wechat.sender import WechatApi
from bot.channels.wechat.tokens import SharedTokens
from bot.channels.wecom.robot import GroupRobot
from bot.channels.wecom.sender import WecomApi
from bot.settings import Settings
from bot.values.message import ChannelMessage, SendResult


class Sender(Protocol):
    """One channel's way out. Raises DeliveryError."""

    def send(self, letter: ChannelMessage) -> SendResult: ...


def senders(settings: Settings, connection: "redis.Redis | None" = None) -> Mapping[str, Sender]:
    """Every channel that has an account. `connection`: the Redis that shares access tokens between processes."""
    found: dict[str, Sender] = {}
    if settings.wechat.on and settings.wechat.app_secret:
        found["wechat"] = WechatApi(settings.wechat, SharedTokens(connection, settings.wechat.app_id))
    if settings.sms.on and (settings.sms.messaging_service_sid or settings.sms.sender):
        found["sms"] = SmsApi(settings.sms, settings.public_url)
    if settings.email.on:
        found["email"] = EmailApi(settings.email)
    return found | _to_staff(settings, connection)


def _to_staff(settings: Settings, connection: "redis.Redis | None") -> dict[str, Sender]:
    found: dict[str, Sender] = {}
    if settings.wecom.on:
        found["wecom"] = WecomApi(settings.wecom, SharedTokens(connection, settings.wecom.account, of="wecom"))
    if settings.wecom_robot.on:
        found["wecom_robot"] = GroupRobot(settings.wecom_robot)
    if settings.dingtalk.on:
        found["dingtalk"] = Dingtalk(settings.dingtalk)
    if settings.feishu.on:
        found["feishu"] = Feishu(settings.feishu)
    return found
