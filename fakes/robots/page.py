"""The page of the fake of HR's chats: what each member and each group was told, and a line to answer with."""

from html import escape

from aiohttp import web

from fakes.robots.account import Account
from fakes.robots.pusher import Pusher

_LAST = 30  # messages of one chat
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:1.5rem;background:#f3f4f6;color:#111}"
    "main{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr))}"
    "section{background:#fff;border-radius:8px;padding:1rem}h2{font-size:1rem;margin:0 0 .5rem}"
    "p{white-space:pre-wrap;overflow-wrap:anywhere;margin:.4rem 0;padding:.5rem;border-radius:8px;background:#eef1f5}"
    "p.in{background:#c9f0d0;margin-left:3rem}form{display:flex;gap:.5rem}input{flex:1;padding:.4rem}"
)


def routes(account: Account, pusher: Pusher) -> list[web.RouteDef]:
    async def show(request: web.Request) -> web.Response:
        return web.Response(text=_page(account), content_type="text/html", headers={"Cache-Control": "no-store"})

    async def write(request: web.Request) -> web.Response:
        form = await request.post()
        await pusher.push({"userid": str(form.get("userid", "")), "content": str(form.get("content", ""))})
        raise web.HTTPSeeOther("/")

    return [web.get("/", show), web.post("/", write)]


def _page(account: Account) -> str:
    chats = list(dict.fromkeys(message["chat"] for message in reversed(account.chat.since(0))))
    sections = "".join(_section(account, chat) for chat in chats) or "<p>Nobody has been told anything yet.</p>"
    head = "<meta charset=utf-8><meta name=viewport content='width=device-width'><title>HR's chats</title>"
    return (
        f"<!doctype html><html lang=en>{head}<style>{_STYLE}</style><h1>HR's chats</h1><main>{sections}</main></html>"
    )


def _section(account: Account, chat: str) -> str:
    name = escape(chat, quote=True)
    told = "".join(
        f"<p class={message['direction']}>{escape(message['content'])}</p>"
        for message in account.chat.of(chat)[-_LAST:]
    )
    field = f"<input type=hidden name=userid value='{name}'><input name=content aria-label='Write as {name}'>"
    answer = "" if chat.endswith(" group") else f"<form method=post>{field}<button>Write</button></form>"
    return f"<section><h2>{name}</h2>{told}{answer}</section>"
