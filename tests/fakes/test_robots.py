"""The fake of HR's chats keeps the platforms' rules, and says no in their words with HTTP 200."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
import requests

from bot.platform import clock
from fakes.launch import Fake
from tests.fakes.callback import Callback, Said


@pytest.fixture
def environment(robots: Fake) -> dict[str, str]:
    found: dict[str, str] = robots.get("/_fake/state")["environment"]
    return found


def post(url: str, body: Any, **query: Any) -> dict[str, Any]:
    answer = requests.post(url, json=body, params=query, timeout=10)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def text(content: str = "你好", **more: Any) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": content}} | more


def token(environment: dict[str, str], **other: str) -> dict[str, Any]:
    query = {"corpid": environment["WECOM_CORP_ID"], "corpsecret": environment["WECOM_SECRET"]} | other
    answer = requests.get(environment["WECOM_API_URL"] + "/cgi-bin/gettoken", params=query, timeout=10)
    found: dict[str, Any] = answer.json()
    return found


def to_app(environment: dict[str, str], body: dict[str, Any], good: str | None = None) -> dict[str, Any]:
    body = {"touser": "WangQing", "agentid": int(environment["WECOM_AGENT_ID"])} | body
    url = environment["WECOM_API_URL"] + "/cgi-bin/message/send"
    return post(url, body, access_token=token(environment)["access_token"] if good is None else good)


def to_dingtalk(environment: dict[str, str], body: Any, moment: float | None = None) -> dict[str, Any]:
    stamp, secret = str(int((moment or clock.now().timestamp()) * 1000)), environment["DINGTALK_SECRET"]
    seal = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return post(environment["DINGTALK_WEBHOOK_URL"], body, timestamp=stamp, sign=base64.b64encode(seal).decode())


def to_feishu(environment: dict[str, str], content: Any, moment: float | None = None, **more: Any) -> dict[str, Any]:
    stamp = str(int(moment or clock.now().timestamp()))
    seal = hmac.new(f"{stamp}\n{environment['FEISHU_SECRET']}".encode(), b"", hashlib.sha256).digest()
    signed = {"timestamp": stamp, "sign": base64.b64encode(seal).decode()}
    body = signed | {"msg_type": "text", "content": {"text": content}} | more
    return post(environment["FEISHU_WEBHOOK_URL"], body)


def test_a_token_stays_the_same_until_it_ends(robots: Fake, environment: dict[str, str]) -> None:
    first = token(environment)
    robots.pass_time(7000)
    assert token(environment)["access_token"] == first["access_token"]
    robots.pass_time(201)
    assert to_app(environment, text(), good=first["access_token"])["errcode"] == 42001
    assert token(environment)["access_token"] != first["access_token"]
    assert first["expires_in"] in (7199, 7200)


@pytest.mark.parametrize(
    ("query", "code"),
    [({"corpid": "x"}, 40013), ({"corpsecret": "x"}, 40001), ({"corpid": ""}, 41002), ({"corpsecret": ""}, 41004)],
)
def test_who_is_not_the_company_gets_no_token(environment: dict[str, str], query: dict[str, str], code: int) -> None:
    answer = token(environment, **query)
    assert answer["errcode"] == code
    assert ", hint: [" in answer["errmsg"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"agentid": 7} | text(), 40056),
        ({"msgtype": "dance"}, 40008),
        (text(""), 44004),
        ({"touser": ""} | text(), 40035),
        ({"touser": "|".join(f"u{number}" for number in range(1001))} | text(), 40035),
    ],
)
def test_the_application_refuses_what_is_no_message(
    environment: dict[str, str], body: dict[str, Any], code: int
) -> None:
    assert to_app(environment, body)["errcode"] == code


def test_a_token_is_needed(environment: dict[str, str]) -> None:
    assert to_app(environment, text(), good="x")["errcode"] == 40014
    assert to_app(environment, text(), good="")["errcode"] == 41001


def test_a_machine_that_is_on_no_list_is_refused(robots: Fake, environment: dict[str, str]) -> None:
    robots.post("/_fake/mode", foreign_address=True)
    assert token(environment)["errcode"] == 60020
    assert to_feishu(environment, "x")["code"] == 19022


def test_some_unknown_members_are_named_and_all_unknown_are_an_error(robots: Fake, environment: dict[str, str]) -> None:
    robots.post("/_fake/person", userid="LiLei", member=False)
    answer = to_app(environment, text(touser="WangQing|LiLei"))
    assert (answer["errcode"], answer["invaliduser"]) == (0, "lilei")
    assert answer["msgid"]
    assert to_app(environment, text(touser="LiLei"))["errcode"] == 81013
    assert [sent["to"] for sent in robots.sends()] == ["WangQing"]


def test_a_long_text_is_cut_without_a_word(robots: Fake, environment: dict[str, str]) -> None:
    assert to_app(environment, text("长" * 1000))["errcode"] == 0
    assert robots.chat("WangQing")[0]["content"] == "长" * 682


def test_more_than_thirty_a_minute_are_dropped_in_silence(robots: Fake, environment: dict[str, str]) -> None:
    good = token(environment)["access_token"]
    answers = [to_app(environment, text(str(number)), good)["errcode"] for number in range(32)]
    assert answers == [0] * 32
    assert len(robots.chat("WangQing")) == 30
    assert [each["why"] for each in robots.get("/_fake/state")["dropped"]] == ["rate", "rate"]
    robots.pass_time(60)
    to_app(environment, text("later"), good)
    assert len(robots.chat("WangQing")) == 31


def test_the_same_again_is_dropped_where_that_is_asked_for(robots: Fake, environment: dict[str, str]) -> None:
    good = token(environment)["access_token"]
    for more in ({}, {}, {"enable_duplicate_check": 1}):
        to_app(environment, text(**more), good)
    assert len(robots.chat("WangQing")) == 2
    robots.pass_time(1800)
    to_app(environment, text(enable_duplicate_check=1), good)
    assert len(robots.chat("WangQing")) == 3


def test_a_company_reaches_so_many_persons_a_day(robots: Fake, environment: dict[str, str]) -> None:
    robots.post("/_fake/mode", members=0)
    assert to_app(environment, text())["errcode"] == 45009


def test_wecoms_robot_keeps_its_rules(robots: Fake, environment: dict[str, str]) -> None:
    url = environment["WECOM_WEBHOOK_URL"]
    assert post(url + "x", text())["errcode"] == 93000
    assert post(url, text("长" * 683))["errcode"] == 40058
    assert post(url, {"msgtype": "dance"})["errcode"] == 40008
    assert post(url, text(""))["errcode"] == 44004
    assert [post(url, text())["errcode"] for _ in range(21)] == [0] * 20 + [45009]
    robots.pass_time(60)
    assert post(url, text("长" * 682))["errcode"] == 0
    assert len(robots.chat("wecom_robot")) == 21


def test_dingtalks_robot_keeps_its_rules(robots: Fake, environment: dict[str, str]) -> None:
    url = environment["DINGTALK_WEBHOOK_URL"]
    assert post(url + "x", text())["errcode"] == 300005
    assert post(url, text())["errcode"] == 310000
    assert to_dingtalk(environment, text(), clock.now().timestamp() - 3700)["errcode"] == 310000
    assert to_dingtalk(environment, text("x" * 20000))["errcode"] == 460101
    assert to_dingtalk(environment, {"msgtype": "dance"})["errcode"] == 400105
    robots.post("/_fake/mode", dingtalk_keywords="甲,乙")
    refused = to_dingtalk(environment, text("丙"))
    assert (refused["errcode"], refused["errmsg"].split(",")[0]) == (310000, "keywords not in content")
    assert to_dingtalk(environment, text("乙"))["errcode"] == 0


def test_dingtalks_robot_rests_for_ten_minutes_after_haste(robots: Fake, environment: dict[str, str]) -> None:
    assert [to_dingtalk(environment, text())["errcode"] for _ in range(21)] == [0] * 20 + [130101]
    robots.pass_time(599)
    assert to_dingtalk(environment, text(), clock.now().timestamp() + 599)["errcode"] == 130101
    robots.pass_time(2)
    assert to_dingtalk(environment, text(), clock.now().timestamp() + 601)["errcode"] == 0


def test_feishus_robot_keeps_its_rules(robots: Fake, environment: dict[str, str]) -> None:
    assert post(environment["FEISHU_WEBHOOK_URL"] + "x", {})["code"] == 19001
    assert post(environment["FEISHU_WEBHOOK_URL"], {"msg_type": "text"})["code"] == 19021
    assert to_feishu(environment, "x", clock.now().timestamp() - 3700)["code"] == 19021
    assert to_feishu(environment, "x", msg_type="dance")["code"] == 19002
    assert to_feishu(environment, "")["code"] == 9499
    assert to_feishu(environment, "x" * 20480)["code"] == 19036
    assert requests.post(environment["FEISHU_WEBHOOK_URL"], data=b"{", timeout=9).json()["code"] == 9499
    robots.post("/_fake/mode", feishu_keywords="甲")
    assert to_feishu(environment, "乙")["code"] == 19024
    taken = to_feishu(environment, "甲")
    assert taken["code"] == taken["StatusCode"] == 0


def test_feishus_robot_takes_five_a_second_and_a_hundred_a_minute(robots: Fake, environment: dict[str, str]) -> None:
    moment = float(int(clock.now().timestamp()))
    robots.post("/_fake/clock", stand=moment)
    assert [to_feishu(environment, "x", moment)["code"] for _ in range(6)] == [0] * 5 + [11232]
    codes = []
    for _ in range(20):
        robots.pass_time(1)
        codes += [to_feishu(environment, "x", moment)["code"] for _ in range(5)]
    assert codes == [0] * 95 + [11232] * 5


def test_what_an_application_answers_is_judged(robots: Fake, server: Callback) -> None:
    robots.callback(server.url + "/wecom")
    server.says(Said("hello"))
    result = robots.push(userid="WangQing", content="你好")
    assert (result["good"], len(result["deliveries"])) == (False, 4)
    assert len({(call.path, call.body) for call in server.calls}) == 1, "a try again is the same call"
    server.says(Said(status=500), Said("success"))
    assert len(robots.push(userid="WangQing", content="你好")["deliveries"]) == 2
    robots.post("/_fake/mode", cut=0.2)
    server.says(None)
    assert robots.push(userid="WangQing", content="你好")["deliveries"][0]["error"] == "timeout"


def test_faults_speak_each_platforms_language(robots: Fake, environment: dict[str, str]) -> None:
    robots.fault("*", "errcode", errcode=-1, times=2)
    assert to_dingtalk(environment, text())["errcode"] == -1
    assert to_feishu(environment, "x")["code"] == -1
    assert robots.calls() == {"/robot/send": 1, "feishu": 1}


def test_a_reset_forgets_what_was_changed(robots: Fake) -> None:
    robots.post("/_fake/mode", dingtalk_keywords="甲", members=0)
    robots.reset()
    assert robots.post("/_fake/mode")["dingtalk_keywords"] == ""
    with pytest.raises(RuntimeError, match="missing or unknown: party"):
        robots.post("/_fake/mode", party=1)
