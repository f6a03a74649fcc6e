"""The time machine beside the simulator, if there is one: the page's bar asks and tells it."""

from typing import Any

import aiohttp

ORDERS = ("play", "step", "pause")


class Times:
    """Without an address there is no time machine, and the page has no bar."""

    def __init__(self, url: str = "") -> None:
        self._url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    @property
    def there(self) -> bool:
        return bool(self._url)

    async def state(self) -> dict[str, Any]:
        """now, playing, until. Raises KeyError where there is no time machine."""
        return await self._asked("GET", "state", None)

    async def order(self, name: str, order: dict[str, Any]) -> dict[str, Any]:
        """Raises KeyError for an order that it does not know."""
        if name not in ORDERS:
            raise KeyError(name)
        return await self._asked("POST", name, order)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _asked(self, method: str, name: str, order: dict[str, Any] | None) -> dict[str, Any]:
        if not self._url:
            raise KeyError("time")
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10), raise_for_status=True)
        async with self._session.request(method, f"{self._url}/{name}", json=order) as response:
            state: dict[str, Any] = await response.json()
            return state
