"""What telling HR, and hearing it, need of the house: also the words that HR reads."""

from typing import Protocol

from bot.content import Content
from bot.content.messages import Words
from bot.risk.monitor import Deployment


class Office(Deployment, Protocol):
    """The house, as far as HR is concerned."""

    @property
    def content(self) -> Content: ...


def words_for(office: Office, locale: str | None) -> Words:
    """Those in which somebody reads: of their own language, else of the company's."""
    known = office.content.words
    wanted = (locale or "", (locale or "").partition("-")[0], office.settings.company.locale)
    return known[next(name for name in wanted if name in known)]
