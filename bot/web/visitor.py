"""Who calls: the address that a visitor comes from, told by the proxies that config.yaml trusts, and by nobody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp import web

from bot.settings import Network

_HEADER = "X-Forwarded-For"
_ONE_LINE = 64  # bits of an IPv6 address that one connection has; the rest it chooses


@dataclass(frozen=True, slots=True)
class Visitor:
    """`address`: an IPv4 address, or the /64 of an IPv6 one. `alone`: whether it is one visitor's, or may be that of a
    proxy by which everybody comes."""

    address: str
    alone: bool


def visitor(request: web.Request, trusted: Sequence[Network]) -> Visitor:
    """From right to left: each proxy adds at the end whom it was called by, and a visitor may have written the rest.
    The first that is no proxy of ours is the visitor. Where none is trusted, a peer in a private network may be one."""
    peer = _address(request.remote or "")
    if peer is None:
        return Visitor("", alone=False)
    if not trusted:
        return Visitor(_line(peer), alone=peer.is_global)
    came = peer
    for hop in reversed([hop for line in request.headers.getall(_HEADER, []) for hop in line.split(",")]):
        before = _address(hop) if _is_one_of(came, trusted) else None
        if before is None:
            break
        came = before
    return Visitor(_line(came), alone=not _is_one_of(came, trusted))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Also with a port behind it; None for what is no address."""
    plain = text.strip()
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        found = ip_address(plain.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(found, IPv6Address) and found.ipv4_mapped) or found


def _is_one_of(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _line(address: IPv4Address | IPv6Address) -> str:
    return str(IPv6Network((address, _ONE_LINE), strict=False) if isinstance(address, IPv6Address) else address)
