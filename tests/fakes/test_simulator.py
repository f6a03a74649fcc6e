"""The simulated phone speaks through both fakes, and its page works in a browser at both widths."""

import json
import random
import re
import shutil
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from bot.platform import clock
from fakes.launch import Fake, launched
from fakes.simulator.people import _openid
from fakes.simulator.words import TRY, WORDS
from fakes.wechat.account import Settings as WechatAccount
from tests.fakes.callback import Callback, Called, Said, twiml

STATIC = Path(__file__).parents[2] / "fakes" / "simulator" / "static"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDS_BROWSER = pytest.mark.skipif(CHROMIUM is None, reason="no browser; apt-get install chromium fonts-noto-cjk")
CANDIDATE = {"code": "C001", "name": "王小雨", "stage": "interview_passed", "locale": "zh", "invite": "KW8F3D"}
STORY = {"zh": "每天都在问", "en": "Asks every day"}
REPLY = "您的培训时间是 12月3日。详情 http://127.0.0.1/c/x"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    second = {"code": "C000", "name": "Emma", "stage": "joined", "locale": "en", "phone": None, "openid": "oEmma"}
    first = CANDIDATE | {"phone": "+14155550100", "openid": None, "story": STORY}
    staff = [{"code": "S1", "name": "陈静", "role": "recruiter", "phone": "+14155550199"}, {"code": "S2", "name": "x"}]
    file = tmp_path / "people.json"
    file.write_text(json.dumps({"company": "暖锅", "candidates": [second, first], "staff": staff}), "utf-8")
    return file


@pytest.fixture
def phone(wechat: Fake, twilio: Fake, server: Callback, people: Path) -> Iterator[Fake]:
    server.answer = _answer
    with launched("simulator", "--wechat", wechat.url, "--twilio", twilio.url, "--people", str(people)) as fake:
        yield fake


CHOICES = "你想问的是哪个？回数字就行：\n1. 什么时候培训\n2. 在哪培训"
LIST = "培训要带：\n1. 身份证\n2. 健康证"
CARD = (
    "<ArticleCount>1</ArticleCount><Articles><item><Title>怎么去培训</Title><Description>江场三路76号</Description>"
    "<PicUrl></PicUrl><Url>https://maps.example/x</Url></item></Articles>"
)


def _answer(called: Called) -> Said:
    """The card for 怎么去, the choices for 嗯, a list for 要带什么, late for 慢; else when training is."""
    if called.path.startswith("/sms"):
        return twiml(f"<Message>{REPLY}</Message>")
    sender = re.search(rb"<FromUserName><!\[CDATA\[(.*?)\]", called.body)
    openid = sender[1].decode() if sender else ""
    head = f"<ToUserName>{openid}</ToUserName><FromUserName>gh_97417a04a28d</FromUserName>"
    heard = called.body.decode()
    if "慢" in heard:
        time.sleep(1.5)
    if "怎么去" in heard:
        return Said(f"<xml>{head}<CreateTime>1700000000</CreateTime><MsgType>news</MsgType>{CARD}</xml>")
    says = CHOICES if "[嗯]" in heard else LIST if "要带什么" in heard else REPLY
    body = f"<CreateTime>1700000000</CreateTime><MsgType>text</MsgType><Content><![CDATA[{says}]]></Content>"
    return Said(f"<xml>{head}{body}</xml>")


def _act(phone: Fake, channel: str, act: str, code: str = "C001", **fields: object) -> None:
    phone.post("/sim/api/act", {"code": code, "channel": channel, "act": act} | fields)


def _chat(phone: Fake, channel: str, code: str = "C001") -> list[tuple[str, str]]:
    messages = phone.get("/sim/api/chat", channel=channel, code=code)["messages"]
    return [(message["via"], message["type"]) for message in messages]


def test_people_with_a_story_come_first(phone: Fake, people: Path) -> None:
    start = phone.get("/sim/api/start")
    assert [person["code"] for person in start["candidates"]] == ["C001", "C000"]
    assert [person["channels"] for person in start["candidates"]] == [["wechat", "sms"], ["wechat"]]
    assert [person["code"] for person in start["staff"]] == ["S1"]
    people.unlink()
    assert phone.get("/sim/api/start")["candidates"] == []


def test_everything_on_the_wechat_phone_goes_through_the_webhook(phone: Fake, wechat: Fake, server: Callback) -> None:
    _act(phone, "wechat", "scan", scene="KW8F3D")
    _act(phone, "wechat", "text", content="什么时候培训")
    wechat.idle()
    for act in ("sticker", "voice", "picture"):
        _act(phone, "wechat", act)
    _act(phone, "wechat", "location", lat=31.2, lng=121.4, label="人民广场")
    _act(phone, "wechat", "menu", key="stage", label="进度")
    wechat.idle()
    _act(phone, "wechat", "unfollow")
    wechat.idle()
    spoken = [type for via, type in _chat(phone, "wechat") if via == "user"]
    assert spoken == ["event", "text", "sticker", "voice", "image", "location", "event", "event"]
    assert len(server.calls) == 8
    assert _chat(phone, "wechat")[-1] == ("user", "event")


