"""Bodies and queries spoilt in every way that a line, a proxy or an attacker may think of. Always the same ones for the
same seed.

To add a way: one function of (random, bytes) → bytes, listed in BODIES.
"""

import json
from collections.abc import Callable
from random import Random

Mutate = Callable[[Random, bytes], bytes]
_INVALID = [
    b"\xff",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\x00",
    b"\xef\xbf\xbf",
    b"\x1b[2J",
    b"%00",
]
_ODD_TEXTS = [
    "",
    "\x00",
    "\ud800",
    "\udfff\ud83d",
    "]]>",
    "&#0;",
    "\uffff",
    "٣",
    "1e999",
    "-1",
    "nan",
    "a" * 4000,
    "🙂",
]
_ODD_VALUES = [None, True, -1, 0, 1e308, 10**400, 2**63, [], {}, [[]], {"a": {"b": []}}, [1, "2"], *_ODD_TEXTS]
_ENTITY = b'<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'


def flipped(random: Random, body: bytes) -> bytes:
    """A few bits."""
    spoilt = bytearray(body or b" ")
    for _ in range(random.randint(1, 8)):
        spoilt[random.randrange(len(spoilt))] ^= 1 << random.randrange(8)
    return bytes(spoilt)


def truncated(random: Random, body: bytes) -> bytes:
    return body[: random.randrange(len(body) + 1)]


def without(random: Random, body: bytes) -> bytes:
    start, end = _span(random, body)
    return body[:start] + body[end:]


def doubled(random: Random, body: bytes) -> bytes:
    start, end = _span(random, body)
    return body[:end] + body[start:end] * random.randint(1, 20) + body[end:]


def shuffled(random: Random, body: bytes) -> bytes:
    start, end = _span(random, body)
    part = list(body[start:end])
    random.shuffle(part)
    return body[:start] + bytes(part) + body[end:]


def invalid(random: Random, body: bytes) -> bytes:
    """Bytes that are no UTF-8, or no text."""
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(body) + 1)
        body = body[:at] + random.choice(_INVALID) + body[at:]
    return body


def noise(random: Random, body: bytes) -> bytes:
    return random.randbytes(random.choice([0, 1, 16, 300, 5000]))


def nested(random: Random, body: bytes) -> bytes:
    """Deeper than any parser likes."""
    depth = random.choice([50, 900, 5000, 9000])
    return random.choice(
        [
            b"<xml>" + b"<a>" * depth + b"</a>" * depth + b"</xml>",
            b"<xml>" + b"<a>" * depth,
            b'{"Content":' + b"[" * depth + b"]" * depth + b"}",
            b'{"a":' * depth + b"1" + b"}" * depth,
            b'{"a":' * depth,
        ]
    )


def declared(random: Random, body: bytes) -> bytes:
    """Entities, document types, other encodings."""
    encoding = random.choice([b"utf-16", b"gb2312", b"utf-7", b"no-such", b"latin-1", b"\xff", b""])
    entity = random.choice([b"&x;", b"&b;", b"&amp;", b"&#0;", b"&#xD800;", b"&nothing;"])
    return random.choice(
        [
            b'<?xml version="1.0" encoding="' + encoding + b'"?>' + body,
            _ENTITY + body.replace(b"<Content>", b"<Content>" + entity),
            b'<?xml version="1.0"?>' + _ENTITY + b"<xml><Content>" + entity + b"</Content></xml>",
            b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:1/x.dtd">' + body,
            b"\xef\xbb\xbf" + body,
            body.decode("utf-8", "replace").encode("utf-16"),
            body.decode("utf-8", "replace").encode("utf-32"),
            b" \n\t" * 99 + body,
        ]
    )


def odd_fields(random: Random, body: bytes) -> bytes:
    """Values of another type, where the body is JSON; else an element that is not what it should be."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or not fields:
        return _odd_element(random, body)
    for name in random.sample([*fields], random.randint(1, len(fields))):
        fields[name] = random.choice(_ODD_VALUES)
    if random.random() < 0.2:
        fields = random.choice([[fields], fields | {str(n): n for n in range(3000)}, 1, None, "text", [fields] * 9])
    return json.dumps(fields, ensure_ascii=random.random() < 0.7).encode("utf-8", "surrogatepass")


def _odd_element(random: Random, body: bytes) -> bytes:
    names = [b"ToUserName", b"FromUserName", b"CreateTime", b"MsgType", b"Content", b"MsgId", b"Encrypt", b"EventKey"]
    name = random.choice(names)
    inside = random.choice(_ODD_TEXTS).encode("utf-8", "surrogatepass")
    odd = random.choice([b"<a>1</a>", b"", inside, b"9" * 5000, b"<![CDATA[" + inside + b"]]>", b"<%s/>" % name])
    start, end = body.find(b"<" + name + b">"), body.find(b"</" + name + b">")
    if min(start, end) < 0 or random.random() < 0.3:
        return body.replace(b"</xml>", b"<%s b='1'>%s</%s></xml>" % (name, odd, name))
    return body[: start + len(name) + 2] + odd + body[end:]


def form_garbage(random: Random, body: bytes) -> bytes:
    """Thousands of fields, names without values, broken escapes."""
    count = random.choice([1, 10, 999, 1001, 5000])
    field = random.choice(
        [b"a=b", b"=", b"&", b"a", b"%=%", b"%zz=%f", b"a%00=%ED%A0%80", b"From=%2B1", b";a=b", b"MessageSid="]
    )
    return b"&".join([body, *[field] * count])[: 60 * 1024]


def _span(random: Random, body: bytes) -> tuple[int, int]:
    start = random.randrange(len(body) + 1)
    return start, min(len(body), start + random.randint(1, 200))


BODIES: tuple[Mutate, ...] = (
    *(flipped, truncated, without, doubled, shuffled, invalid, noise, nested, declared, odd_fields, form_garbage),
    *(odd_fields, declared),  # the ones that find most
)


def body(random: Random, original: bytes) -> bytes:
    """Spoilt in one to three ways; under the limit of a call's size."""
    spoilt = original
    for _ in range(random.choice([1, 1, 2, 3])):
        spoilt = random.choice(BODIES)(random, spoilt)
    return spoilt[: 63 * 1024]


def query(random: Random, path: str) -> str:
    """Now and then a spoilt query: characters that may stand in a request line, in the wrong places."""
    if random.random() < 0.6:
        return path
    at = random.randrange(path.find("/", 1) + 1 or len(path), len(path) + 1)
    odd = random.choice(
        ["%", "%00", "%ff", "%ED%A0%80", "&", "&&==", "=", "%2", "+", "%F0%9F%99%82", "a" * 3000, ";", "[", "?"]
    )
    return path[:at] + odd + path[at + random.choice([0, 0, 1, 9]) :]
