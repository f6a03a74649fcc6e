"""The fake mail server keeps to the protocol, and says no to what breaks it."""

import smtplib
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from fakes.launch import Fake, launched

MAIL = b"Subject: Hi\r\nMessage-ID: <1@x>\r\n\r\nline\r\n..dotted\r\n"


@pytest.fixture(scope="module")
def mail() -> Iterator[Fake]:
    with launched("smtp") as fake:
        yield fake


@pytest.fixture
def client(mail: Fake) -> Iterator[smtplib.SMTP]:
    mail.reset()
    parts = urlsplit(mail.get("/_fake/state")["url"])
    with smtplib.SMTP(parts.hostname or "", parts.port or 0, timeout=10) as client:
        client.ehlo()
        yield client


def test_a_mail_is_shown_to_each_recipient(mail: Fake, client: smtplib.SMTP) -> None:
    client.sendmail("a@x.example", ["b@x.example", "c@x.example"], MAIL)
    assert [(send["to"], send["subject"], send["answered"]) for send in mail.sends()] == [
        ("b@x.example", "Hi", True),
        ("c@x.example", "Hi", True),
    ]
    assert mail.chat("b@x.example")[0]["content"] == "line\n..dotted"
    assert mail.get("/_fake/state")["mails"] == 2


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["RCPT TO:<b@x.example>"], 503),
        (["DATA"], 503),
        (["MAIL FROM:a@x.example"], 501),
        (["MAIL FROM:<a@x.example>", "RCPT TO:<nobody>"], 501),
        (["MAIL FROM:<a@x.example>", "DATA"], 503),
        (["MAIL FROM:<a@x.example>", "RSET", "RCPT TO:<b@x.example>"], 503),
        (["STARTTLS"], 502),
        (["SING"], 500),
        (["NOOP"], 250),
    ],
)
def test_the_steps_have_an_order(client: smtplib.SMTP, lines: list[str], code: int) -> None:
    assert [client.docmd(line)[0] for line in lines][-1] == code


@pytest.mark.parametrize(("text", "code"), [("é\r\n".encode(), 554), (b"x" * 1000 + b"\r\n", 500)])
def test_what_is_no_mail_by_the_rules_is_refused(mail: Fake, client: smtplib.SMTP, text: bytes, code: int) -> None:
    client.mail("a@x.example")
    client.rcpt("b@x.example")
    assert client.data(text)[0] == code
    assert mail.sends() == []


@pytest.mark.parametrize("method", ["auth_plain", "auth_login"])
@pytest.mark.parametrize("first", [True, False])
def test_both_ways_of_logging_in_are_understood(method: str, first: bool) -> None:
    with launched("smtp", "--user", "hr", "--password", "p@ss word") as fake:
        parts = urlsplit(fake.get("/_fake/state")["url"].replace("p@ss word@", "@"))
        with smtplib.SMTP("127.0.0.1", parts.port or 0, timeout=10) as client:
            client.ehlo()
            assert client.mail("a@x.example")[0] == 530
            client.user, client.password = "hr", "p@ss word"
            name = method.removeprefix("auth_").upper()
            assert client.auth(name, getattr(client, method), initial_response_ok=first)[0] == 235
            assert client.mail("a@x.example")[0] == 250


def test_a_refused_mailbox_takes_mail_again(mail: Fake, client: smtplib.SMTP) -> None:
    mail.post("/_fake/mailbox", address="b@x.example", refuse=550)
    client.mail("a@x.example")
    assert client.rcpt("b@x.example")[0] == 550
    mail.post("/_fake/mailbox", address="b@x.example", refuse=0)
    assert client.rcpt("b@x.example")[0] == 250


def test_a_fault_may_be_meant_for_one_person(mail: Fake, client: smtplib.SMTP) -> None:
    mail.fault("rcpt", "errcode", errcode=451, to="b@x.example")
    client.mail("a@x.example")
    assert [client.rcpt(to)[0] for to in ("c@x.example", "b@x.example", "b@x.example")] == [250, 451, 250]


def test_a_pause_is_followed_by_the_usual_answer(mail: Fake, client: smtplib.SMTP) -> None:
    mail.fault("rcpt", "hang", seconds=0.05)
    client.mail("a@x.example")
    assert client.rcpt("b@x.example")[0] == 250
