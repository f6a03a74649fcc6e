"""The fake's Official Account API enforces what the platform documents."""

import json
from typing import Any

import pytest
import requests

from fakes.launch import Fake
from tests.fakes.callback import Callback, Said

APP = {"appid": "wx0123456789abcdef", "secret": "0123456789abcdef0123456789abcdef"}
GRANT = APP | {"grant_type": "client_credential"}


def stable(wechat: Fake, **more: Any) -> dict[str, Any]:
    return _json(requests.post(wechat.url + "/cgi-bin/stable_token", json=GRANT | more, timeout=10))


def post(wechat: Fake, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
    token = token or stable(wechat)["access_token"]
    data = json.dumps(body, ensure_ascii=False).encode()
    return _json(requests.post(f"{wechat.url}{path}?access_token={token}", data=data, timeout=10))


def get(wechat: Fake, path: str, **query: Any) -> dict[str, Any]:
    query = {"access_token": stable(wechat)["access_token"]} | query
    return _json(requests.get(wechat.url + path, params=query, timeout=10))


def text(openid: str, content: str = "你好") -> dict[str, Any]:
    return {"touser": openid, "msgtype": "text", "text": {"content": content}}


def send(wechat: Fake, body: dict[str, Any]) -> int:
    return int(post(wechat, "/cgi-bin/message/custom/send", body)["errcode"])


def _json(response: requests.Response) -> dict[str, Any]:
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json; encoding=utf-8"
    body: dict[str, Any] = response.json()
    return body


def speak(wechat: Fake, openid: str = "o1") -> None:
    wechat.push(openid=openid, kind="text", content="在吗")


def test_a_message_opens_five_sends_for_48_hours(wechat: Fake) -> None:
    speak(wechat)
    assert [send(wechat, text("o1")) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    speak(wechat)
    assert send(wechat, text("o1")) == 0
    wechat.pass_time(48 * 3600)
    assert send(wechat, text("o1")) == 45015


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/_fake/follow", {}),
        ("/_fake/scan", {"scene": "KW8F3D"}),
        ("/_fake/menu", {"key": "stage"}),
    ],
)
def test_other_triggers_open_three_sends_for_a_minute(wechat: Fake, path: str, order: dict[str, str]) -> None:
    wechat.post("/_fake/person", openid="o1", following=True)
    wechat.post(path, {"openid": "o1"} | order)
    assert [send(wechat, text("o1")) for _ in range(4)] == [0, 0, 0, 45047]
    wechat.post(path, {"openid": "o1"} | order)
    wechat.pass_time(60)
    assert send(wechat, text("o1")) == 45015


def test_strangers_and_those_who_left_cannot_be_reached(wechat: Fake) -> None:
    assert send(wechat, text("nobody")) == 40003
    speak(wechat)
    wechat.post("/_fake/unfollow", openid="o1")
    assert send(wechat, text("o1")) == 43004


def test_a_text_fits_2048_bytes_and_not_one_more(wechat: Fake) -> None:
    speak(wechat)
    assert send(wechat, text("o1", "好" * 682 + "ab")) == 0
    assert send(wechat, text("o1", "好" * 683)) == 45002


def test_escaped_characters_are_refused(wechat: Fake) -> None:
    speak(wechat)
    token = stable(wechat)["access_token"]
    url = f"{wechat.url}/cgi-bin/message/custom/send?access_token={token}"
    escaped = _json(requests.post(url, data=json.dumps(text("o1")), timeout=10))
    assert escaped["errcode"] == 40033
    backslash = _json(requests.post(url, data=json.dumps(text("o1", "\\u4f60")), timeout=10))
    assert backslash["errcode"] == 0


def test_every_kind_of_message_reaches_the_chat(wechat: Fake) -> None:
    speak(wechat)
    choices = [{"id": "101", "content": "可以"}, {"id": "102", "content": "改期"}]
    article = {"title": "第一天", "description": "…", "url": "https://x.example", "picurl": ""}
    assert send(wechat, {"touser": "o1", "msgtype": "msgmenu", "msgmenu": {"head_content": "?", "list": choices}}) == 0
    assert send(wechat, {"touser": "o1", "msgtype": "news", "news": {"articles": [article]}}) == 0
    assert send(wechat, {"touser": "o1", "msgtype": "news", "news": {"articles": [article] * 2}}) == 45008
    assert send(wechat, {"touser": "o1", "msgtype": "image", "image": {"media_id": "none"}}) == 40007
    assert send(wechat, {"touser": "o1", "msgtype": "smoke"}) == 40008
    assert [message["type"] for message in wechat.chat("o1")] == ["text", "msgmenu", "news"]


