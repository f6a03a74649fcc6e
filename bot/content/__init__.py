"""Reads flows/ and messages/ into values, and names every fault at once."""

from bot.content.reading import Content, load

__all__ = ["Content", "load"]
