"""E-mail goes out over a line that nobody reads, and what the server says is told apart by what to do about it."""

import re
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from bot.channels import email as email_module
from bot.channels.email import EmailApi
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.platform import clock
from bot.settings import Email
from bot.values.message import ChannelMessage
from fakes.launch import Fake, launched
from tests.bot.channels.conftest import email_settings

TO = "wang.fang@example.com"
FORM = {"subject": "培训通知：12月1日", "text": "王芳，您好。\n\n.培训 12月1日 9:00。\n" + "长" * 900}


def letter(form: dict[str, Any] | None = None, to: str = TO, id_: int = 7) -> ChannelMessage:
    return ChannelMessage(id_, to, "培训通知\n短", "email", FORM if form is None else form)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    """A server's certificate for this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begin = clock.real() - timedelta(days=1)
    own = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = tmp_path / "own.pem", tmp_path / "own.key"
    pem.write_bytes(own.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(pem), str(secret)


def test_a_mail_arrives_as_it_was_written(smtp: Fake, email_api: EmailApi) -> None:
    posted = email_api.send(letter())
    [mail] = smtp.sends()
    assert (mail["to"], mail["from"]) == (TO, "hr@nuanji.example")
    assert (mail["subject"], mail["content"]) == (FORM["subject"], FORM["text"])
    assert mail["headers"]["From"] == "暖记培训 <hr@nuanji.example>"
    assert mail["headers"]["Auto-Submitted"] == "auto-generated"
    assert mail["headers"]["Date"]
    assert mail["message_id"] == posted.provider_id
    assert mail["answered"]


def test_without_a_form_the_text_speaks_for_itself(smtp: Fake, email_api: EmailApi) -> None:
    email_api.send(letter({}))
    [mail] = smtp.sends()
    assert (mail["subject"], mail["content"]) == ("培训通知", "培训通知\n短")


def test_a_subject_cannot_smuggle_in_a_header(smtp: Fake, email_api: EmailApi) -> None:
    email_api.send(letter({"subject": "hi\r\nBcc: all@example.com", "text": "x\ud800"}))
    [mail] = smtp.sends()
    assert "Bcc" not in mail["headers"]
    assert (mail["subject"], mail["content"]) == ("hi Bcc: all@example.com", "x")


def test_the_message_id_is_the_letters_own(smtp: Fake, email_api: EmailApi) -> None:
    first, again, other = (email_api.send(letter(id_=id_)).provider_id for id_ in (7, 7, 8))
    assert first == again != other
    assert re.fullmatch(r"<kw7\.[0-9a-f]{16}@nuanji\.example>", first or "")


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a b@c.d", "王芳@example.com", "a@b.c\r\nRCPT TO:<x@y.z>", "a@b", "<a@b.c>", "a@b.c,d@e.f"],
)
def test_what_is_no_address_is_never_tried(smtp: Fake, email_api: EmailApi, address: str) -> None:
    with pytest.raises(Unreachable) as refused:
        email_api.send(letter(to=address))
    assert refused.value.code == "no_address"
    assert smtp.calls() == {}


@pytest.mark.parametrize(
    ("path", "fault", "kind", "code"),
    [
        ("rcpt", {"kind": "errcode", "errcode": 550}, Unreachable, "550"),
        ("rcpt", {"kind": "errcode", "errcode": 451}, TryLater, "451"),
        ("mail", {"kind": "errcode", "errcode": 550}, Misconfigured, "550"),
        ("mail", {"kind": "errcode", "errcode": 421}, TryLater, "421"),
        ("auth", {"kind": "errcode", "errcode": 535, "times": 2}, Misconfigured, "535"),
        ("auth", {"kind": "errcode", "errcode": 454, "times": 2}, TryLater, "454"),
        ("connect", {"kind": "errcode", "errcode": 554}, TryLater, "no_connection"),
        ("connect", {"kind": "reset"}, TryLater, "no_connection"),
        ("auth", {"kind": "reset"}, TryLater, "no_connection"),
        ("mail", {"kind": "reset"}, TryLater, "no_connection"),
        ("rcpt", {"kind": "reset"}, TryLater, "no_connection"),
        ("data", {"kind": "errcode", "errcode": 451}, TryLater, "451"),
        ("data", {"kind": "errcode", "errcode": 554}, Unreachable, "554"),
        ("text", {"kind": "errcode", "errcode": 451}, TryLater, "451"),
        ("text", {"kind": "errcode", "errcode": 554}, Unreachable, "554"),
        ("text", {"kind": "reset"}, Unknown, "no_answer"),
    ],
)
def test_every_refusal_says_what_to_do_and_nothing_has_come(
    smtp: Fake, email_api: EmailApi, path: str, fault: dict[str, Any], kind: type[DeliveryError], code: str
) -> None:
    smtp.fault(path, **fault)
    with pytest.raises(DeliveryError) as refused:
        email_api.send(letter())
    assert (type(refused.value), refused.value.code) == (kind, code)
    assert TO not in str(refused.value)
    assert smtp.sends() == []
    email_api.send(letter())
    assert len(smtp.sends()) == 1


def test_a_mailbox_that_is_not_there_closes_the_road(smtp: Fake, email_api: EmailApi) -> None:
    smtp.post("/_fake/mailbox", address=TO, refuse=550)
    with pytest.raises(Unreachable):
        email_api.send(letter())
    email_api.send(letter(to="li.lei@example.com"))
    assert [mail["to"] for mail in smtp.sends()] == ["li.lei@example.com"]


def test_a_server_that_took_the_mail_and_went_away_leaves_a_doubt(smtp: Fake, email_api: EmailApi) -> None:
    smtp.fault("text", "reset_after_commit")
    with pytest.raises(Unknown):
        email_api.send(letter())
    assert smtp.get("/_fake/ambiguous") == {"sends": 1, "ambiguous": 1}


def test_a_server_that_takes_the_mail_and_never_answers_leaves_a_doubt(
    smtp: Fake, email_api: EmailApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_module, "_SECONDS", 0.3)
    smtp.fault("text", "hang_after_commit", seconds=3)
    with pytest.raises(Unknown):
        email_api.send(letter())
    assert len(smtp.sends()) == 1


def test_an_answer_that_is_lost_after_quit_is_no_doubt(smtp: Fake, email_api: EmailApi) -> None:
    assert email_api.send(letter()).provider_id
    assert smtp.get("/_fake/ambiguous")["ambiguous"] == 0


def test_a_wrong_password_is_the_operators_to_mend(smtp: Fake) -> None:
    with pytest.raises(Misconfigured) as refused:
        EmailApi(email_settings(smtp, "hr:wrong@")).send(letter())
    assert refused.value.code == "535"
    assert "wrong" not in str(refused.value)


def test_a_server_that_wants_a_login_does_not_take_mail_without(smtp: Fake) -> None:
    with pytest.raises(Misconfigured) as refused:
        EmailApi(email_settings(smtp, "")).send(letter())
    assert refused.value.code == "530"


def test_a_server_without_login_takes_mail_as_it_is() -> None:
    with launched("smtp") as open_server:
        EmailApi(email_settings(open_server, "")).send(letter())
        assert len(open_server.sends()) == 1
        with pytest.raises(Misconfigured) as refused:
            EmailApi(email_settings(open_server)).send(letter())
        assert refused.value.code == "no_auth"


def test_where_nobody_listens_nothing_was_sent() -> None:
    settings = Email(url="smtp://127.0.0.1:9", **{"from": "hr@nuanji.example"})
    with pytest.raises(TryLater):
        EmailApi(settings).send(letter())


@pytest.mark.parametrize("options", [(), ("--tls",)])
def test_a_line_with_tls_is_used_and_its_certificate_checked(
    certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    pem, key = certificate
    with launched(
        "smtp", "--user", "hr", "--password", "p@ss word", "--certificate", pem, "--key", key, *options
    ) as server:
        with pytest.raises(Misconfigured) as refused:
            EmailApi(email_settings(server)).send(letter())
        assert refused.value.code == "tls"
        assert server.calls().get("AUTH", 0) == 0
        monkeypatch.setenv("SSL_CERT_FILE", pem)
        EmailApi(email_settings(server)).send(letter())
        [mail] = server.sends()
        assert mail["content"] == FORM["text"]
        assert server.calls().get("STARTTLS", 0) == (0 if options else 2)


def test_a_password_goes_over_no_open_line(smtp: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_module, "_HERE", frozenset())  # as if the server were another machine
    with pytest.raises(Misconfigured) as refused:
        EmailApi(email_settings(smtp)).send(letter())
    assert refused.value.code == "no_tls"
    assert smtp.calls().get("AUTH", 0) == 0


@pytest.mark.parametrize("url", ["mail.example.com", "http://x", "smtp://", "smtp://h/path", "smtp://a@b@c:1"])
def test_an_address_that_is_no_mail_servers_is_named_at_start(url: str) -> None:
    with pytest.raises(ValidationError, match="smtps://"):
        Email(url=url, **{"from": "hr@nuanji.example"})


@pytest.mark.parametrize("sender", ["hr", "hr@", "Training hr@x.example", "a <b@c.d>\nBcc: e@f.g"])
def test_a_sender_that_is_no_address_is_named_at_start(sender: str) -> None:
    with pytest.raises(ValidationError, match="should be an address"):
        Email(url="smtp://h", **{"from": sender})
