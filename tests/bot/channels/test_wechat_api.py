"""Letters go out by WeChat in every form it knows, and its refusals are told apart by what to do about them."""

import dataclasses
from typing import Any

import pytest

from bot.channels.wechat import errors as wechat_errors
from bot.channels.wechat.sender import WechatApi
from bot.channels.wechat.tokens import SharedTokens
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.settings import Wechat
from bot.values.message import ChannelMessage
from fakes.launch import Fake
from tests.bot.channels.conftest import OPENID

VALUES = {"place": "上海培训中心", "start": "2026-12-01 09:00"}
NOTICE = {"name": "training", "values": VALUES, "url": "https://keepwarm.example.com/l/abc"}
MENU = {"menu": {"head": "能来吗？", "choices": {"1": "来", "2": "换时间"}}}

# What the caller should do about each code of the platform, and two codes that nobody has met.
REFUSALS: dict[int, type[DeliveryError]] = {
    -1: Unknown,
    40001: Misconfigured,
    42001: Misconfigured,
    40014: Misconfigured,
    40003: Unreachable,
    40013: Misconfigured,
    40033: Unreachable,
    40037: Unreachable,
    40002: Misconfigured,
    40007: Unreachable,
    40008: Unreachable,
    40097: Unreachable,
    40125: Misconfigured,
    40243: Misconfigured,
    41001: Misconfigured,
    43107: Unreachable,
    44002: Unreachable,
    44004: Unreachable,
    48004: Misconfigured,
    40164: Misconfigured,
    40200: Unreachable,
    43004: Unreachable,
    43019: Unreachable,
    43101: Unreachable,
    43106: TryLater,
    43116: Unreachable,
    43117: TryLater,
    45002: Unreachable,
    45008: Unreachable,
    45009: TryLater,
    45011: TryLater,
    45015: Unreachable,
    45047: Unreachable,
    47001: Unreachable,
    47003: Unreachable,
    48001: Misconfigured,
    48006: TryLater,
    70000: Unreachable,
    89503: Misconfigured,
    41002: Misconfigured,
    41004: Misconfigured,
    48002: Unreachable,
    50002: Misconfigured,
    89501: Misconfigured,
    44444: Unreachable,  # never met
    61007: Unreachable,  # never met
}


def letter(via: str = "service", text: str = "你好", form: dict[str, Any] | None = None, **more: Any) -> ChannelMessage:
    return ChannelMessage(7, OPENID, text, via, form or {}, **more)


def seen(wechat: Fake) -> dict[str, Any]:
    """What the person saw last."""
    return wechat.chat(OPENID)[-1]


def test_a_text_arrives_as_it_was_written(wechat: Fake, wechat_api: WechatApi) -> None:
    assert wechat_api.send(letter(text='报到"\\u4f60"\x00\ud800 😀')).provider_id is None
    assert seen(wechat)["content"] == '报到"\\u4f60" 😀'


def test_a_menu_can_be_tapped(wechat: Fake, wechat_api: WechatApi) -> None:
    wechat_api.send(letter(form=MENU))
    assert (seen(wechat)["type"], seen(wechat)["content"]) == ("msgmenu", "能来吗？")
    assert seen(wechat)["choices"] == [{"id": "1", "content": "来"}, {"id": "2", "content": "换时间"}]


def test_an_account_without_menus_sends_numbers(wechat: Fake, wechat_api: WechatApi) -> None:
    wechat.fault("custom/send", "errcode", errcode=40200)
    wechat_api.send(letter(form=MENU))
    assert (seen(wechat)["type"], seen(wechat)["content"]) == ("text", "能来吗？\n1. 来\n2. 换时间")
    wechat.fault("custom/send", "errcode", errcode=40200)
    with pytest.raises(Unreachable):
        wechat_api.send(letter())


def test_a_card_is_one_article(wechat: Fake, wechat_api: WechatApi) -> None:
    card = {"title": "培训", "text": "周二", "url": "https://k.example/l/a", "picture": "https://k.example/p.png"}
    wechat_api.send(letter(form={"card": card}))
    [article] = seen(wechat)["articles"]
    assert article == {"title": "培训", "description": "周二", "url": card["url"], "picurl": card["picture"]}


def test_a_picture_goes_by_its_media_id(wechat: Fake, wechat_api: WechatApi) -> None:
    token = wechat_api._tokens.token(wechat_api._fetch)
    media = wechat._http.post(
        f"{wechat.url}/cgi-bin/media/upload?type=image&access_token={token}", files={"media": b"x"}
    ).json()["media_id"]
    wechat_api.send(letter(form={"picture": media}))
    assert (seen(wechat)["type"], seen(wechat)["media_id"]) == ("image", media)
    with pytest.raises(Unreachable) as refused:
        wechat_api.send(letter(form={"picture": "gone"}))
    assert refused.value.code == "40007"


@pytest.mark.parametrize(
    ("unfit", "code"),
    [
        (letter(text="好" * 683), "too_long"),
        (letter(text=" \n"), "empty"),
        (letter(form={"menu": {"head": "好" * 600, "choices": {"1": "好" * 90}}}), "too_long"),
        (letter("template", form={"name": "party", "values": VALUES}), "no_template"),
        (letter("template", form={"name": "training", "values": {"start": "2026-12-01"}}), "field_rule"),
        (letter("subscription", form={}), "no_template"),
    ],
)
def test_what_cannot_fit_is_never_sent(wechat: Fake, wechat_api: WechatApi, unfit: ChannelMessage, code: str) -> None:
    with pytest.raises(Unreachable) as refused:
        wechat_api.send(unfit)
    assert refused.value.code == code
    assert wechat.calls() == {}


