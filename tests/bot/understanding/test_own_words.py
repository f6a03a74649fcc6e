"""Only what a person wrote themselves counts as said."""

import pytest

from bot.understanding import WordLists
from bot.understanding.own_words import OwnWords, own_words
from bot.understanding.text import normal

_NOTICE = (
    "Alexandra, your training date is set: it starts Mon, Mar 9 at 9:00 AM.\n"
    "Can you come? Just reply the number:\n1. I will come to the training\n2. Another training date\n"
    "3. My store is too far"
)
_ZH_NOTICE = "王芳，培训定在 12 月 1 日。能来吗？回数字就行：\n1. 确认参加培训\n2. 换个培训日子\n3. 门店太远"


@pytest.fixture
def read(words: WordLists):
    return lambda text: own_words(text, words.not_own, lambda said: words.ask(normal(said)))


@pytest.mark.parametrize(
    "text",
    [
        *(f"{verb} “{_NOTICE}”" for verb in ("Loved", "Liked", "Disliked", "Laughed at", "Emphasized", "Questioned")),
        f'Loved "{_NOTICE}"',
        f"Loved\u00a0“{_NOTICE}”",
        f"  loved  “{_NOTICE}” ",
        f"Liked “{_NOTICE[:80]}",  # cut on its way
        f"Liked “He said “come” and {_NOTICE}”",
        f"Removed a heart from “{_NOTICE}”",
        f"Removed a like from “{_NOTICE}”",
        f"Removed an exclamation from “{_NOTICE}”",
        f"Removed a question mark from “{_NOTICE}”",
        f"Reacted 😂 to “{_NOTICE}”",
        f"Removed a 😂 from “{_NOTICE}”",
        f"👍 to “{_NOTICE}”",
        f"👍🏽 to “{_NOTICE}”",
        f"\u200a\u200b👍\u200b to “{_NOTICE}”\u200a",
        f"❤️ to “ {_NOTICE} ”",
        "Loved an image",
        "Laughed at a movie",
        f"对“{_ZH_NOTICE}”表示了赞",
        f"对 “{_ZH_NOTICE}” 表示了 赞",
        f"对“{_ZH_NOTICE}”表示 ❤️",
        f"对“{_ZH_NOTICE}”做出了大笑的回应",
        f"对「{_ZH_NOTICE}」表示了喜欢",
        f"赞了“{_ZH_NOTICE}”",
        f"喜欢了“{_ZH_NOTICE}”",
        f"不喜欢了“{_ZH_NOTICE}”",
        f"强调了“{_ZH_NOTICE}”",
        f"質疑了“{_ZH_NOTICE}”",
        f"取消了对“{_ZH_NOTICE}”的赞",
        f"👍 对“{_ZH_NOTICE}”",
    ],
)
def test_a_reaction_is_no_word_of_theirs(text: str, read) -> None:
    assert read(text) == OwnWords("", "reaction")


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (f"「暖记：{_ZH_NOTICE}」\n- - - - - - - - - - - - - - -\n1", "1"),
        (f"「暖记：{_ZH_NOTICE}」\n———————————\n门店在哪？", "门店在哪？"),
        (f"「Warm: {_NOTICE}」\n- - - - - - - - - - - - - - -\nwhere is it?", "where is it?"),
        (f"“Warm: {_NOTICE}”\n- - - - - - - - - - - - - - -\nyes", "yes"),
        (f'"Warm: {_NOTICE}"\n--------------\nyes', "yes"),
        (f"「暖记：{_ZH_NOTICE}」\n我会来", "我会来"),
        (f"「暖记：{_ZH_NOTICE}」- - - - - - - - -1", "1"),
        ("> Can you come?\n> 1. I will come\n> 2. Another date\n2", "2"),
        (
            "Yes I will\n\nOn Mon, Nov 23, 2026 at 10:00 AM Warm <hr@example.com> wrote:\n> Can you come?\n> 3. Too far",
            "Yes I will",
        ),
        ("好的\n\n在 2026年11月23日，暖记 写道：\n> 能来吗？\n> 3. 门店太远", "好的"),
        ("这是真的吗？\n[转发] 各位新员工：培训改到12月7日", "这是真的吗？"),
        ("is this real?\n---------- Forwarded message ----------\ntraining moved to Dec 7", "is this real?"),
        ("是这里吗？ https://surl.amap.com/abc123", "是这里吗？"),
    ],
)
def test_what_stands_beside_a_quote_counts(text: str, own: str, read) -> None:
    assert read(text) == OwnWords(own)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"「暖记：{_ZH_NOTICE}」\n- - - - - - - - - - - - - - -\n", "quote"),
        ("> Can you come?\n> 3. My store is too far", "quote"),
        ("[转发] 各位新员工：培训改到12月7日，请带身份证", "forwarded"),
        ("【转发】培训定在哪天？", "forwarded"),
        ("转发：培训定在哪天？", "forwarded"),
        ("Fwd: your training starts Monday", "forwarded"),
        ("BEGIN:VCARD\nVERSION:3.0\nFN:Training Wang\nTEL:13800000000\nEND:VCARD", "link"),
        ("[名片] 培训王老师 13800000000", "link"),
        ("[Contact card] Training Tom +1 202 555 0100", "link"),
        ("https://example.com/training", "link"),
        ("上海培训中心 静安区江场三路76号 https://surl.amap.com/abc123", "location"),
        ("Shanghai Training Centre https://maps.app.goo.gl/abc", "location"),
    ],
)
def test_what_somebody_sends_on_is_not_said(text: str, kind: str, read) -> None:
    assert read(text).kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "I’m driving with Do Not Disturb While Driving turned on. I’ll see your message when I get where I’m going.",
        "(I’m not receiving notifications. If this is urgent, reply “urgent” to send a notification through with your original message.)",
        "我正在开车，已开启“驾驶勿扰”。到达目的地后我会查看您的信息。",
        "（我现在不会收到通知。如果情况紧急，请回复“紧急”以通过您的原始信息发送通知。）",
        "您好，我现在有事不在，一会再和您联系。[自动回复]",
        "您好，我现在有事不在，一会再和您联系。",
        "【自动回复】您好，我在开会",
        "自动回复：我在忙",
        "(自动回复) 我在忙",
        "【自動回覆】我在忙",
        "[Auto-Reply] I am busy",
        "Automatic reply: Training",
        "Out of Office: back on Monday",
        "I am currently out of the office until Monday with no access to email.",
        "This is an automated message.",
        "This number is not monitored.",
        "本短信由系统自动发送，请勿回复",
        "您的消息已收到，我们会尽快回复您",
        "Thanks for your message! We are closed now. Ticket #3",
    ],
)
def test_a_machine_says_nothing(text: str, read) -> None:
    assert read(text) == OwnWords("", "automatic")


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "I loved the “training day”, when is the next?",
        "Loved it",
        "“能来”",
        "他说“培训改了”是真的吗",
        "对“确认参加”那个怎么选",
        "别老给我自动回复",
        "这是自动回复吗？",
        "我正在开车，晚点说",
        "I'm driving right now",
        "转发给你了",
        "forward this to HR",
        ">30分钟",
        "联系人是谁？",
        "who do I contact: you or the store?",
        "my code is WANGFANG1",
        "are you closed now?",
        "is https://keepwarm.example.com/c/abc really from you?",
        "姓名：王芳\n电话：13800000001",
        "第一天\n- 几点到\n- 带什么",
        "🙂🙂",
    ],
)
def test_a_persons_own_words_stay_as_they_are(text: str, read) -> None:
    assert read(text) == OwnWords(text)
