"""The fake WeChat pushes, retries and judges answers as the platform does."""

import json
from typing import Any

import pytest
import requests
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from fakes.launch import Fake
from fakes.wechat import crypto
from tests.fakes.callback import Callback, Called, Said

TOKEN, KEY, APP, GH = "keepwarm", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0123456789abcdef", "gh_97417a04a28d"


def reply(content: str, to: str = "o1", sender: str = GH, kind: str = "text", extra: str = "") -> str:
    head = f"<ToUserName><![CDATA[{to}]]></ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>"
    body = f"<CreateTime>1700000000</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>"
    return f"<xml>{head}{body}<Content><![CDATA[{content}]]></Content>{extra}</xml>"


def sealed(clear: str, token: str = TOKEN, app: str = APP) -> str:
    encrypted = crypto.encrypt(clear, KEY, app)
    signature = crypto.sign(token, "1700000000", "n", encrypted)
    head = f"<Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature>{signature}</MsgSignature>"
    return f"<xml>{head}<TimeStamp>1700000000</TimeStamp><Nonce>n</Nonce></xml>"


def ask(wechat: Fake, **more: Any) -> dict[str, Any]:
    return wechat.push(openid="o1", kind="text", content="什么时候培训", **more)


def test_the_handshake_wants_the_echo_and_nothing_else(wechat: Fake, server: Callback) -> None:
    server.answer = lambda called: Said(called.query["echostr"])
    assert wechat.post("/_fake/verify")["good"] is True
    query = server.calls[-1].query
    check_signature(TOKEN, query["signature"], query["timestamp"], query["nonce"])
    server.says(Said("hello"))
    assert wechat.post("/_fake/verify")["good"] is False


def test_a_plain_push_is_signed_and_readable(wechat: Fake, server: Callback) -> None:
    ask(wechat, msg_id="1234567890123456789", create_time=1348831860)
    called = server.calls[-1]
    check_signature(TOKEN, *(called.query[name] for name in ("signature", "timestamp", "nonce")))
    message = parse_message(called.body)
    assert (message.content, message.id, message.source) == ("什么时候培训", 1234567890123456789, "o1")
    assert (called.query["openid"], called.headers["User-Agent"]) == ("o1", "Mozilla/4.0")
    assert b"<CreateTime>1348831860</CreateTime>" in called.body


@pytest.mark.parametrize("mode", ["compatible", "secure"])
def test_an_encrypted_push_is_readable_for_another_library(wechat: Fake, server: Callback, mode: str) -> None:
    ask(wechat, mode=mode)
    called = server.calls[-1]
    query = called.query
    args = (query["msg_signature"], query["timestamp"], query["nonce"])
    clear = WeChatCrypto(TOKEN, KEY, APP).decrypt_message(called.body, *args)
    assert parse_message(clear).content == "什么时候培训"
    assert ("什么时候培训".encode() in called.body) == (mode == "compatible")
    assert query["encrypt_type"] == "aes"


def test_json_pushes_hold_the_same_fields(wechat: Fake, server: Callback) -> None:
    wechat.push(openid="o1", kind="location", lat=31.2, lng=121.5, label="人民广场", format="json")
    body = json.loads(server.calls[-1].body)
    assert (body["MsgType"], body["Location_X"], body["Label"]) == ("location", 31.2, "人民广场")


@pytest.mark.parametrize("kind", ["image", "voice", "video", "shortvideo", "location", "link", "sticker", "unheard_of"])
def test_every_kind_of_message_is_pushed(wechat: Fake, server: Callback, kind: str) -> None:
    wechat.push(openid="o1", kind=kind, lat=1.0, lng=2.0, url="https://x.example")
    message = parse_message(server.calls[-1].body)
    assert message.id
    assert wechat.chat("o1")[0]["type"] == kind


def test_a_bad_answer_is_retried_three_times_unchanged(wechat: Fake, server: Callback) -> None:
    server.says(Said("success", status=201))
    pushed = ask(wechat)
    assert [delivery["status"] for delivery in pushed["deliveries"]] == [201] * 4
    assert len({(called.path, called.body) for called in server.calls}) == 1
    assert wechat.chat("o1")[-1]["via"] == "wechat"


