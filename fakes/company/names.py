"""Names that sound like people, drawn by a seeded lot, and phone numbers that look like theirs."""

from random import Random

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
_ONE = "芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚婷慧琳倩浩宇晨欣怡凯峰"
_FIRST = "浩子梓欣宇诗佳俊思雨晓志建海春文嘉雅天若美国小玉家慧立晨一静"
_SECOND = "然轩涵怡航杰远桐燕强梅博豪婷佑玲栋龙兰敏新曦鸣宁阳妍"
_ENGLISH_FIRST = ("Emma", "Liam", "Olivia", "Noah", "Ava", "Lucas", "Mia", "Ethan", "Chloe", "Daniel", "Grace", "Ryan")
_ENGLISH_LAST = ("Smith", "Brown", "Taylor", "Wilson", "Clarke", "Walker", "Young", "Reed", "Tan", "Lim", "Carter")
_MOBILE = ("136", "137", "138", "139", "150", "158", "159", "182", "187", "188", "131", "186", "133", "189")


def chinese(lot: Random) -> str:
    given = lot.choice(_ONE) if lot.random() < 0.35 else lot.choice(_FIRST) + lot.choice(_SECOND)
    return lot.choice(_SURNAMES) + given


def english(lot: Random) -> str:
    return f"{lot.choice(_ENGLISH_FIRST)} {lot.choice(_ENGLISH_LAST)}"


def chinese_mobile(number: int) -> str:
    """As HR writes it, without +86; each number has its own."""
    return f"{_MOBILE[number % len(_MOBILE)]}{number:08d}"


def foreign_mobile(number: int) -> str:
    """US, UK, Singapore. The US one is of the range kept for fiction; the UK's such range no longer counts as valid."""
    return (f"+1202555{100 + number % 100:04d}", f"+447400{123000 + number}", f"+6581234{number:03d}")[number % 3]
