"""Who can hold the simulated phone, read anew from the people file at every look."""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class People:
    company: str
    candidates: tuple[dict[str, Any], ...]
    staff: tuple[dict[str, Any], ...]

    def by_code(self, code: str) -> dict[str, Any]:
        """Raises KeyError."""
        return next(person for person in (*self.candidates, *self.staff) if person["code"] == code)

    def shown(self) -> dict[str, Any]:
        """The hand-picked first: those who have a story."""
        candidates = sorted(self.candidates, key=lambda person: not person.get("story"))
        return {"company": self.company, "candidates": candidates, "staff": [*self.staff]}


def read(path: Path) -> People:
    """A file that is not there yet means: nobody yet."""
    if not path.exists():
        return People("", (), ())
    content = json.loads(path.read_text("utf-8"))
    candidates = tuple(_with_address(person) for person in content.get("candidates", []))
    staff = tuple({"channels": ["sms"]} | person for person in content.get("staff", []) if person.get("phone"))
    return People(str(content.get("company", "")), candidates, staff)


def _with_address(person: dict[str, Any]) -> dict[str, Any]:
    channels = ["wechat", "sms"] if person.get("phone") else ["wechat"]
    return {"channels": channels} | person | {"openid": person.get("openid") or _openid(str(person["code"]))}


def _openid(code: str) -> str:
    """Always the same for the same code; 28 characters, as WeChat's are."""
    return "o" + base64.urlsafe_b64encode(hashlib.sha256(code.encode()).digest()).decode()[:27]
