"""The refusal of a whole file."""

from typing import Any

from bot.errors import KeepwarmError


class UnusableFile(KeepwarmError):
    """No row of the file can be read: the message says what is wrong and what would be right.

    `key` and `values`: the same for a page, in its own language (unusable_… in messages/*/inbox.yaml).
    """

    def __init__(self, text: str, key: str = "", **values: Any) -> None:
        super().__init__(text)
        self.key, self.values = key, values
