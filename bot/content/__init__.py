"""Reads flows/ and messages/ into values, and names every fault at once."""

from bot.content.reader import Content, load

__all__ = ["Content", "load"]
