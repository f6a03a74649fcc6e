"""The hand-picked candidates of stories.yaml, one a story."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

Story = Mapping[str, Any]


@functools.cache
def stories() -> tuple[Story, ...]:
    text = Path(__file__).with_name("stories.yaml").read_text(encoding="utf-8")
    return tuple({"code": "", "locale": "zh", **story} for story in yaml.safe_load(text))


def told(story: Story) -> dict[str, Any]:
    """As the phone simulator needs it."""
    person = {key: story.get(key, "") for key in ("code", "name", "stage", "locale", "phone", "invite", "openid")}
    other = {"new_openid": story["new_openid"]} if "new_openid" in story else {}
    return {**person, "story": {"zh": story["zh"], "en": story["en"]}, **other}
