"""Ten thousand spoilt calls, forged and rightly signed: never a 5xx, nothing stored that was not signed, and the server
answers as before. (2,000 of each on PostgreSQL: the doors are the same, only what is signed reaches the database.)"""

import asyncio
import contextlib
import hashlib
import json
import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest
import requests
import yarl

from bot.store.tables import addresses, inbound, outbound, receipts
from fakes.twilio.signature import sign as twilio_sign
from fakes.wechat import crypto, wire
from fakes.wechat.wire import Form
from tests.system import letters, mutations
from tests.system.letters import Letter
from tests.system.servers import PUBLIC, TWILIO, WECHAT, Deployment, Server, number, serving

SEED = 20261123
AT_ONCE = 32
TABLES = (addresses, inbound, outbound, receipts)
ODD_HEADERS: tuple[dict[str, str], ...] = (
    *({"Content-Encoding": "gzip"}, {"Content-Encoding": "deflate"}, {"Content-Encoding": "br"}),
    *({"Content-Type": "text/plain; charset=no-such"}, {"Content-Type": "multipart/form-data; boundary="}),
    *({"X-Twilio-Signature": "é"}, {"X-Twilio-Webhooks-Signature-Settings": "key,algorithm==,=,algorithm=MD5"}),
    *({"Content-Type": ""}, {"Cookie": "a=;;=é"}, {"Accept-Encoding": "br;q=x"}, {"Host": "[::"}),
)


@pytest.fixture(scope="module")
def sealed_server(deployment: Deployment) -> Iterator[Server]:
    with serving(deployment, WECHAT_AES_KEY=WECHAT.aes_key) as started:
        yield started


def how_many(deployment: Deployment) -> int:
    return 10_000 if deployment.database.sqlite else 2_000


def statuses(calls: Iterable[tuple[Server, Letter]]) -> Counter[int]:
    """Makes all calls, 32 at once, over connections that stay open."""

    async def run() -> Counter[int]:
        found: Counter[int] = Counter()
        broken: list[tuple[Server, Letter]] = []
        waiting = iter(calls)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

            async def worker() -> None:
                for server, letter in waiting:
                    status = await _status(session, server, letter)
                    found[status] += 1
                    if status >= 500:
                        broken.append((server, letter))

            await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        assert not broken, {line for server, _ in broken for line in server.log.splitlines() if "broke" in line}
        return found

    return asyncio.run(run())


