"""Where events may be posted to: never into our own network, unless config.yaml says so."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from bot.errors import KeepwarmError

_PORTS = {"https": 443, "http": 80}


class Forbidden(KeepwarmError):
    """Nothing is posted there: the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was looked up and found good: `ip` is called, `host` is who has to answer there."""

    tls: bool
    host: str
    ip: str
    port: int
    path: str

    @property
    def named(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.tls else "http"] else f"{host}:{self.port}"


def require_usable(url: str, private: bool) -> None:
    """What can be said without looking the name up. Raises Forbidden."""
    parts = _parts(url, private)
    host = parts.hostname or ""
    if not private and (_is_own(host) or host == "localhost" or host.endswith(".localhost")):
        raise Forbidden("is inside our own network: use a public address, or set api.private_hooks in config.yaml")


def look_up(url: str, private: bool) -> Target:
    """The address to call, looked up once, so that a second look-up cannot give another one. Raises Forbidden, or
    OSError where the name is unknown."""
    parts = _parts(url, private)
    host, tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or _PORTS[parts.scheme]
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except UnicodeError:
        raise Forbidden("has no name that can be looked up") from None
    if not private and any(_is_own(ip) for ip in found):
        raise Forbidden("leads into our own network")
    path = parts.path or "/"
    return Target(tls, host, found[0], port, f"{path}?{parts.query}" if parts.query else path)


def _parts(url: str, private: bool) -> SplitResult:
    wanted = ("https", "http") if private else ("https",)
    try:
        parts = urlsplit(url)
        good = parts.scheme in wanted and parts.hostname and parts.port != 0 and "@" not in parts.netloc
        named = (parts.hostname or "").encode("idna" if ":" not in (parts.hostname or "") else "ascii")
    except ValueError:
        good, named = False, b""
    if not good or not named or not url.isascii() or any(sign.isspace() for sign in url) or not url.isprintable():
        raise Forbidden(f"should be an address like {wanted[0]}://hr.example.com/keepwarm, without a password")
    return parts


def _is_own(text: str) -> bool:
    """Whether this is an address, and one that does not lead out into the world."""
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    return not ip.is_global or ip.is_multicast or (inner is not None and not inner.is_global)
