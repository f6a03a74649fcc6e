"""The providers, as programs on real sockets, as new before each test."""

from collections.abc import Iterator

import pytest

from bot import settings
from bot.channels.email import EmailApi
from bot.channels.twilio.sender import SmsApi
from bot.channels.wechat.sender import WechatApi
from bot.channels.wechat.tokens import SharedTokens
from bot.channels.wecom.robot import GroupRobot
from bot.channels.wecom.sender import WecomApi
from bot.settings import DingtalkRobot, Email, FeishuRobot, Sms, Template, Wechat, Wecom
from fakes.launch import Fake, launched
from tests.conftest import as_new

OPENID = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
TRAINING = Template(id="T1", fields={"thing1": "place", "time2": "start"})
NUMBER = "+12025550123"


@pytest.fixture(scope="session")
def _wechat() -> Iterator[Fake]:
    with launched("wechat", "--callback", "http://127.0.0.1:9/") as fake:
        yield fake


@pytest.fixture
def wechat(_wechat: Fake) -> Fake:
    """The platform, with one person who follows and has just written."""
    as_new(_wechat).post("/_fake/person", openid=OPENID, following=True, window="message")
    return _wechat


@pytest.fixture
def wechat_settings(wechat: Fake) -> Wechat:
    return Wechat(
        app_id="wx0123456789abcdef",
        app_secret="0123456789abcdef" * 2,
        token="keepwarm",
        api_url=wechat.url,
        templates={"training": TRAINING},
        subscriptions={"training": TRAINING},
    )


@pytest.fixture
def wechat_api(wechat_settings: Wechat) -> WechatApi:
    return WechatApi(wechat_settings, SharedTokens(None, wechat_settings.app_id))


@pytest.fixture(scope="session")
def _twilio() -> Iterator[Fake]:
    with launched("twilio", "--callback", "http://127.0.0.1:9/") as fake:
        yield fake


@pytest.fixture
def twilio(_twilio: Fake) -> Fake:
    return as_new(_twilio)


@pytest.fixture
def sms_settings(twilio: Fake) -> Sms:
    account = {"account_sid": "AC" + "0123456789abcdef" * 2, "auth_token": "fedcba9876543210" * 2}
    return Sms(**account, **{"from": NUMBER}, api_url=twilio.url)


@pytest.fixture
def sms_api(sms_settings: Sms) -> SmsApi:
    return SmsApi(sms_settings, "http://127.0.0.1:9")


@pytest.fixture(scope="session")
def _smtp() -> Iterator[Fake]:
    with launched("smtp", "--user", "hr", "--password", "p@ss word") as fake:
        yield fake


@pytest.fixture
def smtp(_smtp: Fake) -> Fake:
    return as_new(_smtp)


@pytest.fixture
def email_api(smtp: Fake) -> EmailApi:
    return EmailApi(email_settings(smtp))


def email_settings(smtp: Fake, login: str = "hr:p%40ss%20word@") -> Email:
    """The account at the fake; its own address shows the password as it is."""
    address = smtp.get("/_fake/state")["url"].rpartition("@")[2].rpartition("/")[2]
    scheme = smtp.get("/_fake/state")["url"].partition(":")[0]
    return Email(url=f"{scheme}://{login}{address}", **{"from": "暖记培训 <hr@nuanji.example>"})


@pytest.fixture
def staff_accounts(robots: Fake) -> dict[str, str]:
    """What the environment says where the fake's accounts are ours."""
    found: dict[str, str] = robots.get("/_fake/state")["environment"]
    return found


@pytest.fixture
def wecom_settings(staff_accounts: dict[str, str]) -> Wecom:
    return Wecom(
        **{
            name: staff_accounts[f"WECOM_{name.upper()}"]
            for name in ("corp_id", "agent_id", "secret", "token", "aes_key", "api_url")
        }
    )


@pytest.fixture
def wecom_api(wecom_settings: Wecom) -> WecomApi:
    return WecomApi(wecom_settings, SharedTokens(None, wecom_settings.account, of="wecom"))


@pytest.fixture
def wecom_robot(staff_accounts: dict[str, str]) -> GroupRobot:
    return GroupRobot(settings.WecomRobot(url=staff_accounts["WECOM_WEBHOOK_URL"]))


@pytest.fixture
def dingtalk_settings(staff_accounts: dict[str, str]) -> DingtalkRobot:
    return DingtalkRobot(url=staff_accounts["DINGTALK_WEBHOOK_URL"], secret=staff_accounts["DINGTALK_SECRET"])


@pytest.fixture
def feishu_settings(staff_accounts: dict[str, str]) -> FeishuRobot:
    return FeishuRobot(url=staff_accounts["FEISHU_WEBHOOK_URL"], secret=staff_accounts["FEISHU_SECRET"])
