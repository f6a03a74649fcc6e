"""The simulated phone speaks through both fakes, and its page works in a browser at both widths."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from fakes.launch import Fake, launched
from fakes.simulator.words import TRY, WORDS
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


def _answer(called: Called) -> Said:
    if called.path.startswith("/sms"):
        return twiml(f"<Message>{REPLY}</Message>")
    sender = re.search(rb"<FromUserName><!\[CDATA\[(.*?)\]", called.body)
    openid = sender[1].decode() if sender else ""
    head = f"<ToUserName>{openid}</ToUserName><FromUserName>gh_97417a04a28d</FromUserName>"
    body = f"<CreateTime>1700000000</CreateTime><MsgType>text</MsgType><Content><![CDATA[{REPLY}]]></Content>"
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
    built = ("ev_", "via_", "window_", "s_", "r_")
    assert [key for key in WORDS["en"] if key not in asked_for | quoted and not key.startswith(built)] == []


def test_all_addresses_of_the_page_lie_below_sim() -> None:
    sources = "".join(file.read_text("utf-8") for file in STATIC.iterdir())
    addresses = re.findall(r"""(?:href|src)="(/[^"]*)"|[`"](/[a-z][^`"]*)[`"]""", sources)
    assert all(path.startswith("/sim") for pair in addresses for path in pair if path and not path.startswith("/media"))
    assert "http://" not in sources.replace("http://www.w3.org", "").replace("https?://", "")


@NEEDS_BROWSER
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 860)])
def test_a_candidate_chats_in_the_browser(phone: Fake, wechat: Fake, width: int, height: int) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN").new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.goto(phone.url + "/sim")
        page.get_by_text("王小雨").click()
        page.get_by_role("button", name="关注公众号").click()
        expect(page.locator(".row:not(.mine) .bubble")).to_contain_text(REPLY)
        page.get_by_label("发消息").fill("什么时候培训")
        page.keyboard.press("Enter")
        expect(page.locator(".mine .bubble")).to_have_text("什么时候培训")
        expect(page.locator(".row:not(.mine) .bubble a").last).to_have_attribute("href", "http://127.0.0.1/c/x")
        expect(page.locator(".meta").last).to_have_text("被动回复")
        assert page.evaluate("() => document.documentElement.scrollWidth") == width
        assert faults == []
        browser.close()
