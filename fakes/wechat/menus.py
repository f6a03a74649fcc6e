"""What a menu may look like (protocols.md 1.13)."""

from typing import Any

from fakes.wechat.refusals import Refusal

KEYED = (
    "click",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
)
OTHERS = ("view", "miniprogram", "media_id", "view_limited", "article_id", "article_view_limited")


def check(menu: Any) -> None:
    """Raises Refusal with the platform's code for the first fault."""
    buttons = menu.get("button") if isinstance(menu, dict) else None
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise Refusal(40016, "invalid button size")
    for button in buttons:
        _check_top(button)


def _check_top(button: dict[str, Any]) -> None:
    _check_name(button, 16, Refusal(40018, "invalid button name size"))
    below = button.get("sub_button") or []
    if not below:
        _check_action(button, 40017, 40019, 40020, 40055)
        return
    if len(below) > 5:
        raise Refusal(40023, "invalid sub button size")
    for sub in below:
        if sub.get("sub_button"):
            raise Refusal(40022, "invalid sub menu level")
        _check_name(sub, 60, Refusal(40025, "invalid sub button name size"))
        _check_action(sub, 40024, 40026, 40027, 40054)


def _check_name(button: dict[str, Any], most: int, refusal: Refusal) -> None:
    if not 1 <= len(str(button.get("name", "")).encode()) <= most:
        raise refusal


def _check_action(button: dict[str, Any], bad_type: int, bad_key: int, bad_url: int, bad_domain: int) -> None:
    kind = button.get("type")
    if kind not in KEYED + OTHERS:
        raise Refusal(bad_type, "invalid button type")
    if kind in KEYED and not 1 <= len(str(button.get("key", "")).encode()) <= 128:
        raise Refusal(bad_key, "invalid button key size")
    if kind != "view":
        return
    url = str(button.get("url", ""))
    if not 1 <= len(url.encode()) <= 1024:
        raise Refusal(bad_url, "invalid button url size")
    if not url.startswith(("http://", "https://")):
        raise Refusal(bad_domain, "invalid button url domain")
