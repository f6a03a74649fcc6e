"""What each role may do. Whom they may do it to is decided by bot.store.sight."""

from collections.abc import Mapping

# see: names, stages, dates of their candidates · talk: what was said, and why somebody may leave · work: cases ·
# move: stage, cohort, store · publish: training notices · roll: who came on day one · import: files · teach: what a
# sentence means · report: figures · staff: accounts, tokens, hooks and the audit log.
RIGHTS: Mapping[str, frozenset[str]] = {
    "recruiter": frozenset({"see", "talk", "work", "move", "roll", "teach", "report"}),
    "manager": frozenset({"see", "talk", "work", "move", "publish", "roll", "import", "teach", "report"}),
    "trainer": frozenset({"see", "roll"}),
    "store": frozenset({"see"}),
    "admin": frozenset({"see", "talk", "work", "move", "publish", "roll", "import", "teach", "report", "staff"}),
}


def may(role: str, right: str) -> bool:
    return right in RIGHTS.get(role, frozenset())
