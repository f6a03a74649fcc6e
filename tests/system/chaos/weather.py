"""What the providers do wrong, all the time: refuse, break off after they have taken a message, tell late, twice, or
never."""

import random

from fakes.launch import Fake

Order = dict[str, object]
_SERVICE, _TEMPLATE, _TOKEN, _SMS = "custom/send", "template/send", "stable_token", "Messages.json"
_WECOM = "message/send"
_SLOW = 0.1, 0.7  # seconds, as platforms answer; who dies meanwhile leaves a message that was taken and not answered
_DIFFERENT = 40  # of them a round
_HANGS = 11.0  # longer than our client waits
_HANGS_EVERY = 25  # rounds
# Which statuses' callbacks get lost, a round each.
_LOST = ((), (), (), ("sent",), ("delivered",), ("*",))


class Weather:
    """A round of it lasts from kill to kill."""

    def __init__(self, wechat: Fake, twilio: Fake, robots: Fake, lot: random.Random) -> None:
        self._wechat, self._twilio, self._robots, self._lot = wechat, twilio, robots, lot
        self._rounds = 0

    def blow(self) -> None:
        self._rounds += 1
        self._wechat.post("/_fake/faults", clear=True, faults=self._of_wechat())
        self._twilio.post("/_fake/faults", clear=True, faults=self._of_twilio())
        self._robots.post("/_fake/faults", clear=True, faults=self._of_wecom())
        self._twilio.post("/_fake/statuses", order="shuffled", duplicates=True, drop=self._lot.choice(_LOST))
        if self._rounds % 20 == 0:
            self._wechat.post("/_fake/tokens", revoke=True)

    def clear(self) -> None:
        for fake in (self._wechat, self._twilio, self._robots):
            fake.post("/_fake/faults", clear=True)
        self._twilio.post("/_fake/statuses", order="ordered", duplicates=False, drop=[])

    def _of_wechat(self) -> list[Order]:
        return self._some(
            [
                {"path": _SERVICE, "kind": "reset_after_commit"},
                {"path": _SERVICE, "kind": "http", "status": 502, "when": "after"},
                {"path": _TEMPLATE, "kind": "reset_after_commit"},
                {"path": _TEMPLATE, "kind": "5xx"},
            ],
            [
                {"path": _SERVICE, "kind": "errcode", "errcode": -1},
                {"path": _SERVICE, "kind": "5xx"},
                {"path": _SERVICE, "kind": "errcode", "errcode": 45011},
                {"path": _SERVICE, "kind": "errcode", "errcode": 40001},
                {"path": _TEMPLATE, "kind": "errcode", "errcode": -1},
                {"path": _TOKEN, "kind": "5xx"},
            ],
            _SERVICE,
        )

    def _of_wecom(self) -> list[Order]:
        return self._some(
            [
                {"path": _WECOM, "kind": "reset_after_commit"},
                {"path": _WECOM, "kind": "http", "status": 502, "when": "after"},
            ],
            [
                {"path": _WECOM, "kind": "errcode", "errcode": -1},
                {"path": _WECOM, "kind": "5xx"},
                {"path": _WECOM, "kind": "errcode", "errcode": 45009},
            ],
            _WECOM,
        )

    def _of_twilio(self) -> list[Order]:
        return self._some(
            [
                {"path": _SMS, "kind": "reset_after_commit"},
                {"path": _SMS, "kind": "http", "status": 502, "when": "after"},
                {"path": _SMS, "kind": "429"},
            ],
            [
                {"path": _SMS, "kind": "reset_before_commit"},
                {"path": _SMS, "kind": "5xx"},
                {"path": _SMS, "kind": "errcode", "errcode": 20500, "status": 500},
            ],
            _SMS,
        )

    def _some(self, often: list[Order], seldom: list[Order], path: str) -> list[Order]:
        """Two of those that mostly strike after the message was taken, one of the others, then the usual slowness."""
        struck = [*self._lot.sample(often, 2), self._lot.choice(seldom)]
        self._lot.shuffle(struck)
        if self._rounds % _HANGS_EVERY == 0:
            struck.append({"path": path, "kind": "hang_after_commit", "seconds": _HANGS})
        return [*struck, *(self._slow(path, 1) for _ in range(_DIFFERENT)), self._slow(path, "forever")]

    def _slow(self, path: str, times: int | str) -> Order:
        return {"path": path, "kind": "hang", "when": "after", "seconds": self._lot.uniform(*_SLOW), "times": times}