def test_errors_end_with_a_request_id(wechat: Fake) -> None:
    assert " rid: " in post(wechat, "/cgi-bin/message/custom/send", text("nobody"))["errmsg"]


def test_the_old_token_call_kills_the_token_before(wechat: Fake) -> None:
    speak(wechat)
    first = _json(requests.get(wechat.url + "/cgi-bin/token", params=GRANT, timeout=10))["access_token"]
    second = _json(requests.get(wechat.url + "/cgi-bin/token", params=GRANT, timeout=10))["access_token"]
    path = "/cgi-bin/message/custom/send"
    assert post(wechat, path, text("o1"), first)["errcode"] == 40001
    assert post(wechat, path, text("o1"), second)["errcode"] == 0
    wechat.pass_time(7200)
    assert post(wechat, path, text("o1"), second)["errcode"] == 42001


def test_a_stable_token_stays_until_five_minutes_before_its_end(wechat: Fake) -> None:
    first = stable(wechat)
    wechat.pass_time(6000)
    again = stable(wechat)
    assert again["access_token"] == first["access_token"]
    assert again["expires_in"] <= 1200
    wechat.pass_time(1000)
    assert stable(wechat)["access_token"] != first["access_token"]


def test_a_forced_refresh_kills_the_token_and_is_rationed(wechat: Fake) -> None:
    first = stable(wechat)["access_token"]
    forced = stable(wechat, force_refresh=True)["access_token"]
    assert forced != first
    assert post(wechat, "/cgi-bin/message/custom/send", text("o1"), first)["errcode"] == 40001
    assert stable(wechat, force_refresh=True)["access_token"] == forced
    for _ in range(19):
        wechat.pass_time(30)
        assert "access_token" in stable(wechat, force_refresh=True)
    wechat.pass_time(30)
    assert stable(wechat, force_refresh=True)["errcode"] == 45009


def test_wrong_credentials_get_no_token(wechat: Fake) -> None:
    assert stable(wechat, secret="wrong")["errcode"] == 40125
    assert stable(wechat, appid="wrong")["errcode"] == 40013


def test_a_template_is_sent_once_in_ten_minutes_for_one_client_msg_id(wechat: Fake) -> None:
    wechat.post("/_fake/person", openid="o1", following=True)
    body = {"touser": "o1", "template_id": "T", "client_msg_id": "M1", "data": {"thing2": {"value": "入职培训"}}}
    first = post(wechat, "/cgi-bin/message/template/send", body)
    again = post(wechat, "/cgi-bin/message/template/send", body)
    assert (first["errcode"], again["msgid"]) == (0, first["msgid"])
    assert first["msgid"] > 2**53
    wechat.pass_time(600)
    assert post(wechat, "/cgi-bin/message/template/send", body)["msgid"] != first["msgid"]
    assert [message["via"] for message in wechat.chat("o1")] == ["template", "template"]


def test_the_result_of_a_template_is_pushed_later(wechat: Fake, server: Callback) -> None:
    wechat.post("/_fake/person", openid="o1", following=True, template_result="failed:user block")
    sent = post(wechat, "/cgi-bin/message/template/send", {"touser": "o1", "template_id": "T", "data": {}})
    wechat.idle()
    body = server.calls[-1].body.decode()
    assert f"<MsgID>{sent['msgid']}</MsgID>" in body
    assert "TEMPLATESENDJOBFINISH" in body
    assert "failed:user block" in body
    assert wechat.chat("o1") == []


