"""How long and how often an account may speak to a person (protocols.md 1.6)."""

from dataclasses import dataclass

HOUR, MINUTE = 3600.0, 60.0
GRANTS = {"message": (5, 48 * HOUR), "menu": (3, MINUTE), "subscribe": (3, MINUTE), "scan": (3, MINUTE)}


@dataclass
class Grant:
    left: int
    until: float


class Window:
    """One person's grants, a kind each; a send spends the one that ends soonest (the order is undocumented)."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}

    def open(self, trigger: str, now: float) -> None:
        count, seconds = GRANTS[trigger]
        self._grants[trigger] = Grant(count, now + seconds)

    def close(self) -> None:
        self._grants.clear()

    def is_open(self, now: float) -> bool:
        return bool(self._alive(now))

    def spend(self, now: float) -> bool:
        """False: every open grant is used up."""
        grant = next((grant for grant in self._alive(now) if grant.left), None)
        if grant is not None:
            grant.left -= 1
        return grant is not None

    def shown(self, now: float) -> dict[str, dict[str, float]]:
        alive = self._alive(now)
        return {
            kind: {"left": grant.left, "seconds": round(grant.until - now)}
            for kind, grant in self._grants.items()
            if grant in alive
        }

    def _alive(self, now: float) -> list[Grant]:
        alive = (grant for grant in self._grants.values() if now < grant.until)
        return sorted(alive, key=lambda grant: grant.until)