def test_texts_go_through_the_sms_webhook(phone: Fake, twilio: Fake) -> None:
    _act(phone, "sms", "text", content="when?")
    twilio.idle()
    assert _chat(phone, "sms") == [("user", "text"), ("twiml", "text")]


def test_an_unchanged_chat_is_not_sent_again(phone: Fake) -> None:
    state = phone.get("/sim/api/chat", channel="wechat", code="C001")
    again = phone.get("/sim/api/chat", channel="wechat", code="C001", rev=state["rev"])
    assert ("messages" in state, "messages" in again) == (True, False)


def test_a_picture_can_be_looked_at(phone: Fake, wechat: Fake) -> None:
    _act(phone, "wechat", "picture", base64="iVBORw==", type="image/png")
    wechat.idle()
    media = phone.get("/sim/api/chat", channel="wechat", code="C001")["messages"][0]["media_id"]
    assert requests.get(f"{phone.url}/sim/media/wechat/{media}", timeout=5).content == b"\x89PNG"


def test_an_unknown_person_or_act_is_not_found(phone: Fake) -> None:
    assert requests.get(phone.url + "/sim/api/chat?channel=wechat&code=X", timeout=5).status_code == 404
    order = {"code": "C001", "channel": "sms", "act": "scan"}
    assert requests.post(phone.url + "/sim/api/act", json=order, timeout=5).status_code == 404


def test_absent_fakes_are_told(people: Path) -> None:
    dead = "http://127.0.0.1:9"
    with launched("simulator", "--wechat", dead, "--twilio", dead, "--people", str(people)) as phone:
        assert requests.get(phone.url + "/sim/api/chat?channel=sms&code=C001", timeout=5).status_code == 502


def test_the_page_has_the_same_words_in_both_languages() -> None:
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    placeholders = {key: [set(re.findall(r"\{\w+\}", WORDS[lang][key])) for lang in WORDS] for key in WORDS["zh"]}
    loose = {"parts_one"}
    assert [key for key, (zh, en) in placeholders.items() if zh != en and key not in loose] == []
    assert TRY.keys() == WORDS.keys()


def test_every_word_the_page_asks_for_exists_and_none_is_idle() -> None:
    sources = "".join(file.read_text("utf-8") for file in STATIC.iterdir())
    asked = set(re.findall(r"""word\(\s*"(\w+)"|data-(?:word|hint)="(\w+)\"""", sources))
    asked_for = {name for pair in asked for name in pair if name}
    assert asked_for <= WORDS["en"].keys()
    quoted = set(re.findall(r"\"(\w+)\"", sources))
    built = ("ev_", "via_", "window_", "s_", "r_", "rule_", "decision_", "e_", "f_", "v_", "k_", "d_", "w_", "o_")
    assert [key for key in WORDS["en"] if key not in asked_for | quoted and not key.startswith(built)] == []


def test_all_addresses_of_the_page_lie_below_sim() -> None:
    sources = "".join(file.read_text("utf-8") for file in STATIC.iterdir())
    addresses = re.findall(r"""(?:href|src)="(/[^"]*)"|[`"](/[a-z][^`"]*)[`"]""", sources)
    assert all(path.startswith("/sim") for pair in addresses for path in pair if path and not path.startswith("/media"))
    assert "http://" not in sources.replace("http://www.w3.org", "").replace("https?://", "")


WIDTHS = pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 860)])
WHY = {
    "decision": "answer",
    "rule": "",
    "p": 0.93,
    "top": [["training.when", 0.93], ["training.where", 0.04]],
    "road": ["training.when", "training.published"],
    "said": ["training.when_published"],
    "facts": {"date": "published", "when": "before"},
}
NAMES = {"training.when": {"zh": "什么时候培训", "en": "when training is"}}


