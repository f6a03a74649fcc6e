"""A channel that has an account can send; one that has none is no road."""

from bot.channels.email import EmailApi
from bot.channels.registry import senders
from bot.settings import DingtalkRobot, Email, FeishuRobot, Settings, Sms, Wechat, Wecom, WecomRobot
from bot.values.message import STAFF_ROADS


def test_every_channel_with_an_account_can_send(settings: Settings) -> None:
    mail = Email(url="smtp://127.0.0.1:25", **{"from": "hr@nuanji.example"})
    assert senders(settings).keys() == {"wechat", "sms"}
    found = senders(settings.model_copy(update={"email": mail}))
    assert found.keys() == {"wechat", "sms", "email"}
    assert isinstance(found["email"], EmailApi)
    staff = {
        "wecom": Wecom(corp_id="ww1", agent_id=7, secret="s"),
        "wecom_robot": WecomRobot(url="https://x.example/?key=1"),
        "dingtalk": DingtalkRobot(url="https://x.example/?access_token=1"),
        "feishu": FeishuRobot(url="https://x.example/1"),
    }
    found = senders(settings.model_copy(update=staff))
    assert found.keys() == {"wechat", "sms", *staff}
    assert set(STAFF_ROADS) == staff.keys()
    for part in ("corp_id", "agent_id", "secret"):
        lacking = staff["wecom"].model_copy(update={part: type(getattr(staff["wecom"], part))()})
        assert "wecom" not in senders(settings.model_copy(update={"wecom": lacking}))
    nothing = {"wechat": Wechat(), "sms": Sms(), "email": Email(url="smtp://127.0.0.1:25")}
    assert senders(settings.model_copy(update=nothing)) == {}