def test_the_longest_text_fits(wechat: Fake, wechat_api: WechatApi) -> None:
    wechat_api.send(letter(text="好" * 682 + "ab"))
    assert len(wechat.sends()) == 1


def test_a_template_carries_a_notice_where_the_window_is_closed(wechat: Fake, wechat_api: WechatApi) -> None:
    wechat.post(
        "/_fake/templates", template_id="T1", title="培训", content="地点：{{thing1.DATA}}\n时间：{{time2.DATA}}"
    )
    wechat.pass_time(49 * 3600)
    posted = wechat_api.send(letter("template", form=NOTICE, kind="notice"))
    assert seen(wechat)["content"] == "地点: 上海培训中心\n时间: 2026-12-01 09:00"
    assert seen(wechat)["url"] == NOTICE["url"]
    assert posted.provider_id == str(wechat.sends()[-1]["msgid"])
    assert int(posted.provider_id) > 2**53


def test_the_same_letter_by_template_arrives_once_in_ten_minutes(wechat: Fake, wechat_api: WechatApi) -> None:
    first = wechat_api.send(letter("template", form=NOTICE))
    wechat.pass_time(9 * 60)
    assert wechat_api.send(letter("template", form=NOTICE)) == first
    assert len(wechat.sends()) == 1
    wechat_api.send(dataclasses.replace(letter("template", form=NOTICE), id=8))
    assert len(wechat.sends()) == 2


def test_a_template_that_broke_off_after_it_was_taken_may_be_repeated(wechat: Fake, wechat_api: WechatApi) -> None:
    wechat.fault("template/send", "reset_after_commit")
    with pytest.raises(Unknown):
        wechat_api.send(letter("template", form=NOTICE))
    wechat_api.send(letter("template", form=NOTICE))
    assert len(wechat.sends()) == 1


def test_a_subscription_notice_spends_what_was_granted(wechat: Fake, wechat_api: WechatApi) -> None:
    with pytest.raises(Unreachable) as refused:
        wechat_api.send(letter("subscription", form=NOTICE))
    assert refused.value.code == "43101"
    wechat.post("/_fake/subscribe", openid=OPENID, template_id="T1", wait=False)
    assert wechat_api.send(letter("subscription", form=NOTICE)).provider_id is None
    assert (seen(wechat)["via"], seen(wechat)["url"]) == ("subscribe", NOTICE["url"])


@pytest.mark.parametrize("via", ["template", "subscription", "sms", "email"])
def test_a_story_by_any_other_road_than_the_chat_cannot_be_written(via: str) -> None:
    with pytest.raises(ValueError, match="never goes by"):
        letter(via, form=NOTICE, kind="story")
    with pytest.raises(ValueError, match="never goes by"):
        dataclasses.replace(letter(kind="story"), via=via)
    assert letter(kind="story").via == "service"


def test_a_road_that_is_not_wechats_is_a_mistake_of_ours(wechat_api: WechatApi) -> None:
    with pytest.raises(ValueError, match="no road"):
        wechat_api.send(letter("sms"))


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_says_what_to_do(wechat: Fake, wechat_api: WechatApi, code: int) -> None:
    wechat.fault("custom/send", "errcode", errcode=code, times="forever")
    with pytest.raises(DeliveryError) as refused:
        wechat_api.send(letter())
    assert type(refused.value) is REFUSALS[code]
    assert refused.value.code == str(code)
    assert "rid:" not in refused.value.reason


def test_every_known_code_is_tried() -> None:
    assert wechat_errors.KNOWN.keys() <= REFUSALS.keys()


def test_a_closed_window_and_a_used_up_one_are_told_apart(wechat: Fake, wechat_api: WechatApi) -> None:
    for _ in range(5):
        wechat_api.send(letter())
    with pytest.raises(Unreachable) as used_up:
        wechat_api.send(letter())
    wechat.pass_time(49 * 3600)
    with pytest.raises(Unreachable) as closed:
        wechat_api.send(letter())
    assert used_up.value.code in wechat_errors.QUOTA_USED
    assert closed.value.code in wechat_errors.WINDOW_CLOSED
    wechat.post("/_fake/person", openid=OPENID, following=False)
    with pytest.raises(Unreachable) as gone:
        wechat_api.send(letter())
    assert gone.value.code in wechat_errors.NOT_FOLLOWING


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "http", "status": 502}, Unknown),
        ({"kind": "reset_before_commit"}, Unknown),
        ({"kind": "reset_after_commit"}, Unknown),
    ],
)
def test_no_answer_means_that_nobody_knows(
    wechat: Fake, wechat_api: WechatApi, fault: dict[str, Any], kind: type[DeliveryError]
) -> None:
    wechat.fault("custom/send", **fault)
    with pytest.raises(kind) as lost:
        wechat_api.send(letter())
    assert "access_token" not in str(lost.value)


def test_where_no_connection_came_about_nothing_was_sent(wechat: Fake, wechat_settings: Wechat) -> None:
    api = WechatApi(wechat_settings, SharedTokens(None, "wx"))
    api._tokens.token(api._fetch)
    away = WechatApi(wechat_settings.model_copy(update={"api_url": "http://127.0.0.1:9"}), api._tokens)
    with pytest.raises(TryLater):
        away.send(letter())


def test_whatever_refuses_a_token_is_about_the_account(wechat: Fake, wechat_api: WechatApi) -> None:
    wechat.fault("/cgi-bin/stable_token", "errcode", errcode=61007)
    with pytest.raises(Misconfigured) as refused:
        wechat_api.send(letter())
    assert refused.value.code == "61007"
