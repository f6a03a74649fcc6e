"""A channel that has an account can send; one that has none is no road."""

from bot.channels.email_api import EmailApi
from bot.channels.senders import senders
from bot.settings import Email, Settings, Sms, Wechat


def test_every_channel_with_an_account_can_send(settings: Settings) -> None:
    mail = Email(url="smtp://127.0.0.1:25", **{"from": "hr@nuanji.example"})
    assert senders(settings).keys() == {"wechat", "sms"}
    found = senders(settings.model_copy(update={"email": mail}))
    assert found.keys() == {"wechat", "sms", "email"}
    assert isinstance(found["email"], EmailApi)
    nothing = {"wechat": Wechat(), "sms": Sms(), "email": Email(url="smtp://127.0.0.1:25")}
    assert senders(settings.model_copy(update=nothing)) == {}