@pytest.mark.parametrize(
    ("field", "value", "errcode"),
    [
        ("thing2", "字" * 20, 0),
        ("thing2", "字" * 21, 47003),
        ("thing2", "", 47003),
        ("phrase1", "已通过", 0),
        ("phrase1", "面试已经通过", 47003),
        ("character_string3", "KW-8F3D", 0),
        ("character_string3", "编号8", 47003),
        ("time4", "2026-12-03 09:00", 0),
        ("time4", "2026年12月3日 09:00~17:30", 0),
        ("time4", "下周三", 47003),
        ("number5", "12.5", 0),
        ("number5", "十二", 47003),
    ],
)
def test_template_fields_keep_their_rules(wechat: Fake, field: str, value: str, errcode: int) -> None:
    wechat.post("/_fake/person", openid="o1", following=True)
    body = {"touser": "o1", "template_id": "T", "data": {field: {"value": value}}}
    assert post(wechat, "/cgi-bin/message/template/send", body)["errcode"] == errcode


def test_a_subscription_notice_spends_one_consent(wechat: Fake, server: Callback) -> None:
    wechat.post("/_fake/person", openid="o1", following=True)
    body = {"touser": "o1", "template_id": "S", "data": {"thing1": {"value": "培训"}}}
    assert post(wechat, "/cgi-bin/message/subscribe/bizsend", body)["errcode"] == 43101
    wechat.post("/_fake/subscribe", openid="o1", template_id="S", answer="accept")
    assert b"<SubscribeStatusString><![CDATA[accept]]></SubscribeStatusString>" in server.calls[-1].body
    assert post(wechat, "/cgi-bin/message/subscribe/bizsend", body)["errcode"] == 0
    assert post(wechat, "/cgi-bin/message/subscribe/bizsend", body)["errcode"] == 43101
    wechat.idle()
    assert b"subscribe_msg_sent_event" in server.calls[-1].body


def test_a_scanned_qr_code_tells_its_scene(wechat: Fake, server: Callback) -> None:
    body = {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "KW8F3D"}}, "expire_seconds": 600}
    made = post(wechat, "/cgi-bin/qrcode/create", body)
    image = requests.get(wechat.url + "/cgi-bin/showqrcode", params={"ticket": made["ticket"]}, timeout=10)
    assert image.content.startswith(b"\x89PNG")
    wechat.post("/_fake/scan", openid="o1", ticket=made["ticket"])
    assert b"<EventKey><![CDATA[qrscene_KW8F3D]]></EventKey>" in server.calls[-1].body
    wechat.post("/_fake/scan", openid="o1", ticket=made["ticket"])
    assert b"<Event><![CDATA[SCAN]]></Event><EventKey><![CDATA[KW8F3D]]></EventKey>" in server.calls[-1].body
    wechat.pass_time(600)
    assert requests.get(image.url, timeout=10).status_code == 404


def test_a_menu_has_three_buttons_of_sixteen_bytes(wechat: Fake) -> None:
    assert get(wechat, "/cgi-bin/menu/get")["errcode"] == 46003
    button = {"type": "click", "name": "进度", "key": "stage"}
    assert post(wechat, "/cgi-bin/menu/create", {"button": [button] * 4})["errcode"] == 40016
    assert post(wechat, "/cgi-bin/menu/create", {"button": [button | {"name": "我的入职进度"}]})["errcode"] == 40018
    assert post(wechat, "/cgi-bin/menu/create", {"button": [button]})["errcode"] == 0
    assert get(wechat, "/cgi-bin/menu/get")["menu"] == {"button": [button]}
    assert get(wechat, "/cgi-bin/menu/delete")["errcode"] == 0


def test_media_goes_up_and_comes_down(wechat: Fake) -> None:
    token = stable(wechat)["access_token"]
    url = f"{wechat.url}/cgi-bin/media/upload?access_token={token}&type=image"
    media = _json(requests.post(url, files={"media": ("a.png", b"\x89PNG1", "image/png")}, timeout=10))
    query = {"access_token": token, "media_id": media["media_id"]}
    assert requests.get(wechat.url + "/cgi-bin/media/get", params=query, timeout=10).content == b"\x89PNG1"
    assert get(wechat, "/cgi-bin/media/get", media_id="none")["errcode"] == 40007