def test_a_slow_server_is_cut_and_asked_again(wechat: Fake, server: Callback) -> None:
    wechat.post("/_fake/mode", cut=0.2)
    server.says(None, Said(reply("12月3日")))
    pushed = ask(wechat)
    assert [delivery["error"] for delivery in pushed["deliveries"]] == ["timeout", None]
    assert pushed["reply"] == {"type": "text", "content": "12月3日"}
    assert wechat.chat("o1")[0]["delivery"]["problems"] == ["timeout"]


def test_an_absent_server_is_reported_as_refused(wechat: Fake) -> None:
    wechat.callback("http://127.0.0.1:9/wechat")
    assert [delivery["error"] for delivery in ask(wechat)["deliveries"]] == ["refused"] * 4


@pytest.mark.parametrize("said", ["", "success"])
def test_a_wordless_answer_is_good_and_says_nothing(wechat: Fake, server: Callback, said: str) -> None:
    server.says(Said(said))
    pushed = ask(wechat)
    assert (pushed["good"], pushed["reply"], len(pushed["deliveries"])) == (True, None, 1)


@pytest.mark.parametrize(
    "said",
    [
        '{"errcode":0}',
        "SUCCESS",
        reply("x", to=GH, sender="o1"),
        reply("x", sender="gh_other"),
        reply(""),
        reply("好" * 683),
        reply("x", kind="smoke"),
        reply("a]]><![CDATA[b]]></Content><Content><![CDATA[c"),
        reply("x").replace("1700000000", "1700000000000"),
        "<xml><a></xml>",
        '<!DOCTYPE x [<!ENTITY e "v">]>' + reply("x"),
        sealed(reply("x")),
    ],
)
def test_what_is_no_passive_reply_is_bad(wechat: Fake, server: Callback, said: str) -> None:
    wechat.post("/_fake/mode", retries=0)
    server.says(Said(said))
    assert ask(wechat)["good"] is False


@pytest.mark.parametrize(
    ("said", "good"),
    [
        (sealed(reply("秘密")), True),
        ("success", True),
        (reply("clear"), False),
        (sealed(reply("x"), token="other"), False),
        (sealed(reply("x"), app="wx_other"), False),
        (sealed(reply("x", to="o2")), False),
    ],
)
def test_secure_mode_wants_a_sealed_answer(wechat: Fake, server: Callback, said: str, good: bool) -> None:
    wechat.post("/_fake/mode", mode="secure", retries=0)
    server.says(Said(said))
    assert ask(wechat)["good"] is good


def test_a_reply_escaped_out_of_cdata_arrives_whole(wechat: Fake, server: Callback) -> None:
    server.says(Said(reply("a]]]]><![CDATA[>b")))
    assert ask(wechat)["reply"]["content"] == "a]]>b"


def news(*items: str) -> str:
    return reply(
        "", kind="news", extra=f"<ArticleCount>{len(items)}</ArticleCount><Articles>{''.join(items)}</Articles>"
    )


def item(**parts: str) -> str:
    """An article with these parts changed; "-" leaves one out."""
    whole = {"Title": "培训", "Description": "12月1日", "PicUrl": "", "Url": "https://x.example"} | parts
    return f"<item>{''.join(f'<{name}>{value}</{name}>' for name, value in whole.items() if value != '-')}</item>"


def test_a_news_reply_is_a_card_with_one_article(wechat: Fake, server: Callback) -> None:
    server.says(Said(news(item())))
    card = {"title": "培训", "description": "12月1日", "picurl": "", "url": "https://x.example"}
    assert ask(wechat)["reply"]["articles"] == [card]
    assert wechat.chat("o1")[-1]["type"] == "news"


