"""What the person sees on the phone, in order, and who is watching."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Message = dict[str, Any]


class ChatLog:
    """Messages of all chats; `chat` is an openid or a phone number. Each change raises that chat's revision."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._revisions: dict[str, int] = {}
        self._watchers: set[asyncio.Queue[Message]] = set()
        self._count = 0

    def add(self, chat: str, time: float, via: str, seen: Message) -> Message:
        """`via` says by which road it came; `seen` has type, content and whatever else the phone shows."""
        self._count += 1
        direction = "in" if via == "user" else "out"
        head = {"seq": self._count, "chat": chat, "time": round(time, 3), "direction": direction}
        message = head | {"type": seen["type"], "content": seen["content"], "via": via} | seen
        self._messages.append(message)
        self._changed(message)
        return message

    def amend(self, message: Message, **more: Any) -> None:
        message.update(more)
        self._changed(message)

    def of(self, chat: str) -> list[Message]:
        return [message for message in self._messages if message["chat"] == chat]

    def since(self, seq: int) -> list[Message]:
        """What came after that message, of all chats."""
        found = list(itertools.takewhile(lambda message: message["seq"] > seq, reversed(self._messages)))
        return found[::-1]

    def revision(self, chat: str) -> int:
        return self._revisions.get(chat, 0)

    def clear(self) -> None:
        self._messages.clear()
        for chat in self._revisions:
            self._revisions[chat] += 1

    @contextmanager
    def watched(self) -> Iterator[asyncio.Queue[Message]]:
        queue: asyncio.Queue[Message] = asyncio.Queue()
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)

    def _changed(self, message: Message) -> None:
        chat = message["chat"]
        self._revisions[chat] = self._revisions.get(chat, 0) + 1
        for queue in self._watchers:
            queue.put_nowait(dict(message))