def test_an_oauth_code_works_once(wechat: Fake) -> None:
    code = wechat.post("/_fake/oauth", openid="o1")["code"]
    query = APP | {"grant_type": "authorization_code", "code": code}
    url = wechat.url + "/sns/oauth2/access_token"
    assert _json(requests.get(url, params=query, timeout=10))["openid"] == "o1"
    assert _json(requests.get(url, params=query, timeout=10))["errcode"] == 40163
    assert _json(requests.get(url, params=query | {"code": "x"}, timeout=10))["errcode"] == 40029


def test_user_info_has_no_nickname(wechat: Fake) -> None:
    wechat.post("/_fake/follow", openid="o1", scene="KW8F3D")
    info = get(wechat, "/cgi-bin/user/info", openid="o1")
    assert (info["subscribe"], info["qr_scene_str"], "nickname" in info) == (1, "KW8F3D", False)
    wechat.post("/_fake/unfollow", openid="o1")
    assert get(wechat, "/cgi-bin/user/info", openid="o1")["subscribe"] == 0


def test_a_spent_daily_quota_can_be_cleared_ten_times_a_month(wechat: Fake) -> None:
    wechat.post("/_fake/mode", quotas={"/cgi-bin/user/info": 0})
    assert get(wechat, "/cgi-bin/user/info", openid="o1")["errcode"] == 45009
    body = {"appid": APP["appid"]}
    codes = [post(wechat, "/cgi-bin/clear_quota", body)["errcode"] for _ in range(11)]
    assert codes == [0] * 10 + [48006]


def test_typing_shows_until_the_message(wechat: Fake) -> None:
    speak(wechat)
    typing = {"touser": "o1", "command": "Typing"}
    assert post(wechat, "/cgi-bin/message/custom/typing", typing)["errcode"] == 0
    assert wechat.get("/_fake/state", openid="o1")["person"]["typing"] is True
    send(wechat, text("o1"))
    assert wechat.get("/_fake/state", openid="o1")["person"]["typing"] is False


@pytest.mark.parametrize(
    ("fault", "codes"), [({"errcode": -1}, [-1, 0]), ({"errcode": 40001, "times": 2}, [40001] * 2)]
)
def test_an_errcode_fault_strikes_as_often_as_told(wechat: Fake, fault: dict[str, int], codes: list[int]) -> None:
    speak(wechat)
    wechat.fault("custom/send", "errcode", **fault)
    assert [send(wechat, text("o1")) for _ in codes] == codes


def test_a_fault_may_last_for_ever_and_for_one_person(wechat: Fake) -> None:
    speak(wechat)
    speak(wechat, "o2")
    wechat.fault("custom/send", "errcode", errcode=40001, times="forever", to="o1")
    assert [send(wechat, text("o1")) for _ in range(3)] == [40001] * 3
    assert send(wechat, text("o2")) == 0


@pytest.mark.parametrize(
    ("kind", "sent"), [("reset_before_commit", 0), ("reset_after_commit", 1), ("hang_after_commit", 1), ("hang", 0)]
)
def test_a_broken_call_took_effect_or_not_as_told(wechat: Fake, kind: str, sent: int) -> None:
    speak(wechat)
    token = stable(wechat)["access_token"]
    wechat.fault("custom/send", kind, seconds=0.5)
    url = f"{wechat.url}/cgi-bin/message/custom/send?access_token={token}"
    with pytest.raises(requests.RequestException):
        requests.post(url, data=json.dumps(text("o1"), ensure_ascii=False).encode(), timeout=0.2)
    assert len(wechat.sends()) == sent
    assert wechat.get("/_fake/ambiguous") == {"sends": sent, "ambiguous": sent}


def test_a_gateway_error_is_no_json(wechat: Fake) -> None:
    wechat.fault("stable_token", "http", status=502)
    response = requests.post(wechat.url + "/cgi-bin/stable_token", json=GRANT, timeout=10)
    assert (response.status_code, response.headers["Content-Type"]) == (502, "text/html; charset=utf-8")


def test_calls_are_counted_by_path(wechat: Fake, server: Callback) -> None:
    server.says(Said("success"))
    stable(wechat)
    stable(wechat)
    assert wechat.calls() == {"/cgi-bin/stable_token": 2}
