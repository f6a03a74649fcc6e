"""How WeChat and WeCom sign, encrypt and write what they push; the envelope is the same, whoever's letter is in it.

Rules: developers.weixin.qq.com/doc/service/guide/dev/push/encryption,
developer.work.weixin.qq.com/document/path/90968. Of wechatpy only its crypto is used.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException

from bot.errors import Rejected
from bot.values.message import legible


def check(signature: str, *parts: str) -> None:
    """Raises Rejected for a signature that is not of these parts: token, timestamp, nonce, and the sealed text."""
    expected = hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's own algorithm
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise Rejected("wrong signature")


def unsealed(sealed: str, keys: Sequence[str], owner: str) -> tuple[str, str]:
    """The clear text, and which of our keys opened it: the present one or, while it changes, the previous. `owner`:
    our app or corp id. Raises Rejected."""
    for key in keys:
        try:
            return str(_crypto(key).decrypt(sealed, owner)), key
        except InvalidAppIdException:
            continue
        except Exception:  # noqa: S112 - the library raises whatever garbage makes it raise
            continue
    raise Rejected("does not decrypt with our AES key for our app id")


def parsed(body: bytes) -> dict[str, Any]:
    """The fields of an XML or JSON body. Raises Rejected on anything else; DTDs and entities are refused."""
    try:
        found = (
            json.loads(body)
            if body.lstrip()[:1] == b"{"
            else xmltodict.parse(body, process_namespaces=False).get("xml")
        )
    except (ExpatError, ValueError, RecursionError, LookupError):
        raise Rejected("neither XML nor JSON", 400) from None
    if not isinstance(found, dict):
        raise Rejected("no message in the body", 400)
    return found


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """A field as text: JSON brings numbers, XML may bring an empty or nested element."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return legible(str(value)).strip()


@lru_cache(maxsize=8)
def _crypto(key: str) -> PrpCrypto:
    return PrpCrypto(WeChatCrypto("", key, "").key)
