"""Signed, expiring, revocable links to a candidate's page.

A link names the candidate's row and the version of their links: raising the version revokes every link given before.
"""

import itsdangerous

from bot.errors import ConfigError, Rejected
from bot.settings import Settings

_DAYS = 60
_SALT = "candidate page"


def page_link(settings: Settings, candidate_id: int, version: int) -> str:
    """A fresh link, good for 60 days."""
    return f"{settings.public_url}/c/{_signer(settings).dumps([candidate_id, version])}"


def read(settings: Settings, token: str) -> tuple[int, int]:
    """The candidate's id and the version of the link. Raises Rejected: 410 if it is too old, else 404."""
    try:
        candidate_id, version = _signer(settings).loads(token, max_age=_DAYS * 86400)
        return int(candidate_id), int(version)
    except itsdangerous.SignatureExpired:
        raise Rejected("the link is too old", 410) from None
    except (itsdangerous.BadData, ValueError, TypeError):
        raise Rejected("no link of ours", 404) from None


def _signer(settings: Settings) -> itsdangerous.URLSafeTimedSerializer:
    if not settings.secret_key:
        raise ConfigError("KEEPWARM_SECRET_KEY is not set: it signs links. Make one with: openssl rand -base64 32")
    return itsdangerous.URLSafeTimedSerializer(settings.secret_key, salt=_SALT)
