"""Whatever a provider answers, one error of ours says what to do: nothing that may have been sent is called sent or
failed, and nothing else is ever raised."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bot.channels.dingtalk import Dingtalk
from bot.channels.email import EmailApi
from bot.channels.feishu import Feishu
from bot.channels.registry import Sender
from bot.channels.twilio.sender import SmsApi
from bot.channels.wechat.sender import WechatApi
from bot.channels.wecom.robot import GroupRobot
from bot.channels.wecom.sender import WecomApi
from bot.errors import DeliveryError, TryLater, Unknown
from bot.settings import DingtalkRobot, Email, FeishuRobot
from bot.values.message import ChannelMessage
from fakes.launch import Fake
from tests.bot.channels.conftest import OPENID
from tests.conftest import NOW

GARBAGE = {
    "empty": "",
    "object": "{}",
    "list": "[]",
    "null": "null",
    "number": "5",
    "text": '"x"',
    "true": "true",
    "binary": "\x00\x01\x02",
    "cut": '{"sid": "SM',
    "deep": "[" * 100_000,
    "deep object": '{"a":' * 100_000,
    "long number": '{"errcode": ' + "9" * 5_000 + "}",
    "errcode text": '{"errcode": "x", "code": "x"}',
    "errcode true": '{"errcode": true, "code": true, "sid": true}',
    "errcode list": '{"errcode": [], "code": [], "sid": []}',
    "errcode null": '{"errcode": null, "code": null, "sid": null}',
    "not finite": '{"errcode": Infinity, "code": NaN, "sid": Infinity}',
    "odd dates": '{"sid": {}, "date_created": "yesterday", "date_sent": 5}',
}
TOKENS = {
    "expires text": '{"access_token": "t", "expires_in": "abc", "errcode": 0}',
    "expires list": '{"access_token": "t", "expires_in": [1], "errcode": 0}',
    "expires infinite": '{"access_token": "t", "expires_in": Infinity, "errcode": 0}',
    "expires long": '{"access_token": "t", "expires_in": 1' + "0" * 300 + ', "errcode": 0}',
    "token list": '{"access_token": ["t"], "expires_in": 7200, "errcode": 0}',
    "token surrogate": '{"access_token": "\\ud800", "expires_in": 7200, "errcode": 0}',
    "code text": '{"errcode": "x"}',
    "code list": '{"errcode": [40013]}',
}
PLACES = {
    "sms": "Messages.json",
    "service": "/message/custom/send",
    "template": "/message/template/send",
    "subscription": "/message/subscribe/bizsend",
    "wecom": "/message/send",
    "wecom_robot": "/webhook/send",
    "dingtalk": "/robot/send",
    "feishu": "/hook/",
}


@pytest.fixture
def senders(
    sms_api: SmsApi,
    wechat_api: WechatApi,
    wecom_api: WecomApi,
    wecom_robot: GroupRobot,
    dingtalk_settings: DingtalkRobot,
    feishu_settings: FeishuRobot,
) -> dict[str, Sender]:
    wechat = dict.fromkeys(("service", "template", "subscription"), wechat_api)
    robots = {"wecom_robot": wecom_robot, "dingtalk": Dingtalk(dingtalk_settings), "feishu": Feishu(feishu_settings)}
    return {"sms": sms_api, "wecom": wecom_api, **wechat, **robots}


@pytest.fixture
def providers(twilio: Fake, wechat: Fake, robots: Fake) -> dict[str, Fake]:
    of_staff = dict.fromkeys(("wecom", "wecom_robot", "dingtalk", "feishu"), robots)
    return {"sms": twilio, **dict.fromkeys(("service", "template", "subscription"), wechat), **of_staff}


def letter(via: str) -> ChannelMessage:
    to = {"sms": "+14155550100", "dingtalk": "", "feishu": ""}.get(via, "qian.duo" if "wecom" in via else OPENID)
    form = {"name": "training", "values": {"place": "上海", "start": "2026年12月1日 09:00"}, "url": "https://x.example"}
    return ChannelMessage(7, to, "Hello", via, form if via in ("template", "subscription") else {})


@pytest.mark.parametrize("said", GARBAGE)
@pytest.mark.parametrize("via", PLACES)
def test_an_answer_that_cannot_be_read_leaves_a_message_in_doubt(
    senders: dict[str, Sender], providers: dict[str, Fake], via: str, said: str
) -> None:
    for status in (200, 201):
        providers[via].fault(PLACES[via], "answer", body=GARBAGE[said], status=status)
        with pytest.raises(DeliveryError) as wrong:
            senders[via].send(letter(via))
        assert type(wrong.value) is Unknown, wrong.value


@pytest.mark.parametrize("said", GARBAGE)
@pytest.mark.parametrize("via", PLACES)
def test_a_refusal_that_cannot_be_read_is_an_error_of_ours(
    senders: dict[str, Sender], providers: dict[str, Fake], via: str, said: str
) -> None:
    for status in (400, 503):
        providers[via].fault(PLACES[via], "answer", body=GARBAGE[said], status=status)
        with pytest.raises(DeliveryError):
            senders[via].send(letter(via))


NO_TOKENS = {name: said for name, said in (GARBAGE | TOKENS).items() if not name.startswith("expires")}


@pytest.mark.parametrize("said", NO_TOKENS)
@pytest.mark.parametrize(("via", "path"), [("service", "stable_token"), ("wecom", "gettoken")])
def test_a_token_that_cannot_be_read_has_sent_nothing(
    senders: dict[str, Sender], providers: dict[str, Fake], via: str, path: str, said: str
) -> None:
    providers[via].fault(path, "answer", body=NO_TOKENS[said])
    with pytest.raises(TryLater):
        senders[via].send(letter(via))
    assert providers[via].sends() == []


@pytest.mark.parametrize("said", [name for name in TOKENS if name.startswith("expires")])
@pytest.mark.parametrize(("via", "path"), [("service", "stable_token"), ("wecom", "gettoken")])
def test_a_token_whose_end_cannot_be_read_costs_no_message(
    senders: dict[str, Sender], providers: dict[str, Fake], via: str, path: str, said: str
) -> None:
    providers[via].fault(path, "answer", body=TOKENS[said])
    senders[via].send(letter(via))
    assert len(providers[via].sends()) == 1


@pytest.mark.parametrize("said", GARBAGE)
def test_a_list_of_messages_that_cannot_be_read_is_asked_for_again(twilio: Fake, sms_api: SmsApi, said: str) -> None:
    twilio.fault("Messages.json", "answer", body=GARBAGE[said])
    with pytest.raises(TryLater):
        sms_api.find(letter("sms"), NOW, ())


@pytest.mark.parametrize(
    "odd",
    [5, None, [], {"sid": 5}, {"date_created": "yesterday"}, {"date_created": None}, {"date_created": "-0000"}],
)
def test_a_message_in_the_list_that_cannot_be_read_is_not_taken_for_none(
    twilio: Fake, sms_api: SmsApi, odd: Any
) -> None:
    like = {"sid": "SM1", "direction": "outbound-api", "body": "Hello", "status": "sent", "date_created": "x"}
    listed = {"messages": [like | odd if isinstance(odd, dict) else odd]}
    twilio.fault("Messages.json", "answer", body=json.dumps(listed))
    with pytest.raises(TryLater):
        sms_api.find(letter("sms"), NOW, ())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("via", [*PLACES, "stable_token", "gettoken"])
def test_a_provider_leads_nobody_elsewhere(
    senders: dict[str, Sender], providers: dict[str, Fake], via: str, status: int
) -> None:
    road = {"stable_token": "service", "gettoken": "wecom"}.get(via, via)
    with _listener() as (url, heard):
        providers[road].fault(PLACES.get(via, via), "answer", status=status, location=url)
        with pytest.raises(DeliveryError):
            senders[road].send(letter(road))
        assert heard == []


@pytest.mark.parametrize("answer", ["334 !!!not base64!!!", "334 ", "garbage", "999 x", "\x00", "250-" * 30_000])
def test_a_mail_server_that_talks_nonsense_has_taken_nothing(answer: str) -> None:
    with _mail_server(answer) as port:
        mail = EmailApi(Email(url=f"smtp://hr:secret@127.0.0.1:{port}", **{"from": "hr@nuanji.example"}))
        with pytest.raises(DeliveryError) as wrong:
            mail.send(ChannelMessage(7, "wang@example.com", "Hello", "email"))
        assert type(wrong.value) is not Unknown


@contextmanager
def _listener() -> Iterator[tuple[str, list[bytes]]]:
    heard: list[bytes] = []

    class Keeps(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heard.append(self.request.recv(65536))

    with _served(Keeps) as port:
        yield f"http://127.0.0.1:{port}/", heard


@contextmanager
def _mail_server(answer: str) -> Iterator[int]:
    """Says hello as it should, and to who logs in whatever it is told to."""

    class Talks(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 hello\r\n")
            while line := self.rfile.readline():
                known = b"250-hello\r\n250 AUTH CRAM-MD5 PLAIN LOGIN\r\n" if line.startswith(b"ehlo") else None
                self.wfile.write(known or answer.encode() + b"\r\n")

    with _served(Talks) as port:
        yield port


@contextmanager
def _served(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
