"""The last look before the first byte: a sender that was paused finds out here that its message is another's by now.

Whoever sends says how to look; a channel looks once it has a connection, which is where it may wait for long.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_own = threading.local()


@contextmanager
def held(look: Callable[[], None]) -> Iterator[None]:
    """What this thread sends meanwhile is sent only if `look` raises nothing."""
    _own.look = look
    try:
        yield
    finally:
        _own.look = None


def last_look() -> None:
    """Raises DeliveryError where nothing may be sent any more; outside of `held` it raises nothing."""
    look = getattr(_own, "look", None)
    if look is not None:
        look()