@pytest.mark.parametrize(
    "said",
    [
        news(item(), item()),
        news(),
        news(item()).replace("<ArticleCount>1", "<ArticleCount>2"),
        news(item(Title="")),
        news(item(Url="")),
        news(item(Url="weixin://x")),
        news(item(PicUrl="picture.png")),
        *(news(item(**{part: "-"})) for part in ("Title", "Description", "PicUrl", "Url")),
    ],
)
def test_a_news_reply_without_one_whole_article_is_bad(wechat: Fake, server: Callback, said: str) -> None:
    """developers.weixin.qq.com, passive replies: one article since 2018-10-12; all four parts are required."""
    wechat.post("/_fake/mode", retries=0)
    server.says(Said(said))
    assert ask(wechat)["good"] is False


@pytest.mark.parametrize("concurrent", [False, True])
def test_a_message_can_be_delivered_over_and_over(wechat: Fake, server: Callback, concurrent: bool) -> None:
    server.says(Said(reply("x")))
    pushed = ask(wechat, repeat=4, concurrent=concurrent)
    assert len(pushed["deliveries"]) == len(server.calls) == 4
    assert len({called.body for called in server.calls}) == 1
    assert [message["via"] for message in wechat.chat("o1")] == ["user", "passive"]


def test_the_same_message_id_is_one_line_in_the_chat(wechat: Fake) -> None:
    ask(wechat, msg_id="77")
    ask(wechat, msg_id="77")
    assert [message["msg_id"] for message in wechat.chat("o1")] == ["77"]


@pytest.mark.parametrize("signature", ["bad", "missing"])
@pytest.mark.parametrize("mode", ["plain", "secure"])
def test_a_forged_push_changes_nothing_here(wechat: Fake, server: Callback, signature: str, mode: str) -> None:
    server.says(Said("no", status=403))
    pushed = ask(wechat, signature=signature, mode=mode)
    assert [delivery["status"] for delivery in pushed["deliveries"]] == [403]
    query = server.calls[-1].query
    assert query.get("signature") != crypto.sign(TOKEN, query["timestamp"], query["nonce"])
    assert wechat.chat("o1") == []


def test_events_have_no_message_id_and_their_own_fields(wechat: Fake, server: Callback) -> None:
    wechat.post("/_fake/follow", openid="o1")
    assert b"<EventKey><![CDATA[]]></EventKey>" in server.calls[-1].body
    wechat.push(openid="o1", kind="event", event="LOCATION", lat=1.5, lng=2.5)
    assert b"<Latitude>1.5</Latitude>" in server.calls[-1].body
    rejected = {"SubscribeMsgChangeEvent": {"List": [{"TemplateId": "A"}, {"TemplateId": "B"}]}}
    wechat.push(openid="o1", kind="event", event="subscribe_msg_change_event", fields=rejected)
    assert server.calls[-1].body.count(b"<List>") == 2
    assert not any(b"MsgId>" in called.body for called in server.calls)


def test_a_reply_to_an_unfollow_is_not_shown(wechat: Fake, server: Callback) -> None:
    server.says(Said(reply("再见")))
    wechat.post("/_fake/unfollow", openid="o1")
    assert [message["type"] for message in wechat.chat("o1")] == ["event"]


def test_a_raw_body_is_signed_like_any_other(wechat: Fake, server: Callback) -> None:
    wechat.post("/_fake/raw", openid="o1", body="<xml>broken")
    called: Called = server.calls[-1]
    check_signature(TOKEN, *(called.query[name] for name in ("signature", "timestamp", "nonce")))
    assert called.body == b"<xml>broken"


def test_the_clock_of_the_fake_can_be_moved(wechat: Fake, server: Callback) -> None:
    before = wechat.get("/_fake/clock")["now"]
    wechat.pass_time(3600)
    ask(wechat)
    assert int(server.calls[-1].query["timestamp"]) >= int(before) + 3600


def test_live_events_tell_what_happens(wechat: Fake) -> None:
    with requests.get(wechat.url + "/_fake/events", stream=True, timeout=10) as stream:
        lines = stream.iter_lines()
        assert next(lines) == b": listening"
        ask(wechat)
        data = next(line for line in lines if line.startswith(b"data: "))
    assert json.loads(data[6:])["content"] == "什么时候培训"
