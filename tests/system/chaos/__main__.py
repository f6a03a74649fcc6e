"""`python -m tests.system.chaos --kills N [--touches T] [--database sqlite|postgres] [--seed S]`.

With every kill somebody in danger writes, and HR has to be told in WeCom. The last line reads `lost 0 doubled 0 unknown U
ambiguous A kills N touches T`, of touches and of such cases; exit 1 if anything was lost or doubled, if more is unknown
than the providers took without answering, or if a process died of itself. HR may hear of a case twice.
"""

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bot.platform import clock, log
from bot.settings import load
from bot.store.db.setup import open_store
from fakes.launch import Fake, launched
from jobs.context import open_desk
from tests import postgres
from tests.conftest import DATA_KEY, NOW
from tests.nursery import nursery
from tests.system.chaos import company, ending, verdict
from tests.system.chaos.victims import Redis, RoundRobin, Victims
from tests.system.chaos.weather import Weather
from tests.system.servers import ROOT, TWILIO, WECHAT, wait_for

_TOUCHES_A_KILL = 25
_PAUSES = 0.1, 0.6  # real seconds between two kills
_JUMP = timedelta(seconds=130)  # of all clocks, so that leases end while processes die
_JUMP_EVERY = 15.0  # real seconds: no call of ours lasts that long, so no sender is taken for dead while it lives
_HOLD = 1.0  # real seconds at most, on average, that a kill waits for something to be under way
_PATIENCE = 120.0  # real seconds without any progress after the last kill


def main() -> int:
    options = _options()
    database = contextlib.nullcontext("") if options.database == "sqlite" else _cluster()
    folder = Path(tempfile.mkdtemp(prefix="chaos"))
    wechat = ("--token", WECHAT.token, "--app-secret", WECHAT.app_secret)
    try:
        with (
            database as url,
            launched("wechat", *wechat) as one,
            launched("twilio", "--auth-token", TWILIO.auth_token) as other,
            launched("robots", "--callback", "http://127.0.0.1:9/") as third,
        ):
            return Chaos(options, folder, url or f"sqlite:///{folder / 'keepwarm.db'}", one, other, third).run()
    finally:
        if options.keep:
            _say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


