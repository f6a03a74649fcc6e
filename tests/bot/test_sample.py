"""The sample company's config leads nowhere but to the stand-ins, whatever the config that it is made from says."""

from pathlib import Path

import pytest

from bot import settings
from bot.cli import sample

_SOURCE = """
company: {name: 暖记, country: CN}
messages: words
wechat: {app_id: wxgenuine, token: genuine, api_url: https://api.weixin.qq.com, templates: {training: {id: genuine, fields: {thing1: place}}}}
sms: {account_sid: ACgenuine, auth_token: genuine, from: "+12025550111", a_second: 1}
wecom: {corp_id: wwgenuine, agent_id: 7, secret: genuine, token: genuine, aes_key: genuine}
wecom_robot: {url: https://robot.example.com/genuine}
dingtalk: {url: https://robot.example.com/genuine, secret: genuine}
feishu: {url: https://robot.example.com/genuine, secret: genuine}
email: {url: smtp://hr:pw@mail.example.com, from: hr@example.com}
pushes: {hours: 10-18}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.yaml").write_text(_SOURCE, encoding="utf-8")
    monkeypatch.setenv("KEEPWARM_CONFIG", str(tmp_path / "config.yaml"))
    return tmp_path / "sample"


def test_no_account_of_the_real_config_is_used(folder: Path, tmp_path: Path) -> None:
    own = sample.begin(folder, 8123)
    own |= {"WECHAT_API_URL": "http://127.0.0.1:1", "TWILIO_API_URL": "http://127.0.0.1:2"}
    loaded = settings.load(folder / "config.yaml", own)
    assert (loaded.wechat.api_url, loaded.sms.api_url, loaded.email.on) == (
        "http://127.0.0.1:1",
        "http://127.0.0.1:2",
        False,
    )
    assert not any((loaded.wecom.on, loaded.wecom_robot.on, loaded.dingtalk.on, loaded.feishu.on))
    assert "genuine" not in (folder / "config.yaml").read_text(encoding="utf-8")
    assert loaded.database_url.startswith(f"sqlite:///{folder.resolve()}/")
    assert loaded.public_url == "http://127.0.0.1:8123"
    assert loaded.pushes.hours == (10, 18), "what is no account stays as it is"
    assert loaded.messages == tmp_path / "words"


def test_each_run_begins_afresh_and_keeps_only_what_was_learned(folder: Path) -> None:
    sample.begin(folder, 8123)
    learned = folder / "var" / "understanding" / "x.npz"
    learned.parent.mkdir(parents=True)
    for made in (learned, folder / "keepwarm.db", folder / "keepwarm.db-wal", folder / "clock", folder / "not ours"):
        made.write_text("x")
    (folder / "company").mkdir()
    (folder / "var" / "spool").mkdir()
    sample.begin(folder, 8123)
    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert left == ["config.yaml", "not ours", "var/understanding/x.npz"]
    assert not (folder / "var" / "spool").exists()
