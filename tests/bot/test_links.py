"""A candidate's link opens their page, for a while, unless it was revoked or made by somebody else."""

import time

import pytest

from bot import links
from bot.errors import ConfigError, Rejected
from bot.platform import clock
from bot.settings import Settings


def token(settings: Settings, *what: int) -> str:
    return links.page_link(settings, *what).rpartition("/")[2]


def test_a_link_names_the_candidate_and_its_version(settings: Settings) -> None:
    assert links.page_link(settings, 7, 2).startswith("https://keepwarm.example.com/c/")
    assert links.read(settings, token(settings, 7, 2)) == (7, 2)


def test_another_key_or_an_altered_link_is_not_ours(settings: Settings) -> None:
    other = settings.model_copy(update={"secret_key": "other"})
    for bad in (token(other, 7, 2), token(settings, 7, 2)[:-1], "", "x.y.z"):
        with pytest.raises(Rejected) as refused:
            links.read(settings, bad)
        assert refused.value.status == 404


@pytest.mark.clock
def test_an_old_link_is_gone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    old = token(settings, 7, 2)
    now = clock.real().timestamp()
    monkeypatch.setattr(time, "time", lambda: now + 61 * 86400)
    with pytest.raises(Rejected) as refused:
        links.read(settings, old)
    assert refused.value.status == 410


def test_without_a_key_no_link_is_made(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="openssl rand"):
        links.page_link(settings.model_copy(update={"secret_key": ""}), 1, 1)
