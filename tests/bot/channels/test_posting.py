"""Connections to providers are kept while they are busy, and by one thread each."""

import threading

import pytest

from bot.channels import http


def test_a_thread_keeps_its_connections_while_it_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    first = http.session()
    assert http.session() is first
    others: list[object] = []
    thread = threading.Thread(target=lambda: others.append(http.session()))
    thread.start()
    thread.join()
    assert others[0] is not first
    monkeypatch.setattr(http, "_IDLE", -1.0)
    assert http.session() is not first
