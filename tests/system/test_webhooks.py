"""Signed calls of the platforms, sent by programs of their own to a running server: right answers, repeats, refusals."""

import csv
import hashlib
import random
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
import requests
import sqlalchemy as sa

from bot.imports import run as importing
from bot.settings import load as load_settings
from bot.store.tables import addresses, candidates, metadata, outbound, receipts
from fakes.launch import Fake, launched
from fakes.twilio.signature import sign as twilio_sign
from tests.conftest import NOW
from tests.system import letters
from tests.system.letters import Letter
from tests.system.servers import (
    OLD_AES_KEY,
    PUBLIC,
    SECRETS,
    SHARED_KEY,
    TWILIO,
    WECHAT,
    WECHAT_OPTIONS,
    Deployment,
    Server,
    number,
    run,
    said,
    serving,
    wait_for,
)

ASK, WHERE = "培训在哪里", "上海培训中心"
BOTH_KEYS = f"{WECHAT.aes_key},{OLD_AES_KEY}"
BREAKER = "王]]>&<b>芳"


@pytest.fixture(scope="module")
def sealed_server(deployment: Deployment) -> Iterator[Server]:
    """Secure mode, while the AES key changes."""
    with serving(deployment, WECHAT_AES_KEY=BOTH_KEYS) as started:
        yield started


@pytest.fixture(scope="module")
def compatible_server(deployment: Deployment) -> Iterator[Server]:
    """Takes clear bodies beside encrypted ones."""
    text = (deployment.folder / "config.yaml").read_text(encoding="utf-8")
    config = deployment.folder / "compatible.yaml"
    config.write_text(text.replace("compatible: no", "compatible: yes"), encoding="utf-8")
    with serving(deployment, WECHAT_AES_KEY=BOTH_KEYS, KEEPWARM_CONFIG=str(config)) as started:
        yield started


@pytest.fixture(scope="module")
def odd_names(deployment: Deployment) -> None:
    """Candidates whose record tries to break out of the answer, or is too long for one."""
    rows = [
        {"code": "ODD", "name": BREAKER, "phone": "13800000101", "invite": "BREAKER11", "cohort": ""},
        {"code": "LONG", "name": "龙长", "phone": "13800000102", "invite": "LONGLONG1", "cohort": "LONG"},
    ]
    outline = "|".join(f"第{n}课：{'食品安全与门店服务' * 6}" for n in range(30))
    _imports(deployment, "cohorts", [{"code": "LONG", "name": "长", "outline": outline, "bring": "", "seats": "9"}])
    _imports(deployment, "candidates", [row | {"stage": "training_notice"} for row in rows])


def _imports(deployment: Deployment, what: str, rows: list[dict[str, str]]) -> None:
    file = deployment.folder / f"odd-{what}.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    settings = load_settings(deployment.folder / "config.yaml", deployment.environment)
    job = importing.ImportJob(what, file, settings, deployment.database, deployment.cipher, NOW, "cli:test")
    assert importing.run(job).bad == 0


@pytest.fixture
def to_plain(server: Server, wechat: Fake, twilio: Fake) -> Server:
    wechat.callback(f"{server.url}/wechat")
    twilio.callback(f"{server.url}/sms")
    return server


def post(server: Server, letter: Letter, **headers: str) -> requests.Response:
    return requests.post(server.url + letter.path, data=letter.body, headers=letter.headers | headers, timeout=20)


def rows_of_all(deployment: Deployment) -> dict[str, int]:
    """How many rows every table has."""
    return {table.name: deployment.count(table) for table in metadata.sorted_tables}


# WeChat: the three modes.


@pytest.mark.parametrize("form", ["xml", "json"])
def test_a_clear_push_is_answered_from_the_record(
    form: str, to_plain: Server, wechat: Fake, deployment: Deployment, candidate: str
) -> None:
    result = wechat.push(openid=candidate, kind="text", content=ASK, format=form)
    assert result["good"]
    assert WHERE in result["reply"]["content"]
    assert [row.kind for row in deployment.inbound("wechat", candidate)] == ["text"]


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("mode", ["secure", "compatible"])
def test_an_encrypted_push_is_answered_in_kind(
    mode: str, form: str, sealed_server: Server, wechat: Fake, candidate: str
) -> None:
    wechat.callback(f"{sealed_server.url}/wechat")
    result = wechat.push(openid=candidate, kind="text", content=ASK, mode=mode, format=form)
    assert result["good"]
    assert WHERE in result["reply"]["content"]
    assert "<Encrypt>" in result["deliveries"][0]["body"]


