"""Turns what is done on the simulated phone into control calls of the two fakes."""

from collections.abc import Callable
from typing import Any

import aiohttp

Person = dict[str, Any]
Act = dict[str, Any]
Call = tuple[str, dict[str, Any]]


class Phones:
    def __init__(self, wechat: str, twilio: str) -> None:
        self._urls = {"wechat": wechat.rstrip("/"), "sms": twilio.rstrip("/")}
        self._session: aiohttp.ClientSession | None = None

    async def state(self, channel: str, person: Person) -> dict[str, Any]:
        query = {"openid": person["openid"]} if channel == "wechat" else {"number": person["phone"]}
        async with self._http().get(f"{self._urls[channel]}/_fake/state", params=query) as response:
            state: dict[str, Any] = await response.json()
            return state

    async def do(self, channel: str, person: Person, act: Act) -> dict[str, Any]:
        """Raises KeyError for an act this channel has not."""
        path, order = (WECHAT if channel == "wechat" else SMS)[act["act"]](person, act)
        url = self._urls[channel] + path
        async with self._http().post(url, json=order | {"wait": False}) as response:
            result: dict[str, Any] = await response.json()
            return result

    async def media(self, channel: str, name: str) -> tuple[bytes, str]:
        path = "/_fake/media/" if channel == "wechat" else "/media/"
        async with self._http().get(self._urls[channel] + path + name) as response:
            response.raise_for_status()
            return await response.read(), response.content_type

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        return self._session


def _said(kind: str, *names: str) -> Callable[[Person, Act], Call]:
    """A message of this kind, with these fields of the act."""

    def call(person: Person, act: Act) -> Call:
        given = {name: act[name] for name in names if act.get(name) not in (None, "")}
        return "/_fake/push", {"openid": person["openid"], "kind": kind} | given

    return call


def _done(path: str, *names: str) -> Callable[[Person, Act], Call]:
    def call(person: Person, act: Act) -> Call:
        return path, {"openid": person["openid"]} | {name: act[name] for name in names if act.get(name)}

    return call


def _texted(person: Person, act: Act) -> Call:
    picture = {"type": act.get("type", "image/png"), "base64": act["base64"]} if act.get("base64") else None
    text = {"from": person["phone"], "body": act.get("content", "")}
    return "/_fake/push", text | {"media": [picture] if picture else [], "force": bool(act.get("force"))}


WECHAT: dict[str, Callable[[Person, Act], Call]] = {
    "text": _said("text", "content", "bizmsgmenuid"),
    "sticker": _said("sticker"),
    "picture": _said("image", "base64", "type"),
    "voice": _said("voice"),
    "location": _said("location", "lat", "lng", "label"),
    "follow": _done("/_fake/follow", "scene"),
    "unfollow": _done("/_fake/unfollow"),
    "scan": _done("/_fake/scan", "scene"),
    "menu": _done("/_fake/menu", "key", "url", "label"),
}
SMS: dict[str, Callable[[Person, Act], Call]] = {"text": _texted, "picture": _texted}
