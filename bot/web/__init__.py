"""The aiohttp door: thin, and the only place that knows HTTP."""