def test_a_push_sealed_with_the_previous_key_is_answered_with_the_previous_key(
    sealed_server: Server, candidate: str
) -> None:
    before = ("--aes-key", OLD_AES_KEY, "--mode", "secure", "--callback", f"{sealed_server.url}/wechat")
    with launched("wechat", *WECHAT_OPTIONS, *before) as older:
        result = older.push(openid=candidate, kind="text", content=ASK)
    assert result["good"]
    assert WHERE in result["reply"]["content"]


def test_a_push_for_another_app_is_refused(sealed_server: Server, deployment: Deployment, openid: str) -> None:
    other = ("--app-id", "wxffffffffffffffff", "--mode", "secure", "--callback", f"{sealed_server.url}/wechat")
    with launched("wechat", *WECHAT_OPTIONS, *other) as stray:
        result = stray.push(openid=openid, kind="text", content=ASK)
    assert {delivery["status"] for delivery in result["deliveries"]} == {403}
    assert deployment.person("wechat", openid) is None


def test_a_clear_body_is_refused_once_there_is_an_aes_key(
    sealed_server: Server, wechat: Fake, deployment: Deployment, openid: str
) -> None:
    wechat.callback(f"{sealed_server.url}/wechat")
    result = wechat.push(openid=openid, kind="text", content=ASK, mode="plain")
    assert {delivery["status"] for delivery in result["deliveries"]} == {403}
    assert deployment.person("wechat", openid) is None


def test_a_clear_body_is_taken_in_compatible_mode(compatible_server: Server, wechat: Fake, candidate: str) -> None:
    wechat.callback(f"{compatible_server.url}/wechat")
    for mode in ("plain", "compatible", "secure"):
        result = wechat.push(openid=candidate, kind="text", content=ASK, mode=mode)
        assert result["good"], mode
        assert WHERE in result["reply"]["content"]


def test_the_clear_half_of_an_encrypted_push_counts_for_nothing(
    sealed_server: Server, deployment: Deployment, openid: str
) -> None:
    """msg_signature covers Encrypt alone."""
    letter = letters.sealed(letters.wechat_fields(openid, ASK))
    forged = b"<FromUserName>o-somebody-else</FromUserName><MsgType>text</MsgType><Content>STOP</Content></xml>"
    answer = post(sealed_server, Letter(letter.path, letter.body.replace(b"</xml>", forged), letter.headers))
    assert answer.status_code == 200
    assert len(deployment.inbound("wechat", openid)) == 1
    assert deployment.person("wechat", "o-somebody-else") is None


@pytest.mark.parametrize("signature", ["bad", "missing"])
@pytest.mark.parametrize("mode", ["plain", "secure"])
def test_a_push_without_its_signature_is_refused(
    mode: str, signature: str, server: Server, sealed_server: Server, wechat: Fake, deployment: Deployment, openid: str
) -> None:
    wechat.callback(f"{(server if mode == 'plain' else sealed_server).url}/wechat")
    result = wechat.push(openid=openid, kind="text", content=ASK, mode=mode, signature=signature)
    assert [delivery["status"] for delivery in result["deliveries"]] == [403]
    assert deployment.person("wechat", openid) is None


def test_the_address_proves_that_it_is_ours(server: Server, sealed_server: Server, wechat: Fake) -> None:
    for each in (server, sealed_server):
        wechat.callback(f"{each.url}/wechat")
        assert wechat.post("/_fake/verify")["good"]
        assert wechat.post("/_fake/verify", echostr="<script>")["body"] == "<script>"
        refused = wechat.post("/_fake/verify", signature="bad")
        assert (refused["status"], refused["body"]) == (403, "")
        assert requests.get(f"{each.url}/wechat", timeout=5).status_code == 403


# WeChat: what comes, and what goes.