class Chaos:
    """One run."""

    def __init__(
        self, options: argparse.Namespace, folder: Path, url: str, wechat: Fake, twilio: Fake, robots: Fake
    ) -> None:
        self.kills, self.folder, self.wechat, self.twilio, self.robots = options.kills, folder, wechat, twilio, robots
        self.lot = random.Random(options.seed)
        self.door, self.redis = RoundRobin(), Redis(folder / "var")
        (folder / "var").mkdir()
        (folder / "var" / "understanding").symlink_to(_made(options.understanding))
        self.environment = _prepared(folder, url, self.door.url, self.redis.url, wechat, twilio, robots)
        clock.share(folder / "clock")
        ending.move(self._fakes, NOW - clock.now())  # the same day whenever it is run
        self.wishes = company.wishes(options.touches or _TOUCHES_A_KILL * options.kills, self.lot)
        self.doubted: dict[int, str] = {}  # messages that were in doubt once, and by what road they went
        self.dangers: list[int] = []  # cases that HR has to hear of
        self.jumped = time.monotonic()
        self.taken, self.held = 0, 0.0

    def run(self) -> int:
        log.configure("critical")
        os.environ |= self.environment
        self.database, self.cipher = open_store(self.environment["KEEPWARM_DATABASE_URL"], DATA_KEY, migrate=True)
        settings = load(self.folder / "config.yaml")
        who = company.everyone(self.wishes)
        self.ids = company.enter(self.folder, settings, self.database, self.cipher, who, clock.now())
        company.hire(self.folder, settings, self.database, self.cipher, self.kills, clock.now())
        company.follow(self.wechat, who)
        self.desk = open_desk()  # trains what the processes then only read
        self.redis.start()
        victims = Victims(dict(os.environ), self.redis, self.folder, self.lot)
        try:
            return self._survived(victims)
        finally:
            nursery().close()
            self.redis.stop()
            self.door.close()
            self.desk.database.close()
            self.database.close()

    def _survived(self, victims: Victims) -> int:
        self.wechat.callback(f"{self.door.url}/wechat")
        self.twilio.callback(f"{self.door.url}/sms")
        victims.start(self.door.ports)
        begun = time.monotonic()
        self._kill(victims)
        taken, killed = self._taken(), time.monotonic()
        drained = self._drain(victims)
        victims.look()
        deaf = victims.stop("work", "schedule", "job")
        rounds = ending.settle(self.desk, self._fakes, self._note_doubt)
        deaf += victims.stop("serve")
        found = self.database.read(lambda c: verdict.judge(c, self.wishes, self.ids, self._sends()))
        told = verdict.told_of(self.robots.sends())
        unheard = [case for case in self.dangers if case not in told]
        found.lost += self.database.read(lambda c: [verdict.unheard(c, case) for case in unheard])
        _say(f"{killed - begun:.0f} s of kills, {taken} of {len(self.wishes)} touches taken meanwhile")
        _say(
            f"HR heard of {sum(case in told for case in self.dangers)} of {len(self.dangers)} in danger, by {len(self.robots.sends())} messages"
        )
        _say(f"the processes finished what was due in {drained:.0f} s; all was settled at {rounds} moments after that")
        return self._report(found, victims, deaf)

    def _kill(self, victims: Victims) -> None:
        weather = Weather(self.wechat, self.twilio, self.robots, self.lot)
        share = -(-len(self.wishes) // (self.kills + 1))
        for number in range(self.kills + 1):
            some = self.wishes[number * share : (number + 1) * share]
            self.database.write(lambda c, some=some: company.plan(c, some, self.ids, clock.now()))  # type: ignore[misc]
            weather.blow()
            if number == 0:
                wait_for(self._taken, 60)
                continue
            self.dangers.append(self.database.write(lambda c, n=number: company.danger(c, self.cipher, n, clock.now())))  # type: ignore[misc]
            time.sleep(self.lot.uniform(*_PAUSES))
            self._hold()
            victims.kill_one()
            self._note_doubt()
            self._move_on()
            if number % 25 == 0:
                _say(f"{number} kills, {self._taken()} messages taken")
        weather.clear()

    def _hold(self) -> None:
        """Until something was taken since the last kill: who has not begun yet has nothing to lose."""
        while self._taken() == self.taken and self.held < _HOLD * self.kills:
            time.sleep(0.05)
            self.held += 0.05
        self.taken = self._taken()

    def _drain(self, victims: Victims) -> float:
        """The processes alone finish what is due: nothing of it hangs for ever on one that died."""
        begun = progress = time.monotonic()
        before = self.database.read(ending.waiting)
        while any(still := self.database.read(ending.waiting)):
            if still != before:
                before, progress = still, time.monotonic()
            if time.monotonic() - progress > _PATIENCE:
                raise AssertionError(f"nothing goes on: {still[0]} touches and {still[1]} messages are due")
            time.sleep(0.2)
            victims.look()
            self._note_doubt()
            self._move_on()
        return time.monotonic() - begun

    def _move_on(self) -> None:
        if time.monotonic() - self.jumped > _JUMP_EVERY:
            self.jumped = time.monotonic()
            ending.move(self._fakes, _JUMP)

    def _note_doubt(self) -> None:
        found = self.database.read(verdict.in_doubt)
        self.doubted |= {number: via for number, (via, _) in found.items()}

    def _taken(self) -> int:
        return sum(fake.get("/_fake/ambiguous")["sends"] for fake in self._providers)

    def _sends(self) -> list[dict[str, object]]:
        return [send for fake in self._providers for send in fake.sends()]

    @property
    def _providers(self) -> tuple[Fake, ...]:
        """Of what candidates get."""
        return self.wechat, self.twilio

    @property
    def _fakes(self) -> tuple[Fake, ...]:
        return self.wechat, self.twilio, self.robots

    def _report(self, found: verdict.Verdict, victims: Victims, deaf: list[str]) -> int:
        ambiguous = sum(fake.get("/_fake/ambiguous")["ambiguous"] for fake in self._providers)
        killed = ", ".join(f"{kind} {count}" for kind, count in sorted(victims.killed.items()))
        _say(f"killed: {killed} (Redis wiped {victims.wiped} times)")
        _say(f"taken by the providers: {_counted(found.taken)}")
        for (via, state), count in sorted(found.roads.items()):
            _say(f"  {via:9} {state:10} {count}")
        ended = self.database.read(lambda c: verdict.in_doubt(c, self.doubted.keys()))
        settled = Counter(f"{via}: {ended[number][1]}" for number, via in self.doubted.items())
        _say(f"were in doubt, and ended: {_counted(settled)}")
        _say(f"what ended unknown, in truth: {_counted(found.open)}")
        _say(f"not taken, with a reason: {_counted(found.explained)}")
        for trouble in (*victims.fell, *(f"does not stop: {command}" for command in deaf)):
            _say(f"FELL {trouble}")
        for name in ("lost", "doubled"):
            for line in getattr(found, name)[:20]:
                _say(f"{name.upper()} {line}")
        _say(
            f"lost {len(found.lost)} doubled {len(found.doubled)} unknown {found.unknown} ambiguous {ambiguous} "
            f"kills {victims.killed.total()} touches {len(self.wishes)}"
        )
        sound = found.good and not victims.fell and not deaf
        return 0 if sound and found.unknown <= ambiguous else 1


def _prepared(
    folder: Path, url: str, public: str, redis: str, wechat: Fake, twilio: Fake, robots: Fake
) -> dict[str, str]:
    """Writes the company's files; gives the environment that leads there."""
    accounts = {
        "wechat": {
            "app_id": WECHAT.app_id,
            "app_secret": WECHAT.app_secret,
            "token": WECHAT.token,
            "api_url": wechat.url,
        },
        "sms": {
            "account_sid": TWILIO.account_sid,
            "auth_token": TWILIO.auth_token,
            "from": TWILIO.numbers[0],
            "api_url": twilio.url,
        },
    }
    keys = {"secret_key": "secret-key-93b1", "data_key": DATA_KEY}
    office = robots.get("/_fake/state")["environment"]
    names = {"corp_id": "CORP_ID", "agent_id": "AGENT_ID", "secret": "SECRET", "api_url": "API_URL"}
    accounts["wecom"] = {name: office[f"WECOM_{variable}"] for name, variable in names.items()}
    company.write(folder, {"public_url": public, "database_url": url, "redis_url": redis, **keys, **accounts})
    return {
        "KEEPWARM_CONFIG": str(folder / "config.yaml"),
        "KEEPWARM_DATABASE_URL": url,
        "PYTHONPATH": str(ROOT),
        "OPENBLAS_NUM_THREADS": "1",
    }


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@contextlib.contextmanager
def _cluster() -> Iterator[str]:
    with postgres.cluster() as server:
        yield postgres.fresh(server, "chaos")


def _counted(what: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(what.items())) or "none"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.system.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--touches", type=int, default=0, help="25 a kill if left out")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=None, help="who dies when; by chance if left out")
    cache = ROOT / "var" / "understanding"
    parser.add_argument("--understanding", type=Path, default=cache, help="where the trained model is kept")
    parser.add_argument("--keep", action="store_true", help="leave the folder with its logs and database")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
