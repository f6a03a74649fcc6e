"""The sample people act through the fakes when their moment comes, each in a manner of their own, the same every time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from fakes.crowd.manners import DAY, HOUR, Act, Manner
from fakes.launch import Fake, launched
from fakes.wechat.account import Settings
from tests.fakes.callback import Callback

SEED, START = 7, 1_763_856_000.0  # 2025-11-23 08:00 in Shanghai


def one_who(manner: str, **more: Any) -> dict[str, Any]:
    """Somebody who has this manner by the seed."""
    people = (
        {"code": f"P{number}", "stage": "interview_passed", "locale": "zh", "invite": "KW"} for number in range(999)
    )
    dressed = (
        {**each, "openid": f"o{each['code']}", "phone": "+8613800000001", "channels": ["wechat"]} | more
        for each in people
    )
    return next(person for person in dressed if Manner(person, SEED).name == manner)


def heard(content: str, at: float, via: str = "custom", direction: str = "out") -> dict[str, Any]:
    return {"direction": direction, "via": via, "type": "text", "content": content, "time": at}


def after(manner: str, content: str, via: str = "custom", **more: Any) -> list[Act]:
    """What somebody of this manner does after up to nine such messages."""
    person = Manner(one_who(manner, **more), SEED)
    return [act for number in range(9) for act in person.hears(heard(content, START + number * DAY, via))]


def test_somebody_is_the_same_every_time() -> None:
    person = one_who("asks")
    assert list(Manner(person, SEED).begins(START)) == list(Manner(person, SEED).begins(START))
    assert [act.at for act in Manner(person, SEED).begins(START)] != [act.at for act in Manner(person, 8).begins(START)]


def test_nobody_acts_at_night() -> None:
    acts = [act for name in ("asks", "withdraws", "answers") for act in Manner(one_who(name), SEED).begins(START)]
    hours = {int((act.at + 8 * HOUR) % DAY // HOUR) for act in acts}
    assert hours
    assert hours <= set(range(7, 23))


def test_each_manner_does_its_own() -> None:
    question, link = "能来吗？\n1. 能\n2. 不能", "看这里 http://127.0.0.1:1/c/x"
    assert {act.fields.get("content") for act in after("answers", question)} == {"1"}
    assert {act.fields.get("url") for act in after("reads", link)} == {"http://127.0.0.1:1/c/x"}
    assert after("silent", question) == after("away", question) == after("answers", "故事") == []
    assert [act.fields["content"] for act in after("stops", "故事")] == ["退订"]
    assert [act.name for act in after("unfollows", "故事")] == ["unfollow"]
    assert after("answers", question, via="twilio") == []


def test_who_texts_from_abroad_uses_sms() -> None:
    abroad = [Manner(one_who("stops", phone=f"+1202555{n:04}"), SEED) for n in range(1)]
    channels = {Manner({"code": f"F{n}", "phone": "+12025550143", "openid": "o"}, SEED).channel for n in range(30)}
    assert channels == {"wechat", "sms"}
    assert abroad[0].channel in channels


@pytest.fixture
def people(tmp_path: Path) -> Path:
    file = tmp_path / "people.json"
    everyone = [one_who("answers"), one_who("silent"), one_who("away"), one_who("asks", stage="joined")]
    file.write_text(json.dumps({"company": "暖锅", "candidates": everyone, "staff": []}), "utf-8")
    return file


@pytest.fixture
def crowd(wechat: Fake, twilio: Fake, server: Callback, people: Path) -> Iterator[Fake]:
    for fake in (wechat, twilio):
        fake.post("/_fake/clock", stand=START)
    options = ("--wechat", wechat.url, "--twilio", twilio.url, "--people", str(people), "--seed", str(SEED))
    with launched("crowd", *options) as fake:
        yield fake


def _said(wechat: Fake, manner: str) -> list[str]:
    return [message["content"] for message in wechat.chat(one_who(manner)["openid"]) if message["via"] == "user"]


def test_they_come_by_their_card_and_answer_what_is_asked(crowd: Fake, wechat: Fake) -> None:
    first = crowd.post("/act", now=START)
    assert (first["acted"], first["next"] > START) == (0, True)
    come = crowd.post("/act", now=START + 2 * DAY)
    assert come["acted"] == 2
    assert [_said(wechat, name) for name in ("answers", "silent", "away", "asks")] == [
        ["subscribe"],
        ["subscribe"],
        [],
        [],
    ]
    for _ in range(9):
        _sends(wechat, one_who("answers")["openid"], "能来吗？\n1. 能")
    crowd.post("/act", now=START + 2 * DAY)
    assert set(_said(wechat, "answers")) == {"subscribe", "1"}


def _sends(wechat: Fake, openid: str, text: str) -> None:
    account = {"appid": Settings().app_id, "secret": Settings().app_secret}
    token = wechat.post("/cgi-bin/stable_token", grant_type="client_credential", **account)["access_token"]
    wechat.post("/_fake/person", openid=openid, window="message")
    message = {"touser": openid, "msgtype": "text", "text": {"content": text}}
    url = f"{wechat.url}/cgi-bin/message/custom/send?access_token={token}"
    assert requests.post(url, data=json.dumps(message, ensure_ascii=False).encode(), timeout=5).json()["errcode"] == 0


def test_who_is_played_by_a_visitor_is_left_to_the_visitor(crowd: Fake, wechat: Fake) -> None:
    wechat.push(openid=one_who("answers")["openid"], kind="text", content="我自己来")
    assert crowd.post("/act", now=START)["acted"] == 0
    assert crowd.post("/act", now=START + 2 * DAY)["acted"] == 1
    assert _said(wechat, "answers") == ["我自己来"]
