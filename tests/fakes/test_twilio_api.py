"""The fake's Messages resource, driven by Twilio's own client."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from bot.platform import clock
from fakes.launch import Fake
from tests.fakes.callback import Callback
from tests.fakes.conftest import SERVICE

SID, TOKEN, OURS, THEIRS = "AC" + "0123456789abcdef" * 2, "fedcba9876543210" * 2, "+12025550123", "+14155550100"
ORDER = ["sending", "sent", "delivered"]


@pytest.fixture
def client(twilio: Fake) -> Client:
    client = Client(SID, TOKEN, http_client=TwilioHttpClient(timeout=5))
    client.api.base_url = twilio.url
    return client


def send(client: Client, **fields: Any) -> Any:
    return client.messages.create(**({"to": THEIRS, "from_": OURS, "body": "hi"} | fields))


def refused(client: Client, **fields: Any) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as error:
        send(client, **fields)
    return error.value.status, error.value.code


def told(server: Callback) -> list[str]:
    return [dict(called.form)["MessageStatus"] for called in server.calls if called.path == "/status"]


def test_a_message_from_a_number_is_queued_then_delivered(client: Client, twilio: Fake, server: Callback) -> None:
    message = send(client, body="你好")
    assert (message.status, message.num_segments, message.from_) == ("queued", "1", OURS)
    twilio.idle()
    assert told(server) == ORDER
    assert client.messages(message.sid).fetch().status == "delivered"
    assert [(line["content"], line["encoding"]) for line in twilio.chat(THEIRS)] == [("你好", "UCS-2")]


def test_a_message_through_a_service_is_accepted_first(client: Client, twilio: Fake, server: Callback) -> None:
    message = send(client, from_=None, messaging_service_sid=SERVICE)
    assert (message.status, message.num_segments, message.from_) == ("accepted", "0", None)
    twilio.idle()
    assert told(server) == ["queued", *ORDER]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "+1500"}, 21211),
        ({"to": "12025550100"}, 21211),
        ({"to": ""}, 21604),
        ({"from_": None}, 21603),
        ({"from_": "+12025559999"}, 21606),
        ({"to": OURS}, 21266),
        ({"messaging_service_sid": "MG" + "1" * 32}, 21705),
        ({"body": None}, 21602),
        ({"body": "a" * 1601}, 21617),
        ({"status_callback": "http://my_host/x"}, 21609),
        ({"status_callback": "nonsense"}, 21609),
        ({"validity_period": 36001}, 21624),
        ({"validity_period": 0}, 21624),
        ({"schedule_type": "fixed"}, 35111),
        ({"schedule_type": "fixed", "send_at": "2030-01-01T00:00:00Z"}, 35118),
        ({"to": "+862154345678"}, 21614),
    ],
)
def test_a_faulty_request_is_refused_at_once(client: Client, twilio: Fake, fields: dict[str, Any], code: int) -> None:
    assert refused(client, **fields) == (400, code)
    assert twilio.sends() == []


def test_wrong_credentials_are_refused(twilio: Fake) -> None:
    url = f"{twilio.url}/2010-04-01/Accounts/{SID}/Messages.json"
    for auth in (None, (SID, "wrong"), ("AC" + "1" * 32, TOKEN)):
        response = requests.get(url, auth=auth, timeout=5)
        assert (response.status_code, response.json()["code"]) == (401, 20003)


def test_a_number_can_be_dead_or_refused(client: Client, twilio: Fake, server: Callback) -> None:
    twilio.post("/_fake/phone", number=THEIRS, final="undelivered", error_code=30005)
    message = send(client)
    twilio.idle()
    assert client.messages(message.sid).fetch().error_code == 30005
    assert dict(server.calls[-1].form)["ErrorCode"] == "30005"
    assert [line["type"] for line in twilio.chat(THEIRS)] == ["failure"]
    twilio.post("/_fake/phone", number=THEIRS, refuse=21408)
    assert refused(client) == (400, 21408)


def test_who_opted_out_is_not_reached(client: Client, twilio: Fake) -> None:
    twilio.push({"from": THEIRS, "body": "stop"})
    assert refused(client) == (400, 21610)
    twilio.post("/_fake/mode", service_optout="async")
    message = send(client, from_=None, messaging_service_sid=SERVICE)
    twilio.idle()
    fetched = client.messages(message.sid).fetch()
    assert (fetched.status, fetched.error_code) == ("failed", 21610)
    twilio.push({"from": THEIRS, "body": "START"})
    assert send(client).status == "queued"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("【暖锅】培训时间是12月3日", None),
        ("查看 https://x.cn/a", 30007),
        ("请看 www.example.com", 30007),
        ("好" * 501, 30007),
    ],
)
def test_texts_to_mainland_china_are_filtered(client: Client, twilio: Fake, body: str, error: int | None) -> None:
    message = send(client, to="+8613800138000", body=body)
    twilio.idle()
    assert client.messages(message.sid).fetch().error_code == error


def test_only_registered_templates_pass_when_there_are_some(client: Client, twilio: Fake) -> None:
    twilio.post("/_fake/mode", china_templates=["【暖锅】培训时间是.+"])
    good = send(client, to="+8613800138000", body="【暖锅】培训时间是12月3日")
    bad = send(client, to="+8613800138000", body="你好")
    twilio.idle()
    assert [client.messages(message.sid).fetch().error_code for message in (good, bad)] == [None, 30007]


def test_messages_are_listed_by_number_and_time_in_pages(client: Client, twilio: Fake) -> None:
    sids = [send(client, body=str(number)).sid for number in range(5)]
    twilio.push({"from": THEIRS, "body": "in"})
    now = clock.now()
    listed = client.messages.list(to=THEIRS, date_sent_after=now - timedelta(minutes=5), page_size=2)
    assert sorted(message.sid for message in listed) == sorted(sids)
    assert client.messages.list(to=THEIRS, date_sent_after=now + timedelta(minutes=5)) == []
    inbound = client.messages.list(from_=THEIRS, date_sent=now.date())
    assert [(message.direction, message.body) for message in inbound] == [("inbound", "in")]


def test_an_inbound_message_is_listed_though_the_webhook_failed(client: Client, twilio: Fake) -> None:
    twilio.callback("http://127.0.0.1:9/sms")
    assert twilio.push({"from": THEIRS, "body": "anybody?"})["good"] is False
    assert [message.body for message in client.messages.list(to=OURS)] == ["anybody?"]


def test_a_scheduled_message_goes_when_its_time_comes(client: Client, twilio: Fake, server: Callback) -> None:
    at = clock.now() + timedelta(hours=1)
    fields = {"from_": None, "messaging_service_sid": SERVICE, "schedule_type": "fixed"}
    message = send(client, send_at=at, **fields)
    canceled = send(client, send_at=at, **fields)
    canceled.update(status="canceled")
    assert (message.status, twilio.chat(THEIRS)) == ("scheduled", [])
    twilio.pass_time(3601)
    twilio.idle()
    assert client.messages(message.sid).fetch().status == "delivered"
    assert client.messages(canceled.sid).fetch().status == "canceled"
    assert len(twilio.chat(THEIRS)) == 1
    assert refused(client, send_at=clock.now() + timedelta(hours=1, minutes=2), **fields) == (400, 35115)


def test_a_message_can_be_redacted_and_deleted(client: Client, twilio: Fake) -> None:
    message = send(client, body="secret")
    twilio.idle()
    assert client.messages(message.sid).update(body="").body == ""
    assert client.messages(message.sid).delete() is True
    with pytest.raises(TwilioRestException) as error:
        client.messages(message.sid).fetch()
    assert (error.value.status, error.value.code) == (404, 20404)


@pytest.mark.parametrize("order", ["shuffled", "reversed"])
def test_callbacks_can_come_in_any_order_and_twice(client: Client, twilio: Fake, server: Callback, order: str) -> None:
    twilio.post("/_fake/statuses", order=order, duplicates=True)
    send(client)
    twilio.idle()
    assert told(server) != sorted(told(server), key=ORDER.index)
    assert sorted(told(server)) == sorted(ORDER * 2)


def test_callbacks_can_be_lost_or_beat_the_response(client: Client, twilio: Fake, server: Callback) -> None:
    twilio.post("/_fake/statuses", drop=["sent"], before_response=True)
    message = send(client)
    assert told(server) == ["sending", "delivered"]
    assert message.status == "queued"


def test_a_message_can_be_moved_by_hand(client: Client, twilio: Fake, server: Callback) -> None:
    twilio.post("/_fake/statuses", auto=False)
    message = send(client)
    assert (told(server), twilio.chat(THEIRS)) == ([], [])
    twilio.post("/_fake/status", sid=message.sid, status="delivered")
    assert (told(server), len(twilio.chat(THEIRS))) == (["delivered"], 1)
    late = send(client, validity_period=60)
    twilio.pass_time(61)
    twilio.idle()
    assert client.messages(late.sid).fetch().error_code == 30036


def test_too_many_requests_create_nothing(client: Client, twilio: Fake) -> None:
    twilio.fault("Messages.json", "429")
    assert refused(client) == (429, 20429)
    assert (twilio.sends(), send(client).status) == ([], "queued")


def test_a_server_error_may_have_created_the_message(client: Client, twilio: Fake) -> None:
    twilio.fault("Messages.json", "errcode", errcode=20500, when="after")
    assert refused(client) == (500, 20500)
    assert twilio.get("/_fake/ambiguous") == {"sends": 1, "ambiguous": 1}


@pytest.mark.parametrize(("kind", "sent"), [("reset_before_commit", 0), ("reset_after_commit", 1)])
def test_a_reset_call_was_sent_or_not_as_told(client: Client, twilio: Fake, kind: str, sent: int) -> None:
    twilio.fault("Messages.json", kind)
    with pytest.raises(requests.ConnectionError):
        send(client)
    assert len(client.messages.list(to=THEIRS)) == sent


def test_a_call_can_hang_after_it_took_effect(twilio: Fake, server: Callback) -> None:
    twilio.fault("Messages.json", "hang_after_commit", seconds=0.5)
    url = f"{twilio.url}/2010-04-01/Accounts/{SID}/Messages.json"
    with pytest.raises(requests.Timeout):
        requests.post(url, data={"To": THEIRS, "From": OURS, "Body": "x"}, auth=(SID, TOKEN), timeout=0.2)
    twilio.idle()
    assert (twilio.get("/_fake/ambiguous")["ambiguous"], told(server)) == (1, ORDER)
