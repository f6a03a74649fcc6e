"""What staff write to the WeCom application is verified, opened and read, from recorded calls and over a socket."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
import xmltodict
from wechatpy.enterprise.crypto import WeChatCrypto

from bot.channels.wecom import inbound as wecom_inbound
from bot.channels.wecom.inbound import StaffMessage
from bot.errors import Rejected
from bot.settings import Wecom
from fakes.launch import Fake
from tests.fakes.callback import Callback, Called, Said, serve

PAYLOADS = Path(__file__).parents[2] / "payloads" / "wecom"
PUBLIC = Wecom(corp_id="wx49f0ab532d5d035a", token="123456", aes_key="kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR")
OLD_KEY, NEW_KEY = "o" * 42 + "w", "n" * 42 + "w"
OURS = Wecom(corp_id="ww1", token="token", aes_key=f"{NEW_KEY},{OLD_KEY}")
READ = {
    "text": StaffMessage("WangQing", "1234567890123456", "text", "this is a test"),
    "image": StaffMessage("WangQing", "1234567890123456", "picture"),
    "enter_agent": StaffMessage("WangQing", "WangQing|1408091189|event|enter_agent|", "event", "", "enter_agent"),
    "click": StaffMessage("WangQing", "WangQing|123456789|event|click|EVENTKEY", "event", "", "click", "EVENTKEY"),
}


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.xml").read_bytes().partition(b"\n")[2]


def sealed(
    clear: bytes, key: str = NEW_KEY, corp_id: str = "ww1", token: str = "token"
) -> tuple[dict[str, str], bytes]:
    """A signed call with this inside, as wechatpy seals it."""
    made = xmltodict.parse(WeChatCrypto(token, key, corp_id).encrypt_message(clear.decode(), "n", "1"))["xml"]
    query = {"msg_signature": made["MsgSignature"], "timestamp": made["TimeStamp"], "nonce": made["Nonce"]}
    return query, f"<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{made['Encrypt']}]]></Encrypt></xml>".encode()


def test_every_recorded_payload_has_its_expectation() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.xml")} == READ.keys() | {"sealed_text"}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("key", [NEW_KEY, OLD_KEY])
def test_what_staff_send_is_read_as_what_it_is(name: str, key: str) -> None:
    message = wecom_inbound.read(*sealed(payload(name), key), OURS)
    assert message.sent_at is not None
    assert message == StaffMessage(
        *(getattr(READ[name], part) for part in StaffMessage.__slots__[:-1]), message.sent_at
    )


def test_a_public_call_is_opened() -> None:
    query = {
        "msg_signature": "74d92dfeb87ba7c714f89d98870ae5eb62dff26d",
        "timestamp": "1411525903",
        "nonce": "461056294",
    }
    message = wecom_inbound.read(query, payload("sealed_text"), PUBLIC)
    assert (message.userid, message.text, message.kind) == ("messense", "test", "text")
    assert message.sent_at == datetime.fromtimestamp(1411525903, UTC)
    with pytest.raises(Rejected):
        wecom_inbound.read(query | {"nonce": "1"}, payload("sealed_text"), PUBLIC)


def test_the_public_echo_is_answered_in_clear() -> None:
    query = {
        "msg_signature": "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96",
        "timestamp": "1411443780",
        "nonce": "437374425",
        "echostr": "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q==",
    }
    assert wecom_inbound.verify_url(query, PUBLIC) == "5927782489442352469"
    for broken in ({"nonce": "437374424"}, {"echostr": ""}, {"msg_signature": ""}, {"timestamp": ""}):
        with pytest.raises(Rejected):
            wecom_inbound.verify_url(query | broken, PUBLIC)


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (sealed(payload("text"), token="other"), 403),
        (sealed(payload("text"), key="x" * 42 + "w"), 403),
        (sealed(payload("text"), corp_id="ww2"), 403),
        ((sealed(payload("text"))[0] | {"msg_signature": "é"}, sealed(payload("text"))[1]), 403),
        (({}, payload("text")), 403),
        ((sealed(b"x")[0], b"nonsense"), 400),
        (sealed(b"not xml"), 400),
        (sealed(b"<xml><MsgType>text</MsgType></xml>"), 400),
        (sealed(b"<xml><FromUserName>a</FromUserName><MsgType>text</MsgType><CreateTime>x</CreateTime></xml>"), 400),
    ],
)
def test_what_cannot_be_trusted_or_read_is_refused(call: tuple[dict[str, str], bytes], status: int) -> None:
    with pytest.raises(Rejected) as refused:
        wecom_inbound.read(*call, OURS)
    assert refused.value.status == status


def test_without_a_token_nothing_is_believed() -> None:
    """An empty token makes a signature that anybody can make."""
    query = {"timestamp": "1", "nonce": "2", "echostr": "3", "msg_signature": hashlib.sha1(b"123").hexdigest()}
    with pytest.raises(Rejected):
        wecom_inbound.verify_url(query, Wecom(corp_id="ww1"))


def test_over_a_socket_it_is_verified_read_and_told_from_repeats(robots: Fake, wecom_settings: Wecom) -> None:
    read: list[StaffMessage] = []

    def answer(called: Called) -> Said:
        try:
            if called.method == "GET":
                return Said(wecom_inbound.verify_url(called.query, wecom_settings))
            read.append(wecom_inbound.read(called.query, called.body, wecom_settings))
        except Rejected as rejected:
            return Said(status=rejected.status)
        return Said()

    callback = Callback(answer=answer)
    server = serve(callback)
    try:
        robots.callback(callback.url + "/wecom")
        assert robots.post("/_fake/verify")["good"]
        assert not robots.post("/_fake/verify", signature="bad")["good"]
        assert robots.push(userid="WangQing", content="接手 7 ]]> <b>", repeat=2)["good"]
        assert [one.text for one in read] == ["接手 7 ]]> <b>"] * 2
        assert read[0] == read[1], "a try again is the same message"
        robots.push(userid="WangQing", kind="event", fields={"Event": "click", "EventKey": "cases"})
        assert (read[2].event, read[2].event_key) == ("click", "cases")
        for signature in ("bad", "missing"):
            assert robots.push(userid="WangQing", content="x", signature=signature)["deliveries"][0]["status"] == 403
        assert len(read) == 3
    finally:
        server.shutdown()
        server.server_close()