MESSAGES: list[tuple[str, dict[str, Any]]] = [
    ("text", {"content": ASK}),
    ("text", {"content": ASK, "bizmsgmenuid": "101"}),
    ("sticker", {}),
    ("image", {}),
    ("voice", {}),
    ("voice", {"recognition": ASK}),
    ("video", {}),
    ("shortvideo", {}),
    ("location", {"lat": 31.23, "lng": 121.47, "label": "上海 ]]> 人民广场"}),
    ("link", {"title": "招聘", "url": "https://example.com/?a=1&b=2"}),
    ("file", {"fields": {"Title": "简历.pdf"}}),
    ("something_new", {"fields": {"Nested": {"Deep": [1, 2]}}}),
]
SILENT_EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("unsubscribe", {}),
    ("LOCATION", {"lat": 31.23, "lng": 121.47}),
    ("VIEW", {"event_key": "https://example.com/", "fields": {"MenuId": "4"}}),
    ("scancode_push", {"event_key": "6", "fields": {"ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "2"}}}),
    ("scancode_waitmsg", {"event_key": "6", "fields": {"ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "2"}}}),
    ("pic_sysphoto", {"event_key": "6", "fields": {"SendPicsInfo": {"Count": 1, "PicList": {"item": [{"a": "b"}]}}}}),
    ("location_select", {"event_key": "6", "fields": {"SendLocationInfo": {"Location_X": "23", "Poiname": ""}}}),
    ("TEMPLATESENDJOBFINISH", {"event_key": None, "fields": {"MsgID": 3487542469355618313, "Status": "success"}}),
    ("TEMPLATESENDJOBFINISH", {"event_key": None, "fields": {"MsgID": 1, "Status": "failed: system failed"}}),
    (
        "subscribe_msg_popup_event",
        {"event_key": None, "fields": {"SubscribeMsgPopupEvent": {"List": [{"TemplateId": "a"}, {"TemplateId": "b"}]}}},
    ),
    ("subscribe_msg_change_event", {"event_key": None, "fields": {"SubscribeMsgChangeEvent": {"List": {"a": "b"}}}}),
    ("subscribe_msg_sent_event", {"event_key": None, "fields": {"SubscribeMsgSentEvent": {"List": {"MsgID": 1}}}}),
    ("event_of_next_year", {"event_key": "x", "fields": {"More": {"And": "more"}}}),
]


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize(("kind", "fields"), MESSAGES, ids=[f"{n} {kind}" for n, (kind, _) in enumerate(MESSAGES)])
def test_every_type_of_message_is_kept_and_answered_or_acknowledged(
    kind: str, fields: dict[str, Any], form: str, to_plain: Server, wechat: Fake, deployment: Deployment, candidate: str
) -> None:
    result = wechat.push({"openid": candidate, "kind": kind, "format": form} | fields)
    assert result["good"], result
    assert len(result["deliveries"]) == len(deployment.inbound("wechat", candidate)) == 1
    assert (result["reply"] is None) == (kind == "something_new")


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize(
    ("event", "fields"), SILENT_EVENTS, ids=[f"{n} {event}" for n, (event, _) in enumerate(SILENT_EVENTS)]
)
def test_events_that_ask_nothing_are_kept_and_acknowledged(
    event: str,
    fields: dict[str, Any],
    form: str,
    to_plain: Server,
    wechat: Fake,
    deployment: Deployment,
    candidate: str,
) -> None:
    order = {"openid": candidate, "kind": "event", "event": event, "format": form}
    result = wechat.push(order | fields)
    assert [delivery["body"] for delivery in result["deliveries"]] == ["success"]
    assert [row.kind for row in deployment.inbound("wechat", candidate)] == ["event"]


def test_a_follow_is_welcomed_and_a_scanned_card_binds(
    to_plain: Server, wechat: Fake, deployment: Deployment, openid: str
) -> None:
    assert "邀请码" in wechat.post("/_fake/follow", openid=openid)["reply"]["content"]
    assert "李强" in wechat.post("/_fake/scan", openid=openid, scene="LIQIANG22")["reply"]["content"]
    assert deployment.person("wechat", openid).candidate_id
    assert wechat.post("/_fake/unfollow", openid=openid)["reply"] is None
    assert deployment.person("wechat", openid).unfollowed_at
    wechat.pass_time(60)
    assert "李强" in wechat.post("/_fake/follow", openid=openid)["reply"]["content"]
    assert deployment.person("wechat", openid).unfollowed_at is None


@pytest.mark.parametrize("key", ["last_trade_no_4200000001", "scanbarcode|EAN_13|6901234567892|1", ""])
def test_a_follow_that_came_another_way_is_a_plain_follow(
    key: str, to_plain: Server, wechat: Fake, openid: str
) -> None:
    result = wechat.push(openid=openid, kind="event", event="subscribe", event_key=key)
    assert "邀请码" in result["reply"]["content"]


def test_a_tapped_menu_entry_is_answered_and_an_unknown_one_breaks_nothing(
    to_plain: Server, wechat: Fake, candidate: str
) -> None:
    assert WHERE in wechat.post("/_fake/menu", openid=candidate, key="training.where")["reply"]["content"]
    assert wechat.post("/_fake/menu", openid=candidate, key="no.such.entry")["good"]
    assert wechat.post("/_fake/menu", openid=candidate, key="]]>" * 20)["good"]


@pytest.mark.parametrize(
    "text", ["]]>", "]]>]]>" * 99, "<![CDATA[", "&amp;<xml>", "培训]]>在哪里", "\u2028\ufeff🙂]]>"]
)
@pytest.mark.parametrize("form", ["xml", "json"])
def test_words_that_break_out_of_cdata_do_not(
    form: str, text: str, to_plain: Server, wechat: Fake, deployment: Deployment, candidate: str
) -> None:
    assert wechat.push(openid=candidate, kind="text", content=text, format=form)["good"]
    (row,) = deployment.inbound("wechat", candidate)
    assert deployment.text(row).strip() == text.strip()


@pytest.mark.parametrize("mode", ["plain", "secure"])
def test_a_name_that_breaks_out_of_cdata_does_not(
    mode: str, odd_names: None, server: Server, sealed_server: Server, wechat: Fake, deployment: Deployment, openid: str
) -> None:
    wechat.callback(f"{(server if mode == 'plain' else sealed_server).url}/wechat")
    deployment.bind("wechat", openid, "ODD")
    result = wechat.push(openid=openid, kind="text", content="你好", mode=mode)
    assert result["good"]
    assert BREAKER in result["reply"]["content"]


def test_a_name_that_breaks_out_of_twiml_does_not(
    odd_names: None, to_plain: Server, twilio: Fake, deployment: Deployment
) -> None:
    result = twilio.push({"from": "+8613800000101", "body": "你好", "force": True})
    assert not result["errors"]
    assert BREAKER in "".join(result["reply"])


def test_an_answer_too_long_for_one_message_goes_on_in_service_messages(
    odd_names: None, to_plain: Server, wechat: Fake, deployment: Deployment, openid: str
) -> None:
    deployment.bind("wechat", openid, "LONG")
    assert wechat.push(openid=openid, kind="text", content="培训内容")["good"]
    wait_for(lambda: set(deployment.states("wechat", openid)) == {"sent"})
    parts = said(wechat, openid)
    assert len(parts) > 2
    assert all(len(part.encode()) <= 2048 for part in parts)
    assert all(f"第{n}课" in "".join(parts) for n in range(30))


# Repeats.


def test_a_repeat_gets_the_same_bytes_from_any_process_and_after_a_restart(
    server: Server, deployment: Deployment, candidate: str, stranger: str
) -> None:
    calls = [
        letters.wechat(candidate, ASK),
        letters.wechat(candidate, ASK, "json"),
        letters.wechat(candidate, "", MsgType="event", Event="CLICK", EventKey="training.where"),
        letters.sms(stranger, "where is the training"),
    ]
    first = [post(server, call) for call in calls]
    assert all(answer.status_code == 200 and len(answer.content) > 100 for answer in first)
    same = [answer.content for answer in first]
    assert [post(server, call).content for call in calls] == same
    for _ in range(2):
        with serving(deployment) as another:
            answers = [post(another, call) for call in calls]
            assert [answer.content for answer in answers] == same
            assert [answer.headers["Content-Type"] for answer in answers] == [
                answer.headers["Content-Type"] for answer in first
            ]
    assert len(deployment.inbound("wechat", candidate)) == 3
    assert len(deployment.inbound("sms", stranger)) == 1


def test_an_encrypted_repeat_gets_the_same_bytes(sealed_server: Server, deployment: Deployment, candidate: str) -> None:
    letter = letters.sealed(letters.wechat_fields(candidate, ASK))
    answers = {post(sealed_server, letter).content for _ in range(3)}
    assert len(answers) == 1
    assert b"<Encrypt>" in answers.pop()
    assert len(deployment.inbound("wechat", candidate)) == 1


def test_two_events_of_one_second_are_two(to_plain: Server, wechat: Fake, deployment: Deployment, openid: str) -> None:
    for event, key in (("subscribe", "qrscene_LIQIANG22"), ("SCAN", "LIQIANG22"), ("SCAN", "LIQIANG22")):
        wechat.push(openid=openid, kind="event", event=event, event_key=key, create_time=1_795_000_000)
    assert len(deployment.inbound("wechat", openid)) == 2


# Refusals.


@pytest.mark.parametrize("size", [65_537, 1_000_000])
@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_body_over_64_kib_is_refused_and_nothing_is_stored(
    chunked: bool, size: int, to_plain: Server, deployment: Deployment, openid: str, stranger: str
) -> None:
    before = rows_of_all(deployment)
    body = letters.wechat(openid, "训" * size)
    sms = letters.sms(stranger, "x" * size)
    for letter in (Letter(body.path, body.body[-size:], body.headers), body, sms):
        data: Any = iter([letter.body[:999], letter.body[999:]]) if chunked else letter.body
        answer = requests.post(to_plain.url + letter.path, data=data, headers=letter.headers, timeout=20)
        assert answer.status_code == 413
    assert rows_of_all(deployment) == before


def test_the_largest_body_that_fits_is_taken(server: Server, deployment: Deployment, candidate: str) -> None:
    letter = letters.wechat(candidate, "")
    filler = b"x" * (65_536 - len(letter.body))
    assert post(server, Letter(letter.path, letter.body.replace(b"[]", b"[" + filler + b"]", 1), {})).status_code == 200
    assert len(deployment.inbound("wechat", candidate)) == 1


@pytest.mark.parametrize("signature", ["bad", "missing"])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_an_sms_without_its_signature_is_refused(
    method: str, signature: str, to_plain: Server, twilio: Fake, deployment: Deployment, stranger: str
) -> None:
    result = twilio.push({"from": stranger, "body": ASK, "signature": signature, "method": method})
    assert {delivery["status"] for delivery in result["deliveries"]} == {403}
    assert deployment.person("sms", stranger) is None


@pytest.mark.parametrize("path", ["/hr", "/hr/", "/hr/x", "/hr/x/y?z=1"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_hrs_pages_lead_to_the_sign_in_and_take_nothing_from_a_stranger(path: str, method: str, server: Server) -> None:
    answer = requests.request(method, server.url + path, timeout=5, allow_redirects=False)
    assert answer.status_code == (303 if method == "GET" else 401)
    assert answer.headers.get("Location", "/hr/sign-in?next=").startswith("/hr/sign-in?next=")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/", "/api/v1/x", "/api/v1/candidates/PUB"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_the_api_tells_nothing_without_a_token(path: str, method: str, server: Server) -> None:
    answers = [
        requests.request(method, server.url + path, headers=headers, timeout=5)
        for headers in ({}, {"Authorization": "Bearer x"})
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert "王芳" not in answers[0].text


@pytest.mark.parametrize("path", ["/sim", "/sim/", "/sim/api/send", "/nothing", "/c/", "/c/x", "/c/W10.x.y", "/c/a/b"])
def test_what_is_not_there_is_404_without_a_hint(path: str, server: Server) -> None:
    answer = requests.get(server.url + path, timeout=5)
    assert answer.status_code == 404
    assert "王芳" not in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/wechat", "/sms", "/sms/status"])
def test_other_methods_are_no_calls(path: str, method: str, server: Server) -> None:
    assert requests.request(method, server.url + path, timeout=5).status_code == 405


def test_probes_and_metrics_say_how_it_stands(server: Server) -> None:
    assert requests.get(f"{server.url}/healthz", timeout=5).json() == {"status": "ok"}
    assert requests.get(f"{server.url}/readyz", timeout=5).json() == {"status": "ready"}
    metrics = requests.get(f"{server.url}/metrics", timeout=5).text
    for name in ("inbound_total", "inbound_repeats_total", "rejected_total", "answer_seconds", "outbound", "spooled"):
        assert f"keepwarm_{name}" in metrics


# SMS.


def test_an_imported_number_is_answered_from_its_record(to_plain: Server, twilio: Fake) -> None:
    result = twilio.push({"from": "+8613800000001", "body": ASK, "force": True})
    assert WHERE in result["reply"][0]
    assert not result["errors"]


def test_a_number_that_nobody_has_learns_nothing(to_plain: Server, twilio: Fake, stranger: str) -> None:
    result = twilio.push({"from": stranger, "body": ASK})
    assert result["reply"]
    assert not any(word in "".join(result["reply"]) for word in (WHERE, "王芳", "PUB"))


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"FutureField": "1", "未来": "是", "Zz ]]>": "&=?"},
        {"Again": ["2", "1", "2", ""], "MediaUrl": ["", ""]},
        {"ToCity": " ", "Body": " 培训在哪里 \n"},
    ],
    ids=["blank fields", "unknown fields", "repeated names", "untrimmed values"],
)
def test_a_signature_covers_whatever_twilio_sends(
    extra: dict[str, Any], algorithm: str, method: str, to_plain: Server, twilio: Fake, stranger: str
) -> None:
    order = {"from": stranger, "body": ASK, "method": method, "algorithm": algorithm, "extra": extra}
    result = twilio.push(order)
    assert result["good"], result
    assert result["deliveries"][0]["content_type"].startswith("text/xml")


def test_a_shared_keys_signature_does_not_pass_as_the_tokens(
    server: Server, deployment: Deployment, stranger: str
) -> None:
    pairs = letters.sms_pairs(stranger, ASK)
    for key, named in (
        (TWILIO.shared_key, ""),
        (TWILIO.shared_key, "key=another,algorithm=HMAC_SHA256"),
        (TWILIO.auth_token, f"key={SHARED_KEY},algorithm=HMAC_SHA256"),
        (TWILIO.auth_token, f"key={SHARED_KEY},algorithm=NONE"),
        ("", f"key={SHARED_KEY},algorithm=HMAC_SHA256"),
    ):
        signature = twilio_sign(key, f"{PUBLIC}/sms", pairs, "sha256")
        header = {"X-Twilio-Webhooks-Signature-Settings": named} if named else {}
        letter = Letter("/sms", urlencode(pairs).encode(), {"Content-Type": letters.FORM})
        answer = post(server, letter, **{"X-Twilio-Signature": signature}, **header)
        assert answer.status_code == 403, named
    assert deployment.person("sms", stranger) is None


@pytest.mark.parametrize("path", ["/sms", "/sms/", "/sms?", "/sms?a=%2F%2f&b=", "//sms", "/sms?x=é", "/%73ms"])
def test_the_signature_is_over_the_address_as_it_was_called(
    path: str, server: Server, deployment: Deployment, stranger: str
) -> None:
    """Whatever a path is worth, it never breaks anything; and what is answered was signed for that very address."""
    right = post(server, letters.form(letters.sms_pairs(stranger, ASK), path))
    assert right.status_code in (200, 403, 404)
    letter = letters.form(letters.sms_pairs(stranger, ASK), "/sms?other=1")
    assert post(server, Letter(path, letter.body, letter.headers)).status_code in (403, 404)


def test_json_with_its_hash_is_taken_and_any_other_body_refused(
    server: Server, deployment: Deployment, stranger: str
) -> None:
    body = letters.as_json(dict(letters.sms_pairs(stranger, ASK)) | {"NumMedia": 0, "Nested": {"a": [1]}})
    path = f"/sms?bodySHA256={hashlib.sha256(body).hexdigest()}"
    assert post(server, letters.signed(path, body.replace(b"NumMedia", b"NumMedio"))).status_code == 403
    assert deployment.person("sms", stranger) is None
    answer = post(server, letters.signed(path, body))
    assert answer.status_code == 200
    assert "<Message " in answer.text
    assert len(deployment.inbound("sms", stranger)) == 1


def test_a_picture_is_kept_as_what_it_is(to_plain: Server, twilio: Fake, deployment: Deployment, stranger: str) -> None:
    media = [{"url": "https://example.com/1.png", "type": "image/png"}, {"url": "https://example.com/2", "type": "x/y"}]
    assert twilio.push({"from": stranger, "body": "", "media": media})["good"]
    (row,) = deployment.inbound("sms", stranger)
    assert row.kind == "picture"
    detail = deployment.cipher.open(row.detail, "inbound.detail")
    assert "https://example.com/1.png" in detail
    assert "https://example.com/2" in detail


@pytest.mark.parametrize("mode", ["default", "advanced"])
@pytest.mark.parametrize(("stop", "start"), [("STOP", "START"), (" unsubscribe ", "unstop"), ("Cancel", "START")])
def test_between_stop_and_start_a_number_hears_nothing(
    mode: str, stop: str, start: str, to_plain: Server, twilio: Fake, deployment: Deployment, stranger: str
) -> None:
    """Twilio confirms its own words; our answer to them is empty."""
    twilio.post("/_fake/mode", opt_out=mode)
    twilio.push({"from": stranger, "body": "hello"})
    before = len(said(twilio, stranger))
    for text in (stop, "hello", ASK, "人工", stop):
        result = twilio.push({"from": stranger, "body": text})
        assert (result["reply"], result["errors"]) == ([], []), text
        assert "<Response/>" in result["deliveries"][0]["body"]
    assert deployment.person("sms", stranger).stopped_at
    assert twilio.push({"from": stranger, "body": start})["reply"] == []
    assert deployment.person("sms", stranger).stopped_at is None
    assert twilio.push({"from": stranger, "body": ASK})["reply"]
    twilio.idle()
    assert len(said(twilio, stranger)) == before + 1


def test_an_opt_out_in_words_of_the_accounts_own_counts(
    to_plain: Server, twilio: Fake, deployment: Deployment, stranger: str
) -> None:
    twilio.post("/_fake/mode", opt_out="advanced", keywords={"STOP": ["BASTA"], "START": ["AVANTI"]})
    assert twilio.push({"from": stranger, "body": "Basta"})["reply"] == []
    assert deployment.person("sms", stranger).stopped_at
    assert twilio.push({"from": stranger, "body": "avanti"})["reply"] == []
    assert deployment.person("sms", stranger).stopped_at is None


@pytest.mark.parametrize("words", ["退订", "ＴＤ", "td"])
def test_a_chinese_opt_out_is_confirmed_once_and_questions_are_still_answered(
    words: str, to_plain: Server, twilio: Fake, deployment: Deployment
) -> None:
    phone = {"退订": "+8613800000003", "ＴＤ": "+8613800000004", "td": "+8613800000005"}[words]
    first = twilio.push({"from": phone, "body": words, "force": True})
    again = twilio.push({"from": phone, "body": words, "force": True})
    assert first["reply"]
    assert again["reply"] == []
    assert twilio.push({"from": phone, "body": ASK, "force": True})["reply"]
    stopped = sa.select(candidates.c.pushes_stopped_at).join(addresses).where(addresses.c.channel == "sms")
    mine = stopped.where(addresses.c.id == deployment.person("sms", phone).id)
    assert deployment.rows(mine)[0][0] is not None
    assert twilio.push({"from": phone, "body": "恢复", "force": True})["reply"]
    assert deployment.rows(mine)[0][0] is None


# Status callbacks.


@pytest.mark.parametrize("order", ["ordered", "shuffled", "reversed"])
@pytest.mark.parametrize("early", [False, True], ids=["after the response", "before the response"])
def test_callbacks_in_any_order_and_number_end_in_the_right_state(
    early: bool, order: str, to_plain: Server, twilio: Fake, wechat: Fake, deployment: Deployment
) -> None:
    twilio.post("/_fake/statuses", order=order, duplicates=True, before_response=early)
    failing = f"+86138000{number():05}"
    twilio.post("/_fake/phone", number=failing, final="undelivered", error_code=30005)
    arriving = f"+86138000{number():05}"
    for phone in (failing, arriving):
        deployment.queue("sms", phone, "hello")
    run(deployment, "job", "deliver")
    twilio.idle()
    (failed,), (arrived,) = deployment.outbound("sms", failing), deployment.outbound("sms", arriving)
    assert (failed.state, failed.error_code) == ("failed", "30005")
    assert (arrived.state, arrived.error_code) == ("delivered", None)
    assert arrived.delivered_at


def test_callbacks_that_come_at_once_to_two_processes_never_lower_a_status(
    to_plain: Server, deployment: Deployment
) -> None:
    """`sent` must not overwrite `delivered`, whichever is committed last; nor may the send's own answer lose them."""
    sids = [f"SM{number():032x}" for _ in range(30)]
    ids = [deployment.queue("sms", f"+86138001{number():05}", "hello") for _ in sids]

    def known(sid: str, row: int) -> None:
        changed = sa.update(outbound).where(outbound.c.id == row).values(provider_id=sid, state="sent")
        deployment.database.write(lambda connection: connection.execute(changed))

    for sid, row in zip(sids, ids, strict=True):
        known(sid, row)
    statuses = ["queued", "sending", "sent", "delivered"]
    calls = [
        letters.form([("MessageSid", sid), ("MessageStatus", status)], "/sms/status")
        for sid in sids
        for status in statuses
    ]
    with serving(deployment) as second, ThreadPoolExecutor(16) as threads:
        both = [(each, call) for call in calls for each in (to_plain, second)]
        random.Random(1).shuffle(both)
        assert {answer.status_code for answer in threads.map(lambda one: post(*one), both)} == {204}
    states = deployment.rows(sa.select(outbound.c.state).where(outbound.c.id.in_(ids)))
    assert {row.state for row in states} == {"delivered"}
    found = sa.select(sa.func.count()).select_from(receipts).where(receipts.c.provider_id.in_(sids))
    assert deployment.rows(found)[0][0] == len(calls)


def test_an_answer_by_sms_is_one_message_and_gets_its_fate(
    to_plain: Server, deployment: Deployment, twilio: Fake
) -> None:
    fates = {"delivered": (None, "delivered", None), "undelivered": (30007, "failed", "30007")}
    for final, (code, state, error) in fates.items():
        phone = f"+1202556{number():04}"
        twilio.post("/_fake/phone", number=phone, final=final, error_code=code)
        said = twilio.push({"from": phone, "body": ASK})["reply"]
        twilio.idle()
        (row,) = deployment.outbound("sms", phone)
        assert (len(said), row.state, row.error_code, row.road) == (1, state, error, "reply")
        assert row.provider_id


def test_the_question_after_a_greeting_is_in_the_same_sms(
    to_plain: Server, deployment: Deployment, twilio: Fake
) -> None:
    phone = f"+1202557{number():04}"
    (said,) = twilio.push({"from": phone, "body": "LINXIAO18"})["reply"]
    assert said.index("林晓") < len(said) / 2
    twilio.idle()
    (shown,) = [message for message in twilio.chat(phone) if message.get("from") != "user" and "林晓" in str(message)]
    assert shown["content"] == said


def test_a_forged_callback_changes_nothing(to_plain: Server, deployment: Deployment) -> None:
    before = rows_of_all(deployment)
    letter = letters.form([("MessageSid", "SM1"), ("MessageStatus", "delivered")], "/sms/status")
    assert post(to_plain, Letter(letter.path, letter.body + b"&x=1", letter.headers)).status_code == 403
    assert rows_of_all(deployment) == before


# What is left behind.


def test_no_secret_and_no_personal_data_is_in_the_log(
    server: Server, sealed_server: Server, compatible_server: Server, deployment: Deployment
) -> None:
    """After everything above, and then some calls that break on the way."""
    openid, phone, text = "o-private-person", "+12025559876", "my private words"
    spoilt = letters.wechat(openid, text)
    for each in (server, sealed_server, compatible_server):
        post(each, spoilt)
        post(each, letters.sms(phone, text))
        post(each, Letter(spoilt.path, spoilt.body + b"<", {}))
        post(each, Letter(spoilt.path.replace("signature=", "signature=f"), spoilt.body, {}))
        post(each, Letter(spoilt.path, spoilt.body, {"Content-Encoding": "gzip"}))
        for _ in range(3):
            _garbled(each, f"POST {spoilt.path}\x01 HTTP/1.1\r\nHost: {phone}\r\nX: {text}\r\n\r\n".encode())
            _garbled(each, f"{text} {openid}\r\n\r\n".encode())
            _garbled(each, f"POST {spoilt.path} HTTP/1.1\r\nHost: x\r\nX-\x00: {text} {phone}\r\n\r\n".encode())
            _garbled(each, f"POST {spoilt.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {openid}\r\n\r\n".encode())
            chunked = f"POST {spoilt.path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{openid}\r\n{text}"
            _garbled(each, chunked.encode())
    logs = server.log + sealed_server.log + compatible_server.log
    assert '"rejected"' in logs
    private = [openid, phone, text, ASK, WHERE, "王芳", "李强", BREAKER, "WANGFANG1", "LIQIANG22", "13800000001"]
    for word in (*private, *SECRETS, "o-0", "signature=", "Traceback"):
        assert word not in logs, f"{word!r} is in the log: {[line for line in logs.splitlines() if word in line][:3]}"


def _garbled(server: Server, data: bytes) -> None:
    """Sends what is hardly HTTP; whatever comes back is no 5xx."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        head = connection.recv(4096)
    assert not head.startswith(b"HTTP/1.1 5"), head


def test_answers_are_well_formed_xml(server: Server, candidate: str) -> None:
    root = ElementTree.fromstring(post(server, letters.wechat(candidate, ASK)).content)
    assert root.findtext("ToUserName") == candidate
    assert WHERE in (root.findtext("Content") or "")
