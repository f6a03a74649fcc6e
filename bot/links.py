"""Signed, expiring, revocable links to a candidate's page; and the links by which trainers call the roll.

A long link names the candidate's row and the version of their links, a short one, for messages, the row where that
stands: raising the version revokes every link given before.
"""

import base64
import hashlib
import hmac
import re
from datetime import timedelta

import itsdangerous

from bot.errors import ConfigError, Rejected
from bot.settings import Settings

GOOD_FOR = timedelta(days=60)
OPERATOR = ""  # who makes a link on the command line, and sees everybody
_SALT = "candidate page"
_ROLL, _ROLL_FORM = "roll call", "roll call form"
_SHORT = re.compile(r"([0-9a-z]{1,13})([A-Za-z0-9_-]{11})")  # a number in base 36, and its signature


def page_link(settings: Settings, candidate_id: int, version: int) -> str:
    """A fresh link, good for 60 days."""
    return f"{settings.public_url}/c/{_signer(settings).dumps([candidate_id, version])}"


def read(settings: Settings, token: str) -> tuple[int, int]:
    """The candidate's id and the version of the link. Raises Rejected: 410 if it is too old, else 404."""
    try:
        candidate_id, version = _signer(settings).loads(token, max_age=int(GOOD_FOR.total_seconds()))
        return int(candidate_id), int(version)
    except itsdangerous.SignatureExpired:
        raise Rejected("the link is too old", 410) from None
    except (itsdangerous.BadData, ValueError, TypeError):
        raise Rejected("no link of ours", 404) from None


def short(settings: Settings, number: int) -> str:
    """The link of this number: a few characters, so that it fits into an SMS."""
    return f"{settings.public_url}/c/{_base36(number)}{_signature(settings, number)}"


def read_short(settings: Settings, token: str) -> int | None:
    """The number of a short link that we gave, or None if it is none of ours."""
    found = _SHORT.fullmatch(token)
    if not found:
        return None
    number = int(found[1], 36)
    genuine = _base36(number) == found[1] and hmac.compare_digest(_signature(settings, number), found[2])
    return number if genuine else None


def roll_link(settings: Settings, cohort: str, maker: str) -> str:
    """Where whoever has it calls the roll of this cohort, as far as its maker sees it; how long it is good depends on
    the cohort's dates. `maker`: of HR, or OPERATOR."""
    return f"{settings.public_url}/roll/{_roll(settings, _ROLL).dumps([cohort, maker])}"


def read_roll(settings: Settings, token: str) -> tuple[str, str]:
    """The cohort's code, and who made the link. Raises Rejected: 404 where the link is none of ours, 410 where it does
    not say who made it, as those of old."""
    try:
        found = _roll(settings, _ROLL).loads(token)
    except (itsdangerous.BadData, UnicodeError):
        raise Rejected("no link of ours", 404) from None
    if not isinstance(found, list):
        raise Rejected("the link is of an older kind", 410)
    cohort, maker = found
    return str(cohort), str(maker)


def proof(settings: Settings, token: str) -> str:
    """What the form of a roll call carries: that it came from the page of this link."""
    return str(_roll(settings, _ROLL_FORM).dumps(hashlib.sha256(token.encode()).hexdigest()))


def require_proof(settings: Settings, token: str, given: str) -> None:
    """Raises Rejected where the form is not that of this link."""
    if not hmac.compare_digest(given.encode(), proof(settings, token).encode()):
        raise Rejected("not the form of this link", 403)


def _roll(settings: Settings, salt: str) -> itsdangerous.URLSafeSerializer:
    _require_key(settings)
    return itsdangerous.URLSafeSerializer(settings.secret_key, salt=salt)


def _base36(number: int) -> str:
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def _signature(settings: Settings, number: int) -> str:
    """64 bits: nobody guesses one, and a wrong one costs as little as any page that does not exist."""
    _require_key(settings)
    signed = hmac.new(settings.secret_key.encode(), f"short link {number}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(signed[:8]).decode().rstrip("=")


def _signer(settings: Settings) -> itsdangerous.URLSafeTimedSerializer:
    _require_key(settings)
    return itsdangerous.URLSafeTimedSerializer(settings.secret_key, salt=_SALT)


def _require_key(settings: Settings) -> None:
    if not settings.secret_key:
        raise ConfigError("KEEPWARM_SECRET_KEY is not set: it signs links. Make one with: openssl rand -base64 32")
