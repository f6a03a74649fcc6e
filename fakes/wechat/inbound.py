"""What people do on the phone, as the fields WeChat pushes (protocols.md 1.4)."""

import base64
from collections.abc import Callable
from typing import Any

from fakes.wechat.account import DOT, Account
from fakes.wechat.wire import Fields

Order = dict[str, Any]
STICKER = "【收到不支持的消息类型，暂无法显示】"  # how WeChat passes on a custom sticker [field]
MENU_EVENTS = ("CLICK", "scancode_push", "scancode_waitmsg")


def fields(account: Account, order: Order) -> Fields:
    """Raises KeyError for a missing part of the order."""
    kind = str(order.get("kind", "text"))
    head = {
        "ToUserName": account.settings.account,
        "FromUserName": order["openid"],
        "CreateTime": int(order.get("create_time") or account.clock.now()),
        "MsgType": TYPES.get(kind, kind),
    }
    if kind == "event":
        return head | _event(order)
    body = BODIES[kind](account, order) if kind in BODIES else {}
    return head | body | dict(order.get("fields", {})) | {"MsgId": int(order.get("msg_id") or account.next_id())}


def shown(order: Order, pushed: Fields) -> dict[str, Any]:
    """How the person's own message looks in the chat."""
    kind = str(order.get("kind", "text"))
    if kind == "event":
        key = pushed.get("EventKey", "")
        return {"type": "event", "content": pushed["Event"], "key": key, "label": order.get("label", "")}
    details: dict[str, Any] = {name: order[name] for name in ("lat", "lng", "label", "title", "url") if name in order}
    media = {"media_id": pushed["MediaId"]} if "MediaId" in pushed else {}
    content = str(pushed.get("Content") or order.get("label", ""))
    return {"type": kind, "content": content} | details | media


def trigger(order: Order) -> str | None:
    """Which grant this opens, if any (windows.GRANTS)."""
    if order.get("kind", "text") != "event":
        return "message"
    event = order["event"]
    if event in MENU_EVENTS:
        return "menu"
    return {"subscribe": "subscribe", "SCAN": "scan"}.get(event)


def _event(order: Order) -> Fields:
    """An `event_key` of None leaves the field out."""
    event: Fields = {"Event": order["event"]}
    if order["event"] == "LOCATION":
        event |= {"Latitude": order["lat"], "Longitude": order["lng"], "Precision": order.get("precision", 65.0)}
    elif order.get("event_key", "") is not None:
        event["EventKey"] = str(order.get("event_key", ""))
    if order.get("ticket"):
        event["Ticket"] = str(order["ticket"])
    return event | dict(order.get("fields", {}))


def _text(_: Account, order: Order) -> Fields:
    tapped = {"bizmsgmenuid": str(order["bizmsgmenuid"])} if "bizmsgmenuid" in order else {}
    return {"Content": str(order["content"])} | tapped


def _sticker(_: Account, __: Order) -> Fields:
    return {"Content": STICKER}


def _image(account: Account, order: Order) -> Fields:
    picture = base64.b64decode(order["base64"]) if order.get("base64") else DOT
    media_id = order.get("media_id") or account.keep_media("image", str(order.get("type", "image/png")), picture)
    return {"PicUrl": order.get("pic_url") or f"{account.base}/_fake/media/{media_id}", "MediaId": media_id}


def _voice(account: Account, order: Order) -> Fields:
    media_id = order.get("media_id") or account.keep_media("voice", "audio/amr", b"#!AMR\n")
    return {"MediaId": media_id, "Format": order.get("format_name", "amr"), "Recognition": order.get("recognition", "")}


def _video(account: Account, order: Order) -> Fields:
    media_id = order.get("media_id") or account.keep_media("video", "video/mp4", b"\0\0\0\x18ftypmp42")
    thumb = order.get("thumb_media_id") or account.keep_media("thumb", "image/png", DOT)
    return {"MediaId": media_id, "ThumbMediaId": thumb}


def _location(_: Account, order: Order) -> Fields:
    place = {"Location_X": float(order["lat"]), "Location_Y": float(order["lng"])}
    return place | {"Scale": int(order.get("scale", 20)), "Label": str(order.get("label", ""))}


def _link(_: Account, order: Order) -> Fields:
    named = {"Title": order.get("title", ""), "Description": order.get("description", "")}
    return named | {"Url": str(order["url"])}


BODIES: dict[str, Callable[[Account, Order], Fields]] = {
    "text": _text,
    "sticker": _sticker,
    "image": _image,
    "voice": _voice,
    "video": _video,
    "shortvideo": _video,
    "location": _location,
    "link": _link,
}
TYPES = {"sticker": "text"}