@contextmanager
def _held(phone: Fake, width: int = 1280, height: int = 860, why: Any = None, locale: str = "zh-CN") -> Iterator[Any]:
    """王小雨's phone in a browser, following the account; any error of the page fails the test."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": width, "height": height}, locale=locale).new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.route("**/sim/why?*", lambda route: route.fulfill(json=why))
        page.route("**/sim/why/pushed?*", lambda route: route.fulfill(json=[]))
        page.goto(phone.url + "/sim")
        page.get_by_text("王小雨").click()
        page.locator(".unfollowed .solid").first.click()
        page.get_by_text("您的培训时间").wait_for()
        yield page
        assert page.evaluate("() => document.documentElement.scrollWidth") == width
        assert faults == []
        browser.close()


def _say(page: Any, text: str) -> None:
    page.locator("#bar textarea").fill(text)
    page.keyboard.press("Enter")


def _record(text: str, why: dict[str, Any]) -> dict[str, Any]:
    return {"text": text, "received_at": clock.now().isoformat(), "why": why, "names": NAMES}


@NEEDS_BROWSER
@WIDTHS
def test_a_candidate_chats_in_the_browser(phone: Fake, wechat: Fake, width: int, height: int) -> None:
    from playwright.sync_api import expect

    with _held(phone, width, height) as page:
        _say(page, "什么时候培训")
        expect(page.locator(".mine .bubble")).to_have_text("什么时候培训")
        expect(page.locator(".row:not(.mine) .bubble a").last).to_have_attribute("href", "http://127.0.0.1/c/x")
        expect(page.locator(".meta").last).to_contain_text("被动回复")


@NEEDS_BROWSER
def test_numbered_choices_are_tapped_and_send_their_number(phone: Fake, wechat: Fake) -> None:
    from playwright.sync_api import expect

    with _held(phone) as page:
        _say(page, "嗯")
        page.get_by_role("button", name="2 在哪培训").click()
        expect(page.locator(".mine .bubble").last).to_have_text("2")
        expect(page.locator(".numbered button")).to_have_count(0)
        _say(page, "要带什么")
        expect(page.locator(".bubble").last).to_have_text(LIST)


@NEEDS_BROWSER
def test_a_card_shows_title_description_and_where_it_leads(phone: Fake, wechat: Fake) -> None:
    from playwright.sync_api import expect

    with _held(phone, 390, 844) as page:
        _say(page, "怎么去")
        card = page.locator(".card")
        expect(card.locator("h4")).to_have_text("怎么去培训")
        expect(card.locator("p")).to_have_text("江场三路76号")
        expect(card.locator("a")).to_have_attribute("href", "https://maps.example/x")


@NEEDS_BROWSER
def test_who_waits_sees_that_somebody_is_writing(phone: Fake, wechat: Fake) -> None:
    from playwright.sync_api import expect

    with _held(phone) as page:
        _say(page, "慢")
        expect(page.locator(".dots")).to_be_visible()
        expect(page.locator("#name")).to_have_text("对方正在输入…")
        expect(page.locator(".dots")).to_have_count(0)
        expect(page.locator(".row:not(.mine) .bubble")).to_have_count(2)


@NEEDS_BROWSER
@WIDTHS
def test_a_bubble_tells_why_to_the_keyboard_too(phone: Fake, wechat: Fake, width: int, height: int) -> None:
    from playwright.sync_api import expect

    records = [_record("别的", {"rule": "human"}), _record("什么时候培训", WHY), _record("", {})]
    with _held(phone, width, height, records) as page:
        _say(page, "什么时候培训")
        expect(page.locator(".ask-why")).to_have_count(2)
        page.locator(".ask-why").last.focus()
        page.keyboard.press("Enter")
        panel = page.get_by_role("region", name="为什么这样说")
        expect(panel).to_contain_text("什么时候培训")
        for words in ("很有把握，93%", "听懂了，直接回答", "培训日期", "已公布", "training.published", "4%"):
            expect(panel).to_contain_text(words)
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        expect(page.locator(".ask-why").last).to_be_focused()
        page.locator(".row:not(.mine) .bubble").first.click(position={"x": 20, "y": 10})
        expect(panel).to_contain_text("没有留下判断")


@NEEDS_BROWSER
def test_a_photo_is_made_smaller_before_it_is_sent(phone: Fake, wechat: Fake) -> None:
    noise = random.Random(1).randbytes
    rows = b"".join(b"\0" + noise(900 * 3) for _ in range(900))
    photo = {"name": "x.png", "mimeType": "image/png", "buffer": _png(900, rows)}
    with _held(phone) as page:
        page.locator("#bar textarea + .icon").click()
        with page.expect_request("**/sim/api/act") as sent:
            page.locator("input[type=file]").set_input_files(photo)
        assert sent.value.post_data_json["act"] == "picture"
        assert 10_000 < len(sent.value.post_data) < 64 * 1024
        page.locator(".mine .bubble img").wait_for()


def _png(side: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


@NEEDS_BROWSER
def test_where_reasons_are_nobodys_to_see_the_panel_says_so(phone: Fake, wechat: Fake) -> None:
    from playwright.sync_api import expect

    with _held(phone, locale="en-GB") as page:
        page.locator(".ask-why").click()
        expect(page.get_by_role("region", name="Why this message")).to_contain_text("only be seen in the demo")


class Machine(BaseHTTPRequestHandler):
    """A time machine that remembers what it was told."""

    def do_GET(self) -> None:
        self._say()

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append((self.path, order))  # type: ignore[attr-defined]
        self._say(playing=self.path == "/play")

    def _say(self, playing: bool = False) -> None:
        self.server.playing = getattr(self.server, "playing", False) if self.command == "GET" else playing
        until = "2026-12-23T02:00:00+00:00" if self.server.playing else None
        state = {"now": "2026-11-23T02:00:00+00:00", "playing": self.server.playing, "until": until}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(state).encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def machine() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Machine)
    server.told = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def timed(wechat: Fake, twilio: Fake, server: Callback, people: Path, machine: ThreadingHTTPServer) -> Iterator[Fake]:
    """A simulator with a time machine beside it."""
    server.answer = _answer
    time_url = f"http://127.0.0.1:{machine.server_address[1]}"
    options = ("--wechat", wechat.url, "--twilio", twilio.url, "--people", str(people), "--time", time_url)
    with launched("simulator", *options) as fake:
        yield fake


@NEEDS_BROWSER
@WIDTHS
def test_a_bar_shows_the_time_and_moves_it(timed: Fake, machine: Any, width: int, height: int) -> None:
    from playwright.sync_api import expect

    with _held(timed, width, height) as page:
        bar = page.locator("#time")
        expect(bar.locator("#time-now")).to_contain_text(re.compile("11月2[23]日"))
        bar.get_by_role("button", name="+1 小时").click()
        bar.get_by_role("button", name="播放 30 天").click()
        expect(bar).to_contain_text("播到 12月2")
        bar.get_by_role("button", name="暂停").click()
        expect(bar.get_by_role("button", name="+1 天")).to_be_visible()
    assert machine.told == [("/step", {"hours": 1}), ("/play", {"days": 30}), ("/pause", {})]


def test_without_a_time_machine_there_is_no_bar(phone: Fake) -> None:
    assert phone.get("/sim/api/start")["time"] is False
    assert requests.get(phone.url + "/sim/api/time", timeout=5).status_code == 404


def test_an_order_that_no_time_machine_knows_is_not_found(timed: Fake, machine: Any) -> None:
    assert requests.post(timed.url + "/sim/api/time/back", json={}, timeout=5).status_code == 404
    assert machine.told == []


PUSHED = {
    "text": REPLY,
    "provider_id": "",
    "kind": "notice",
    "said": "reminder.unread",
    "parts": 1,
    "cost": 0,
    "via": "service",
    "state": "sent",
    "error_code": "",
    "reason": "",
    "trail": [{"via": "template", "state": "failed", "error_code": "43004", "reason": ""}],
    "touch": {
        "entry": "unread",
        "occasion": "K4:2",
        "kind": "notice",
        "by": "rhythm",
        "meant_at": "2026-11-23T02:00:00+00:00",
        "due_at": "2026-11-23T02:00:00+00:00",
        "deferred": "hours",
    },
}


@NEEDS_BROWSER
def test_what_came_unasked_tells_why_this_why_now_and_by_which_road(phone: Fake, wechat: Fake) -> None:
    from playwright.sync_api import expect

    with _held(phone) as page:
        pushed = PUSHED | {"sent_at": clock.now().isoformat()}
        page.route("**/sim/why/pushed?*", lambda route: route.fulfill(json=[pushed]))
        wechat.post("/_fake/person", openid=_openid("C001"), window="message")
        _sends(wechat, _openid("C001"), REPLY)
        expect(page.locator(".ask-why")).to_have_count(2)
        page.locator(".ask-why").last.click()
        panel = page.get_by_role("region", name="为什么这样说")
        for words in ("unread", "K4:2", "通知", "夜里不打扰", "微信模板消息：没发成 43004", "微信客服消息：已发出"):
            expect(panel).to_contain_text(words)


def _sends(wechat: Fake, openid: str, text: str) -> None:
    account = {"appid": WechatAccount().app_id, "secret": WechatAccount().app_secret}
    token = wechat.post("/cgi-bin/stable_token", grant_type="client_credential", **account)["access_token"]
    message = {"touser": openid, "msgtype": "text", "text": {"content": text}}
    url = f"{wechat.url}/cgi-bin/message/custom/send?access_token={token}"
    assert requests.post(url, data=json.dumps(message, ensure_ascii=False).encode(), timeout=5).json()["errcode"] == 0


@NEEDS_BROWSER
def test_enter_does_not_send_what_an_input_method_still_composes(phone: Fake, wechat: Fake) -> None:
    with _held(phone) as page:
        field = page.locator("#bar textarea")
        field.fill("pei xun")
        field.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
        field.press("Shift+Enter")
        assert page.locator(".mine").count() == 0
        assert field.input_value() == "pei xun\n"