async def _status(session: aiohttp.ClientSession, server: Server, letter: Letter) -> int:
    """A server may hang up after a call that it could not read: then once more, on a connection of its own."""
    url = yarl.URL(server.url + letter.path, encoded=True)
    for _ in range(3):
        with contextlib.suppress(aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            headers = {"Content-Type": "text/xml"} | letter.headers
            async with session.post(url, data=letter.body, headers=headers, skip_auto_headers=["User-Agent"]) as answer:
                await answer.read()
                return answer.status
    raise AssertionError(f"no answer for {letter}")


def still_answers(server: Server, deployment: Deployment) -> None:
    who = f"o-{number():06}"
    deployment.bind("wechat", who, "PUB")
    letter = letters.wechat(who, "培训在哪里")
    assert "上海培训中心" in requests.post(server.url + letter.path, data=letter.body, timeout=20).text


def rows(deployment: Deployment) -> list[int]:
    return [deployment.count(table) for table in TABLES]


# Forged: spoilt after they were signed, or never signed.


def forged(random: Random, count: int, server: Server, sealed: Server) -> Iterator[tuple[Server, Letter]]:
    for n in range(count):
        letter = (_forged_wechat, _forged_sms)[n % 2](random)
        headers = letter.headers | (random.choice(ODD_HEADERS) if random.random() < 0.05 else {})
        yield (server, sealed)[n // 2 % 2], Letter(mutations.query(random, letter.path), letter.body, headers)


def _forged_wechat(random: Random) -> Letter:
    fields = letters.wechat_fields(f"o-fuzz-{random.randrange(50)}", "培训在哪里", CreateTime=1_795_000_000)
    if random.random() < 0.5:  # what was encrypted is spoilt: its signature is that of the original
        letter = letters.sealed(fields)
        cipher_text = letter.body.partition(b"<Encrypt><![CDATA[")[2].partition(b"]]>")[0]
        spoilt = mutations.body(random, cipher_text)
        if spoilt.strip() != cipher_text:
            return Letter(letter.path, letter.body.replace(cipher_text, spoilt))
    body = wire.render(fields, Form("plain", random.choice(["xml", "json"]))).encode()
    unsigned = {"timestamp": "1", "nonce": "2", "signature": random.choice(["", "0" * 40, "é"]), "openid": "o"}
    return Letter(f"/wechat?{urlencode(unsigned)}", mutations.body(random, body))


def _forged_sms(random: Random) -> Letter:
    letter = letters.form(letters.sms_pairs("+12025550177", "hello"), random.choice(["/sms", "/sms/status"]))
    spoilt = mutations.body(random, letter.body) + b"&forged=1"  # a mutation may leave the meaning as it was
    headers = letter.headers if random.random() < 0.8 else {"Content-Type": letters.FORM}
    return Letter(letter.path, spoilt, headers)


def test_forged_calls_break_nothing_and_store_nothing(
    server: Server, sealed_server: Server, deployment: Deployment
) -> None:
    before = rows(deployment)
    found = statuses(forged(Random(SEED), how_many(deployment), server, sealed_server))
    assert 200 not in found
    assert 204 not in found
    assert found[403] > how_many(deployment) / 2
    assert rows(deployment) == before
    still_answers(server, deployment)


# Rightly signed: whatever they say is from the platform.


def signed(random: Random, count: int, server: Server, sealed: Server) -> Iterator[tuple[Server, Letter]]:
    kinds = [_signed_clear, _signed_form, _signed_sealed, _signed_form, _signed_clear, _signed_json]
    for n in range(count):
        kind = kinds[n % len(kinds)]
        yield (sealed if kind is _signed_sealed else server), kind(random)


def _wechat_body(random: Random) -> bytes:
    event = {"MsgType": "event", "Event": random.choice(["subscribe", "SCAN", "CLICK"]), "EventKey": "qrscene_X"}
    more = event if random.random() < 0.3 else {}
    fields = letters.wechat_fields(f"o-fuzz-{random.randrange(50)}", "培训在哪里", **more)
    return mutations.body(random, wire.render(fields, Form("plain", random.choice(["xml", "json"]))).encode())


def _signed_clear(random: Random) -> Letter:
    return Letter(f"/wechat?{letters.signed_query(openid='o')}", _wechat_body(random))


def _signed_sealed(random: Random) -> Letter:
    """Either what is inside is spoilt, or the cipher text."""
    cipher_text = crypto.encrypt(_wechat_body(random).decode("utf-8", "replace"), WECHAT.aes_key, WECHAT.app_id)
    if random.random() < 0.4:
        cipher_text = mutations.body(random, cipher_text.encode()).decode("latin-1")
    if random.random() < 0.5:
        return letters.sealed_as(cipher_text, json.dumps({"Encrypt": cipher_text}))
    return letters.sealed_as(cipher_text, wire.render({"Encrypt": cipher_text}, Form("", "xml")))


def _signed_form(random: Random) -> Letter:
    path = random.choice(["/sms", "/sms/status"])
    more = {"MessageStatus": random.choice(["sent", "delivered", "failed"]), "ErrorCode": "30005"}
    pairs = letters.sms_pairs(f"+1202555{random.randrange(50):04}", "hello", **(more if path != "/sms" else {}))
    if random.random() < 0.5:
        place = random.randrange(len(pairs))
        odd = mutations.body(random, pairs[place][1].encode()).decode("utf-8", "replace")
        pairs[place] = (pairs[place][0], odd[:15_000])
        return letters.form(pairs, path)
    body = mutations.body(random, urlencode(pairs).encode())
    with contextlib.suppress(ValueError):
        pairs = parse_qsl(body.decode(), keep_blank_values=True)
    headers = {"Content-Type": letters.FORM, "X-Twilio-Signature": twilio_sign(TWILIO.auth_token, PUBLIC + path, pairs)}
    return Letter(path, body, headers)


def _signed_json(random: Random) -> Letter:
    body = mutations.body(random, letters.as_json(dict(letters.sms_pairs("+12025550188", "hello"))))
    path = random.choice(["/sms", "/sms/status"]) + f"?bodySHA256={hashlib.sha256(body).hexdigest()}"
    return letters.signed(path, body)


def test_signed_nonsense_breaks_nothing(server: Server, sealed_server: Server, deployment: Deployment) -> None:
    found = statuses(signed(Random(SEED), how_many(deployment), server, sealed_server))
    assert found[200] > 100, "some still are messages"
    assert found[400] > 100, "some no longer are"
    still_answers(server, deployment)


# What a client library would not even send.

LINES = [
    b"GET /wechat?timestamp=\xff&nonce=\xfe&signature=\xfd HTTP/1.1",
    b"POST /wechat?encrypt_type=aes&msg_signature=\xff&timestamp=\xff&nonce=\xed\xa0\x80 HTTP/1.1",
    b"POST /wechat?\xe4\xb8\xad=1&timestamp=1&nonce=%ff&signature=\xe4 HTTP/1.1",
    b"POST /sms?\xff=\xfe&bodySHA256=\xff HTTP/1.1",
    b"POST //[::1/sms HTTP/1.1",
    b"POST http://[/sms HTTP/1.1",
    b"POST http://keepwarm.example.com:99999/sms HTTP/1.1",
    b"POST http://keepwarm.example.com/sms?a=[ HTTP/1.1",
    b"POST /sms#fragment HTTP/1.1",
    b"GET /sms?bodySHA256=%00 HTTP/1.1",
    b"GET /c/\xff\xfe HTTP/1.1",
    b"GET /c/%00%ff HTTP/1.1",
    b"GET /static/..%2f..%2fapp.py HTTP/1.1",
    b"GET /static/%00 HTTP/1.1",
    b"GET /static/\xff HTTP/1.1",
    b"GET /static/" + b"a" * 200 + b" HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"CONNECT keepwarm.example.com:443 HTTP/1.1",
    b"POST /wechat HTTP/9.9",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET /wechat?" + b"a=" * 5000 + b" HTTP/1.1",
]
HEADS = [
    b"Host: x\r\nContent-Length: 5\r\n\r\n",
    b"Host: x\r\nX-Twilio-Signature: \xff\xfe\r\nContent-Length: 5\r\n\r\nhello",
    b"Host: x\r\nX-Twilio-Signature: x\r\nContent-Length: 5\r\n\r\na=%ff",
    b"Host: x\r\nX-Twilio-Signature: x\r\nX-Twilio-Webhooks-Signature-Settings: \xff,algorithm=\xff\r\n\r\n",
    b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    b"Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\na\r\n0\r\n\r\n",
    b"Host: x\r\nContent-Encoding: gzip\r\nX-Twilio-Signature: x\r\nContent-Length: 5\r\n\r\nhello",
    b"Host: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    b"Host: x\r\nExpect: nonsense\r\nContent-Length: 5\r\n\r\nhello",
    b"Host: x\r\nContent-Length: -1\r\n\r\n",
    b"Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"\r\n\r\n",
]


@pytest.mark.parametrize("line", LINES)
def test_a_request_that_is_hardly_http_breaks_nothing(line: bytes, server: Server, deployment: Deployment) -> None:
    before = rows(deployment)
    for head in HEADS:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(line + b"\r\n" + head)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while data := connection.recv(65536):
                    answer += data
        assert not answer.startswith((b"HTTP/1.1 5", b"HTTP/1.0 5")), (line, head, answer)
        assert b"\r\n\r\nHTTP" not in answer or answer.startswith(b"HTTP/1.1 100"), "one call, one answer"
    assert rows(deployment) == before
    assert "Traceback" not in server.log


# Found by hand: half of a pair of UTF-16, which JSON can write and UTF-8 cannot.


def test_half_a_character_is_refused_or_dropped(
    server: Server, sealed_server: Server, openid: str, stranger: str
) -> None:
    half, told = b"\\ud800", Counter[int]()
    for each in (server, sealed_server):
        unsigned = "/wechat?encrypt_type=aes&msg_signature=x&timestamp=1&nonce=2"
        told[_post(each, Letter(unsigned, b'{"Encrypt": "x' + half + b'"}'))] += 1
    assert told == {403: 2}
    text = letters.wechat(openid, "HALF", "json")
    assert _post(server, Letter(text.path, text.body.replace(b"HALF", half * 3 + b"hi"))) == 200
    for name in ("Body", "From", "To", "MessageSid", "OptOutType", "NumMedia"):
        body = letters.as_json(dict(letters.sms_pairs(stranger, "hello")) | {name: "HALFx"}).replace(b"HALF", half)
        path = f"/sms?bodySHA256={hashlib.sha256(body).hexdigest()}"
        assert _post(server, letters.signed(path, body)) == 200, name


def _post(server: Server, letter: Letter) -> int:
    return requests.post(server.url + letter.path, data=letter.body, headers=letter.headers, timeout=20).status_code
