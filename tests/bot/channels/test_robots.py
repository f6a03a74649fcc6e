"""HR is told by WeCom, DingTalk and Feishu: what they answer in the body is read, for HTTP 200 alone means nothing."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot import settings
from bot.channels import http, staff_errors
from bot.channels.dingtalk import Dingtalk, signature
from bot.channels.feishu import Feishu
from bot.channels.feishu import signature as feishu_signature
from bot.channels.registry import Sender
from bot.channels.wechat.tokens import SharedTokens
from bot.channels.wecom.robot import GroupRobot
from bot.channels.wecom.sender import WecomApi
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.platform import embedded_redis
from bot.settings import DingtalkRobot, FeishuRobot, Wecom
from bot.values.message import ChannelMessage, shortened
from fakes.launch import Fake

TEXT = "王芳 3 天没有回音（高风险）。\n建议：今天打个电话。 https://keepwarm.example.com/hr/cases/7?a=1&b=2"
ROADS = {"wecom": "message/send", "wecom_robot": "webhook/send", "dingtalk": "robot/send", "feishu": "bot/v2/hook"}
ADDRESS = {"wecom": "WangQing", "wecom_robot": "WangQing", "dingtalk": "manager4220", "feishu": "ou_18eac85d35a26f98"}
Letters = Callable[..., ChannelMessage]


def letter(via: str, text: str = TEXT, address: str | None = None) -> ChannelMessage:
    return ChannelMessage(7, ADDRESS[via] if address is None else address, text, via)


@pytest.fixture
def senders(
    wecom_api: WecomApi, wecom_robot: GroupRobot, dingtalk_settings: DingtalkRobot, feishu_settings: FeishuRobot
) -> dict[str, Sender]:
    return {
        "wecom": wecom_api,
        "wecom_robot": wecom_robot,
        "dingtalk": Dingtalk(dingtalk_settings),
        "feishu": Feishu(feishu_settings),
    }


def refusal(sender: Sender, which: ChannelMessage) -> DeliveryError:
    with pytest.raises(DeliveryError) as refused:
        sender.send(which)
    return refused.value


@pytest.mark.parametrize("via", ROADS)
def test_a_text_arrives_as_it_was_written(robots: Fake, senders: dict[str, Sender], via: str) -> None:
    senders[via].send(letter(via, TEXT + '"\\u4f60"\x00\ud800 😀'))
    [sent] = robots.sends()
    assert (sent["via"], sent["answered"]) == (via, True)
    assert TEXT + '"\\u4f60" 😀' in sent["content"]


def test_the_application_writes_to_one_member_and_gets_an_id(robots: Fake, wecom_api: WecomApi) -> None:
    posted = wecom_api.send(letter("wecom"))
    assert robots.chat("WangQing")[0]["content"] == TEXT
    assert (posted.provider_id or "").isdigit()


def test_robots_mention_whom_they_are_to_and_nobody_else(robots: Fake, senders: dict[str, Sender]) -> None:
    for via in ("wecom_robot", "dingtalk", "feishu"):
        senders[via].send(letter(via))
        senders[via].send(letter(via, address=""))
    senders["dingtalk"].send(letter("dingtalk", address="13800001111"))
    mentions = [(sent["via"], sent.get("mentioned", sent.get("at"))) for sent in robots.sends()]
    assert mentions == [
        ("wecom_robot", ["WangQing"]),
        ("wecom_robot", []),
        ("dingtalk", {"mobiles": [], "users": ["manager4220"]}),
        ("dingtalk", {"mobiles": [], "users": []}),
        ("feishu", ["ou_18eac85d35a26f98"]),
        ("feishu", []),
        ("dingtalk", {"mobiles": ["13800001111"], "users": []}),
    ]
    assert robots.sends()[2]["content"].endswith("\n@manager4220"), "shown only where the text has it too"


def test_a_candidates_words_mention_nobody(robots: Fake, senders: dict[str, Sender]) -> None:
    senders["feishu"].send(letter("feishu", '他说：<at user_id="all"></at>< AT id=all>', address=""))
    [sent] = robots.sends()
    assert sent["at"] == []
    assert sent["content"] == '他说：＜at user_id="all">＜/at>＜ AT id=all>'
    senders["dingtalk"].send(letter("dingtalk", "@所有人", address=""))
    assert robots.sends()[1]["request"]["at"] == {"isAtAll": False}


@pytest.mark.parametrize(
    ("via", "address"),
    [
        ("wecom", ""),
        ("wecom", "@all"),
        ("wecom", "WangQing|LiLei"),
        ("wecom_robot", "@all"),
        ("wecom_robot", "a b"),
        ("dingtalk", "王芳"),
        ("dingtalk", "a b"),
        ("feishu", "all"),
        ("feishu", 'x"></at><at user_id="all'),
    ],
)
def test_what_is_nobodys_address_is_never_tried(
    robots: Fake, senders: dict[str, Sender], via: str, address: str
) -> None:
    error = refusal(senders[via], letter(via, address=address))
    assert (type(error), error.code, robots.calls()) == (Unreachable, "no_address", {})


@pytest.mark.parametrize("via", ROADS)
def test_nothing_to_say_is_not_said(robots: Fake, senders: dict[str, Sender], via: str) -> None:
    error = refusal(senders[via], letter(via, " \n\x00"))
    assert (type(error), error.code, robots.calls()) == (Unreachable, "empty", {})


@pytest.mark.parametrize("via", ROADS)
@pytest.mark.parametrize("text", ["长" * 9000, "long words " * 3000, '"\n' * 12000, "😀" * 6000])
def test_a_long_text_is_cut_legibly_and_arrives(robots: Fake, senders: dict[str, Sender], via: str, text: str) -> None:
    senders[via].send(letter(via, text))
    [sent] = robots.sends()
    body, _, _ = sent["content"].removeprefix('<at user_id="ou_18eac85d35a26f98"></at> ').partition("\n@manager4220")
    assert body.endswith("…")
    assert text.startswith(body[:-1])
    assert "\ufffd" not in body
    size, most = (len(body.encode()), 2048) if via.startswith("wecom") else (len(http.to_json(sent["request"])), 20000)
    assert most * 0.75 < size <= most


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("短", 3, "短"),
        ("短短", 5, "…"),
        ("第一句话。第二句话", 24, "第一句话。第二…"),
        ("一行\n第二行很短。还有", 30, "一行\n第二行很短。…"),
        ("eleven bytes here", 16, "eleven bytes…"),
        ("eleven\nbytesandmore", 14, "eleven\nbyte…"),
    ],
)
def test_a_text_is_cut_where_something_ends(text: str, limit: int, cut: str) -> None:
    assert shortened(text, limit) == cut
    assert len(cut.encode()) <= limit


@pytest.mark.parametrize("via", ROADS)
@pytest.mark.parametrize(
    ("fault", "kind", "taken"),
    [
        ({"kind": "hang_after_commit", "seconds": 3}, Unknown, 1),
        ({"kind": "reset_after_commit"}, Unknown, 1),
        ({"kind": "reset"}, Unknown, 0),
        ({"kind": "http", "status": 502}, Unknown, 0),
        ({"kind": "http", "status": 502, "when": "after"}, Unknown, 1),
        ({"kind": "http", "status": 200}, Unknown, 0),
        ({"kind": "http", "status": 404}, Misconfigured, 0),
        ({"kind": "http", "status": 302}, Misconfigured, 0),
        ({"kind": "http", "status": 429}, TryLater, 0),
    ],
)
def test_what_may_have_been_taken_is_in_doubt_and_all_else_is_not(
    robots: Fake,
    senders: dict[str, Sender],
    monkeypatch: pytest.MonkeyPatch,
    via: str,
    fault: dict[str, Any],
    kind: type[DeliveryError],
    taken: int,
) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (1, 0.3))
    robots.fault(ROADS[via], **fault)
    error = refusal(senders[via], letter(via))
    assert (type(error), len(robots.sends())) == (kind, taken)


@pytest.mark.parametrize("via", ROADS)
def test_where_nobody_listens_nothing_was_sent(via: str) -> None:
    nowhere = "http://127.0.0.1:9"
    sender: dict[str, Sender] = {
        "wecom": WecomApi(Wecom(corp_id="w", agent_id=1, secret="s", api_url=nowhere), SharedTokens(None, "w:1")),
        "wecom_robot": GroupRobot(settings.WecomRobot(url=nowhere)),
        "dingtalk": Dingtalk(DingtalkRobot(url=nowhere)),
        "feishu": Feishu(FeishuRobot(url=nowhere)),
    }
    assert isinstance(refusal(sender[via], letter(via)), TryLater)


KINDS = {
    "wecom": staff_errors.WECOM,
    "wecom_robot": staff_errors.WECOM,
    "dingtalk": staff_errors.DINGTALK,
    "feishu": staff_errors.FEISHU,
}
# What the caller should do about the codes that protocols and documents name, and about one that nobody has met.
TOLD: dict[str, dict[int, tuple[type[DeliveryError], float]]] = {
    "wecom": {
        -1: (TryLater, 0),
        40001: (Misconfigured, 0),
        40014: (Misconfigured, 0),
        40056: (Misconfigured, 0),
        42001: (Misconfigured, 0),
        44004: (Unreachable, 0),
        45009: (TryLater, 60),
        60020: (Misconfigured, 0),
        81013: (Unreachable, 0),
        987654: (Unreachable, 0),
    },
    "wecom_robot": {
        -1: (Unknown, 0),
        40058: (Unreachable, 0),
        45009: (TryLater, 60),
        93000: (Misconfigured, 0),
        987654: (Unreachable, 0),
    },
    "dingtalk": {
        -1: (Unknown, 0),
        130101: (TryLater, 600),
        300005: (Misconfigured, 0),
        310000: (Misconfigured, 0),
        430104: (Unreachable, 0),
        460101: (Unreachable, 0),
        987654: (Unreachable, 0),
    },
    "feishu": {
        2200: (Unknown, 0),
        9499: (Unreachable, 0),
        11232: (TryLater, 60),
        19001: (Misconfigured, 0),
        19021: (Misconfigured, 0),
        19022: (Misconfigured, 0),
        19024: (Misconfigured, 0),
        19036: (Unreachable, 0),
        987654: (Unreachable, 0),
    },
}


@pytest.mark.parametrize(("via", "code"), [(via, code) for via, codes in TOLD.items() for code in codes])
def test_a_code_in_an_answer_of_200_says_what_to_do(
    robots: Fake, senders: dict[str, Sender], via: str, code: int
) -> None:
    robots.fault(ROADS[via], "errcode", errcode=code, times="forever")
    error = refusal(senders[via], letter(via))
    kind, pause = TOLD[via][code]
    assert (type(error), error.code) == (kind, str(code))
    assert getattr(error, "pause", 0) == pause
    assert robots.sends() == []
    assert "hint" not in error.reason, "what changes with every call, and where we call from, is left out"


@pytest.mark.parametrize("via", ROADS)
def test_every_code_that_is_known_is_told_with_its_word(robots: Fake, senders: dict[str, Sender], via: str) -> None:
    for code, (kind, word) in KINDS[via].items():
        robots.fault(
            ROADS[via], "errcode", errcode=code, times=2 if via == "wecom" and code in staff_errors.BAD_TOKEN else 1
        )
        error = refusal(senders[via], letter(via))
        assert error.reason.startswith(word)
        assert isinstance(error, TryLater if (via, code) == ("wecom", -1) else kind)


def test_feishu_says_too_fast_in_words_alone(robots: Fake, senders: dict[str, Sender]) -> None:
    assert isinstance(staff_errors.feishu({"code": 9499, "msg": "too many request", "data": {}}), TryLater)
    assert isinstance(staff_errors.feishu({"code": 9499, "msg": "Bad Request", "data": {}}), Unreachable)


@pytest.mark.parametrize(
    "answer",
    [{}, {"errcode": "0"}, {"code": None}, {"errcode": True}, {"msg": "success"}, {"code": 0, "StatusCode": "0"}],
)
def test_an_answer_without_a_code_is_no_success(answer: dict[str, Any]) -> None:
    assert isinstance(staff_errors.feishu(answer), Unknown)
    assert isinstance(staff_errors.dingtalk({key: value for key, value in answer.items() if key != "code"}), Unknown)


def test_feishus_older_answer_is_read_too() -> None:
    assert staff_errors.feishu({"Extra": None, "StatusCode": 0, "StatusMessage": "success"}) is None
    assert isinstance(staff_errors.feishu({"StatusCode": 19024, "code": 0}), Misconfigured)


# WeCom's application


def test_a_member_it_may_not_write_to_is_out_of_reach_though_it_says_yes(robots: Fake, wecom_api: WecomApi) -> None:
    robots.post("/_fake/person", userid="WangQing", member=False)
    assert refusal(wecom_api, letter("wecom")).code == "81013"
    robots.post("/_fake/person", userid="WangQing", member=True)
    wecom_api.send(letter("wecom"))


def test_invaliduser_in_a_yes_is_a_no(wecom_settings: Wecom, monkeypatch: pytest.MonkeyPatch) -> None:
    api = WecomApi(wecom_settings, SharedTokens(None, wecom_settings.account, of="wecom"))
    for name in ("invaliduser", "unlicenseduser"):
        answer = {"errcode": 0, "errmsg": "ok", name: "wangqing", "msgid": "1"}
        monkeypatch.setattr(api, "_post", lambda body, token, answer=answer: answer)
        error = refusal(api, letter("wecom"))
        assert (type(error), error.code) == (Unreachable, name)


def test_the_token_is_fetched_once_by_several_threads(robots: Fake, wecom_settings: Wecom, tmp_path: Path) -> None:
    server = embedded_redis.start(tmp_path)
    try:
        shared = embedded_redis.connect("", tmp_path)
        apis = [WecomApi(wecom_settings, SharedTokens(shared, wecom_settings.account, of="wecom")) for _ in range(6)]
        robots.fault("gettoken", "hang", seconds=0.3)
        begin = threading.Barrier(len(apis))

        def send(api: WecomApi) -> None:
            begin.wait()
            api.send(letter("wecom", address=f"member{apis.index(api)}"))

        with ThreadPoolExecutor(len(apis)) as pool:
            list(pool.map(send, apis))
        assert (robots.calls()["/cgi-bin/gettoken"], len(robots.sends())) == (1, 6)
        assert 6800 < shared.ttl(f"keepwarm:wecom_token:{wecom_settings.account}") <= 6900
    finally:
        embedded_redis.stop(server)


@pytest.mark.parametrize("ends", ["revoked", "expired"])
def test_a_token_that_is_refused_is_replaced_once(robots: Fake, wecom_api: WecomApi, ends: str) -> None:
    wecom_api.send(letter("wecom", "1"))
    if ends == "revoked":
        robots.post("/_fake/tokens", revoke=True)
    else:
        robots.pass_time(7201)
    wecom_api.send(letter("wecom", "2"))
    assert (robots.calls()["/cgi-bin/gettoken"], len(robots.sends())) == (2, 2)
    robots.fault("message/send", "errcode", errcode=40014, times="forever")
    assert isinstance(refusal(wecom_api, letter("wecom", "3")), Misconfigured)
    assert (robots.calls()["/cgi-bin/gettoken"], robots.calls()["/cgi-bin/message/send"]) == (3, 5)


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ({"kind": "errcode", "errcode": 40001}, Misconfigured, "40001"),
        ({"kind": "errcode", "errcode": 40013}, Misconfigured, "40013"),
        ({"kind": "errcode", "errcode": 60020}, Misconfigured, "60020"),
        ({"kind": "errcode", "errcode": -1}, TryLater, "-1"),
        ({"kind": "errcode", "errcode": 45009}, TryLater, "45009"),
        ({"kind": "http", "status": 502}, TryLater, "no_token"),
        ({"kind": "reset"}, TryLater, "no_token"),
    ],
)
def test_without_a_token_nothing_is_sent(
    robots: Fake, wecom_api: WecomApi, fault: dict[str, Any], kind: type[DeliveryError], code: str
) -> None:
    robots.post("/_fake/faults", {"path": "gettoken"} | fault)
    error = refusal(wecom_api, letter("wecom"))
    assert (type(error), error.code, robots.sends()) == (kind, code, [])


@pytest.mark.parametrize(
    ("wrong", "code"), [({"secret": "x" * 43}, "40001"), ({"corp_id": "wwx"}, "40013"), ({"agent_id": 7}, "40056")]
)
def test_a_wrong_account_is_the_operators_to_mend(
    robots: Fake, wecom_settings: Wecom, wrong: dict[str, Any], code: str
) -> None:
    other = wecom_settings.model_copy(update=wrong)
    error = refusal(WecomApi(other, SharedTokens(None, "other")), letter("wecom"))
    assert (type(error), error.code) == (Misconfigured, code)
    assert other.secret not in str(error)


def test_the_same_again_after_a_doubt_is_not_shown_twice(robots: Fake, wecom_api: WecomApi) -> None:
    robots.fault("message/send", "errcode", errcode=-1, when="after")
    assert isinstance(refusal(wecom_api, letter("wecom")), TryLater)
    wecom_api.send(letter("wecom"))
    assert len(robots.chat("WangQing")) == 1
    assert [dropped["why"] for dropped in robots.get("/_fake/state")["dropped"]] == ["repeat"]


# Signatures and keywords


def test_a_robot_with_another_key_is_no_robot(robots: Fake, staff_accounts: dict[str, str]) -> None:
    wrong = [
        GroupRobot(settings.WecomRobot(url=staff_accounts["WECOM_WEBHOOK_URL"] + "x")),
        Dingtalk(DingtalkRobot(url=staff_accounts["DINGTALK_WEBHOOK_URL"] + "x")),
        Feishu(FeishuRobot(url=staff_accounts["FEISHU_WEBHOOK_URL"] + "x")),
    ]
    errors = [refusal(sender, letter("feishu")) for sender in wrong]
    assert [(type(error), error.code) for error in errors] == [
        (Misconfigured, code) for code in ("93000", "300005", "19001")
    ]
    for error, url in zip(errors, ("WECOM", "DINGTALK", "FEISHU"), strict=True):
        assert staff_accounts[f"{url}_WEBHOOK_URL"] not in str(error)


@pytest.mark.parametrize("secret", ["", "another"])
def test_a_wrong_signature_is_refused(
    robots: Fake, dingtalk_settings: DingtalkRobot, feishu_settings: FeishuRobot, secret: str
) -> None:
    ding = refusal(Dingtalk(dingtalk_settings.model_copy(update={"secret": secret})), letter("dingtalk"))
    fei = refusal(Feishu(feishu_settings.model_copy(update={"secret": secret})), letter("feishu"))
    assert [(type(error), error.code) for error in (ding, fei)] == [(Misconfigured, "310000"), (Misconfigured, "19021")]
    assert "sign not match" in ding.reason


def test_a_clock_that_is_an_hour_wrong_is_refused(robots: Fake, senders: dict[str, Sender]) -> None:
    robots.pass_time(3700)
    assert refusal(senders["dingtalk"], letter("dingtalk")).code == "310000"
    assert refusal(senders["feishu"], letter("feishu")).code == "19021"


def test_the_two_signatures_are_made_in_different_ways() -> None:
    """Computed apart, with the command line of openssl: `printf '' | openssl dgst -sha256 -hmac …`."""
    assert signature("1599360473000", "this is secret") == "hXZTWifRGHclNuZSKxoXc//sh51SWfVfRIhcdeKs63I="
    assert feishu_signature("1599360473", "demo") == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


def test_a_signature_with_plus_and_slash_is_encoded_once(
    robots: Fake, dingtalk_settings: DingtalkRobot, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real = http.session().send

    def send(request: Any, **more: Any) -> Any:
        seen.append(request.url)
        return real(request, **more)

    monkeypatch.setattr(http.session(), "send", send)
    sender = Dingtalk(dingtalk_settings)
    for number in range(12):
        sender.send(letter("dingtalk", str(number)))
    signs = [parse_qs(urlsplit(url).query)["sign"][0] for url in seen]
    assert any("+" in sign or "/" in sign for sign in signs)
    assert all("%25" not in url for url in seen)


def test_a_robot_guarded_by_a_keyword_gets_it(
    robots: Fake, dingtalk_settings: DingtalkRobot, feishu_settings: FeishuRobot
) -> None:
    robots.post("/_fake/mode", dingtalk_keywords="暖记,招聘", feishu_keywords="暖记")
    assert refusal(Dingtalk(dingtalk_settings), letter("dingtalk")).code == "310000"
    assert refusal(Feishu(feishu_settings), letter("feishu")).code == "19024"
    ding = Dingtalk(dingtalk_settings.model_copy(update={"keyword": "暖记"}))
    fei = Feishu(feishu_settings.model_copy(update={"keyword": "暖记"}))
    for text in ("你好", "暖记：你好", "长" * 9000 + "暖记"):
        ding.send(letter("dingtalk", text))
        fei.send(letter("feishu", text))
    contents = [sent["content"] for sent in robots.sends()]
    assert [content.count("暖记") for content in contents] == [1] * 6
    assert contents[0] == "你好\n暖记\n@manager4220"


# How fast


def test_dingtalk_is_silent_for_ten_minutes_after_haste(robots: Fake, senders: dict[str, Sender]) -> None:
    for number in range(20):
        senders["dingtalk"].send(letter("dingtalk", str(number)))
    error = refusal(senders["dingtalk"], letter("dingtalk"))
    assert isinstance(error, TryLater)
    assert (error.code, error.pause) == ("130101", 600)
    robots.pass_time(error.pause - 30)
    assert refusal(senders["dingtalk"], letter("dingtalk")).code == "130101"
    robots.pass_time(31)
    senders["dingtalk"].send(letter("dingtalk"))


def test_wecoms_robot_and_feishu_go_on_after_a_minute(robots: Fake, senders: dict[str, Sender]) -> None:
    for via, most, code in (("wecom_robot", 20, "45009"), ("feishu", 5, "11232")):
        for number in range(most):
            senders[via].send(letter(via, str(number)))
        error = refusal(senders[via], letter(via))
        assert isinstance(error, TryLater)
        assert (error.code, error.pause) == (code, 60)
        robots.pass_time(error.pause)
        senders[via].send(letter(via))
