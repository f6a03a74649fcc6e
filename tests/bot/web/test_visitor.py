"""From where a visitor comes: believed from trusted proxies alone, read from right to left."""

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict
from pydantic import ValidationError

from bot.settings import Web
from bot.web.visitor import Visitor, visitor

TRUSTED = (ip_network("127.0.0.0/8"), ip_network("10.1.0.0/16"), ip_network("fd00::/8"))


class Peer:
    """The other end of a connection."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self.address, 1) if name == "peername" else default


def came(peer: str, *forwarded: str, trusted: bool = True) -> Visitor:
    headers = [("X-Forwarded-For", line) for line in forwarded]
    request = make_mocked_request("GET", "/", headers=CIMultiDict(headers), transport=Peer(peer))
    return visitor(request, TRUSTED if trusted else ())


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),  # what the visitor wrote is not believed
        ("127.0.0.1", ["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["203.0.113.7, 10.1.2.3"], "203.0.113.7"),  # two proxies of ours
        ("127.0.0.1", ["203.0.113.7:4711"], "203.0.113.7"),
        ("fd00::1", ["[2001:db8:1:2:3:4:5:6]:4711"], "2001:db8:1:2::/64"),
        ("127.0.0.1", ["2001:db8:1:2::9"], "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # no proxy of ours says so
    ],
)
def test_a_visitor_is_whom_our_own_proxies_name(peer: str, forwarded: list[str], address: str) -> None:
    assert came(peer, *forwarded) == Visitor(address, alone=True)


@pytest.mark.parametrize("forwarded", [[], ["nonsense"], ["10.1.0.9"], ["unknown, 10.1.0.9"], [""]])
def test_a_proxy_that_does_not_say_is_nobody_alone(forwarded: list[str]) -> None:
    assert not came("127.0.0.1", *forwarded).alone


def test_without_a_trusted_proxy_nothing_is_believed_and_a_private_peer_may_be_one() -> None:
    assert came("127.0.0.1", "203.0.113.7", trusted=False) == Visitor("127.0.0.1", alone=False)
    assert came("10.9.9.9", "203.0.113.7", trusted=False) == Visitor("10.9.9.9", alone=False)
    assert came("8.8.8.8", "203.0.113.7", trusted=False) == Visitor("8.8.8.8", alone=True)


@pytest.mark.parametrize("bad", ["nonsense", "10.0.0.1/8", "0.0.0.0/0", "127.0.0.1, ::/0", ["10.0.0.0/8", "x"]])
def test_what_is_no_proxy_is_refused_in_the_settings(bad: object) -> None:
    with pytest.raises(ValidationError, match=r"is no address and no network|is everybody"):
        Web.model_validate({"trusted_proxies": bad})


@pytest.mark.parametrize("good", ["127.0.0.1, 10.1.0.0/16", ["127.0.0.1", "10.1.0.0/16"]])
def test_proxies_are_a_list_or_a_text_with_commas(good: object) -> None:
    assert Web.model_validate({"trusted_proxies": good}).trusted_proxies == (
        ip_network("127.0.0.1/32"),
        ip_network("10.1.0.0/16"),
    )
