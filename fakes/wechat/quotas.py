"""How often a day each API may be called (protocols.md 1.11)."""

from collections import Counter
from datetime import datetime, timedelta, timezone

from fakes.wechat.refusals import Refusal

BEIJING = timezone(timedelta(hours=8))
DAILY = {
    "/cgi-bin/token": 2_000,
    "/cgi-bin/stable_token": 500_000,
    "/cgi-bin/message/custom/send": 500_000,
    "/cgi-bin/message/template/send": 100_000,
    "/cgi-bin/menu/create": 1_000,
    "/cgi-bin/menu/get": 10_000,
    "/cgi-bin/menu/delete": 1_000,
    "/cgi-bin/qrcode/create": 100_000,
    "/cgi-bin/media/upload": 100_000,
    "/cgi-bin/media/get": 200_000,
    "/cgi-bin/user/info": 5_000_000,
}
STABLE_A_MINUTE = 10_000
CLEARS_A_MONTH = 10


class Quotas:
    def __init__(self) -> None:
        self.daily = dict(DAILY)
        self._used: Counter[tuple[str, str]] = Counter()

    def spend(self, path: str, now: float) -> None:
        self._count(path, _day(now), self.daily.get(path), Refusal(45009))
        if path == "/cgi-bin/stable_token":
            self._count(path, str(int(now // 60)), STABLE_A_MINUTE, Refusal(45011))

    def clear(self, now: float) -> None:
        month = _day(now)[:7]
        kept = self._used["clear", month]
        self._count("clear", month, CLEARS_A_MONTH, Refusal(48006))
        self._used = Counter({("clear", month): kept + 1})

    def _count(self, name: str, period: str, limit: int | None, refusal: Refusal) -> None:
        if limit is not None and self._used[name, period] >= limit:
            raise refusal
        self._used[name, period] += 1


def _day(now: float) -> str:
    return datetime.fromtimestamp(now, BEIJING).date().isoformat()
