"""`keepwarm check` names every fault at once, where it stands, and what would be right."""

import shutil
from pathlib import Path

import pytest

from bot.content.reader import read
from bot.errors import ContentError
from bot.settings import Settings
from bot.settings import load as load_settings


@pytest.fixture
def broken(settings: Settings, tmp_path: Path) -> Settings:
    """A copy of the shipped content, for a test to break."""
    shutil.copytree(settings.flows, tmp_path / "flows")
    shutil.copytree(settings.messages, tmp_path / "messages")
    return settings.model_copy(update={"flows": tmp_path / "flows", "messages": tmp_path / "messages"})


def change(folder: Path, name: str, old: str, new: str) -> int:
    """Replaces text in a file; gives the line of it."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def faults(settings: Settings) -> list[str]:
    return [str(fault) for fault in read(settings)[1]]


def test_the_shipped_content_has_no_fault(settings: Settings) -> None:
    assert faults(settings) == []


def test_traditional_script_has_every_text_and_none_of_the_asks(settings: Settings) -> None:
    words = read(settings)[0].words
    assert words["zh-Hant"].say.keys() == words["zh"].say.keys()
    assert words["zh-Hant"].ask == {}


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("stop.yaml", "say: how", "say: howw", "add say: howw to messages/zh/stop.yaml"),
        ("stop.yaml", "say: how", "say: howw", "add say: howw to messages/en/stop.yaml"),
        ("stop.yaml", "say: how", "say: howw", "how is used by no step"),
        ("stop.yaml", "do: stop_pushes", "do: stop_pushing", "no effect is called 'stop_pushing'"),
        ("stop.yaml", "{silent: end, al", "{quiet: end, al", "stop_pushes never ends in 'quiet': silent, already"),
        ("stop.yaml", "stop: stop", "stop: halt", "leads to 'halt', which is no step"),
        ("stop.yaml", "stop: stop", "halt: stop", "'halt' is not known: use one of stop, start"),
        ("training.yaml", "if: {place: known}", "if: {plaice: known}", "no fact is called 'plaice'"),
        ("training.yaml", "if: {place: known}", "if: {place: yes}", "place is never 'yes': use known, unknown"),
        ("training.yaml", "if: {open: no}\n      next", "next", "is never reached: the branch above it has no if"),
        ("training.yaml", "where: where", "wheer: where", "wheer has no words: add ask: wheer to messages/en/training.yaml"),
        ("hello.yaml", "  bye:\n    say: bye", "  bye:\n    say: bye\n  lost:\n    say: bye", "step 'lost' is never reached"),
        ("hello.yaml", "for: anyone", "for: anyone\nfor: candidate", "'for' stands twice here (first on line 2)"),
        ("hello.yaml", "steps:", "steps: [", "is not YAML"),
        ("store.yaml", "promise store", "promise moon", "promise 'moon' could never be kept: cohort, date"),
        ("trouble.yaml", "alarm: [despair, ", "alarm: [despare, ", "alarm: 'despare' is none of the entries"),
        ("binding.yaml", "collect: sms_code", "collect: shoe_size", "'shoe_size' should be one of sms_code"),
        ("welcome.yaml", "touches: [pack, invite]", "touches: [pack, invites]", "touches: 'invites' is none of the steps: pack"),
        ("welcome.yaml", "touches: [pack, invite]", "touches: [pack]", "step 'invite' is never reached"),
        ("welcome.yaml", "{links: yes}", "{owner: known}", "page has {{ page_link }}, which no SMS to mainland China may have"),
        ("tasks.yaml", "task_id_copy: done", "task_id_copy: ready", "task_id_copy is never 'ready': use open, done, none"),
        ("tasks.yaml", "do: task_done id_copy", "do: task_done id_photo", "tasks: add id_photo: how people call this task"),
        ("tasks.yaml", "    say: done\n", "    say: done\n    picture: shown\n", "picture belongs to a question"),
        ("tasks.yaml", "picture: id_copy_shown", "picture: id_copy_seen", "leads to 'id_copy_seen', which is no step"),
        ("tasks.yaml", "save: trouble", "save: task_trouble", "task_trouble is a fact or a value already"),
    ],
)  # fmt: skip
def test_a_broken_flow_is_named_with_its_line(broken: Settings, file: str, old: str, new: str, says: str) -> None:
    change(broken.flows, file, old, new)
    found = faults(broken)
    assert any(says in fault for fault in found), found
    assert all(":" in fault for fault in found)


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("zh/help.yaml", "{{ company }}", "{{ firm }}", "{{ firm }}, which is no value: use one of address"),
        ("zh/help.yaml", "{{ company }}", "{{ company", "is no template"),
        ("zh/hr.yaml", "{{ answer_hours }}", "24", "human lacks {{ answer_hours }}, which it has in en"),
        ("zh/hello.yaml", "say:", "sya:", "'sya' is not known here: use about, ask, choices, plain, say"),
        ("en/shared.yaml", "  joined: Joined\n", "", "stages: add joined"),
        ("en/shared.yaml", "  id_copy: Copy of your ID\n", "", "tasks: add id_copy"),
        ("en/shared.yaml", "  comma:", "  komma:", "formats: add comma"),
        ("zh/binding.yaml", "  yes: [", "  yep: [", "offers yes, which has no words: add choices: yes"),
        (
            "zh/hello.yaml",
            "nod: 好的",
            "nod: " + "好" * 202,
            "nod costs 4 SMS (210 characters): give it a shorter text as sms",
        ),
        (
            "en/hello.yaml",
            "nod: OK!",
            "nod: OK…",
            "… more than doubles the price of an SMS: write it with plain letters",
        ),
        ("zh/words.yaml", "培训: [training.when", "培训: [training.wen", "ambiguous: 'training.wen' is no meaning"),
        ("zh/pages.yaml", "title:", "tittle:", "add title, which the other language has"),
    ],
)
def test_broken_words_are_named_with_their_line(broken: Settings, file: str, old: str, new: str, says: str) -> None:
    if file.startswith("zh/hr"):
        text = (
            (broken.messages / file)
            .read_text(encoding="utf-8")
            .replace("  human: |-\n    好的，已经转给 HR，{{ answer_hours }}", "  human: |-\n    好的，已经转给 HR，24")
        )
        (broken.messages / file).write_text(text, encoding="utf-8")
    else:
        change(broken.messages, file, old, new)
    found = faults(broken)
    assert any(says in fault for fault in found), found


def test_all_faults_come_at_once_and_on_their_lines(broken: Settings) -> None:
    first = change(broken.flows, "stop.yaml", "do: stop_pushes", "do: nothing_known")
    second = change(broken.messages, "en/hello.yaml", "{{ name }}", "{{ nmae }}")
    found = faults(broken)
    assert any(fault.startswith(f"flows/stop.yaml:{first}:") for fault in found), found
    assert any(fault.startswith(f"messages/en/hello.yaml:{second}:") for fault in found), found


def test_the_same_question_cannot_mean_two_things(broken: Settings) -> None:
    asked = read(broken)[0].words["zh"].ask["training.when"][0]
    path = broken.messages / "zh" / "store.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("ask:")] + f"ask:\n  mine: [{asked}]\n", encoding="utf-8")
    assert any("also stands under" in fault for fault in faults(broken))


def test_words_of_a_flow_that_does_not_exist_are_a_fault(broken: Settings) -> None:
    (broken.messages / "en" / "lodging.yaml").write_text("say: {x: y}\n", encoding="utf-8")
    assert any("messages/en/lodging.yaml:1: belongs to no flow" in fault for fault in faults(broken))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "is empty"),
        ("company: {name: X}\nwechatt: {}\n", 2, "wechatt is no setting"),
        ("company:\n  name: X\n  timezone: Mars\n", 3, "no time zone: use a name like Asia/Shanghai"),
        ("company:\n  name: X\n  country: China\n", 3, "two capital letters like CN"),
        ("company: {name: X}\nhr:\n  answers_within: soon\n", 3, "use a number with m, h or d"),
        ("company: {name: X}\nbinding:\n  code_tries: 0\n", 3, "greater than or equal to 1"),
        ("company: {name: X}\npublic_url: keepwarm.example.com\n", 2, "https://keepwarm.example.com"),
        ("company: {name: X}\ndatabase_url: mysql://x\n", 2, "sqlite:///FILE or postgresql://"),
        ("company:\n  name: X\n  film: our film\n", 3, "should be a link like https://"),
        ("company: {country: CN}\n", 1, "company.name is missing"),
        ("company: {name: X}\ncompany: {name: Y}\n", 2, "stands twice"),
        ("company: {\n", 2, "is not YAML"),
    ],
)
def test_a_broken_config_is_named_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as broken:
        load_settings(file, {})
    (fault,) = broken.value.faults
    assert (fault.line, fault.file) == (line, str(file))
    assert says in fault.text


def test_unset_variables_leave_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("company: {name: X}\npublic_url: ${NOWHERE}\nredis_url: ${A:-redis://x}\n", encoding="utf-8")
    loaded = load_settings(file, {})
    assert (loaded.public_url, loaded.redis_url) == ("http://127.0.0.1:8080", "redis://x")
    assert load_settings(file, {"A": "redis://y"}).redis_url == "redis://y"
    assert loaded.var == tmp_path / "var"
