"""The fixed cast of the tests: one candidate a situation, imported from spreadsheets like any other company's.

Everything lies around tests.conftest.NOW (Monday 2026-11-23, 10:00 in Shanghai).
"""

from datetime import datetime
from pathlib import Path

from bot.imports import run as importing
from bot.settings import Settings
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database

_STAFF = """code,name,role,email,phone,manager
HR1,钱多,recruiter,hr1@example.com,,
"""
_STORES = """code,name,city,address,lat,lng,openings,manager,phone
S1,人民广场店,上海,南京西路1号,31.23,121.47,3,周店长,021-61234567
S2,五角场店,上海,淞沪路77号,,,,,
SH902,临港店,上海,环湖西一路88号,30.90,121.93,6,沈晓燕,
GZ1,天河店,广州,天河路208号,23.13,113.32,2,,020-38331234
XA1,钟楼店,西安,,,,,,
"""
_COHORTS = """code,name,starts_at,ends_at,place,address,lat,lng,seats,outline,bring,date_state,date_by,timezone
PUB,十二月一期,2026-12-01 09:00,2026-12-03 18:00,上海培训中心,静安区江场三路76号,31.2886,121.4417,30,公司介绍|食品安全|门店跟岗,身份证|健康证,published,,
PLANBY,十二月二期,2026-12-07 09:00,2026-12-11 17:30,上海培训中心,静安区江场三路76号,,,30,公司介绍,身份证,planned,2026-11-27,
PLAN,十二月三期,2026-12-14 09:00,,,,,,30,,,planned,,
UNKBY,一月一期,,,,,,,30,,,unknown,2026-12-05,
UNK,一月二期,,,,,,,30,,,unknown,,
TOM,明天,2026-11-24 09:00,2026-11-26 18:00,上海培训中心,静安区江场三路76号,31.2886,121.4417,30,公司介绍,身份证,published,,
TODAY,今天,2026-11-23 14:00,2026-11-25 18:00,上海培训中心,静安区江场三路76号,31.2886,121.4417,30,公司介绍,身份证,published,,
DURING,正在,2026-11-21 09:00,2026-11-25 18:00,上海培训中心,静安区江场三路76号,,,30,公司介绍,身份证,published,,
OVER,过了,2026-11-10 09:00,2026-11-12 18:00,上海培训中心,静安区江场三路76号,,,30,公司介绍,身份证,published,,
NY,纽约,2026-12-01 09:00,2026-12-03 17:00,Times Square,1 Broadway,,,30,Service,ID,published,,America/New_York
NOADDR,只有地方,2026-12-08 09:00,2026-12-09 18:00,浦东培训点,,,,20,公司介绍,身份证,published,,
BARE,什么都没写,2026-12-08 09:00,,,,,,,,,published,,
"""
_HEAD = (
    "code,name,phone,locale,timezone,stage,stage_at,cohort,store,owner,invite,interview_passed_at,"
    "position,offer,offer_until,home_lat,home_lng\n"
)
# What only some of the cast have: position, offer, its last day, and where they live.
_MORE = {
    "PUB": "前厅,门店服务员 5000 元,2026-12-31,31.10,121.23",
    "PLANBY": "后厨,后厨 5500 元,2026-11-01,,",
    "UNKBY": "前厅,门店服务员,,,",
    "GRACE": "前厅,Crew member,2026-12-31,31.22,121.45",
    "TRAINEE": "储备店长,储备店长 7000 元,2026-12-31,,",
    "LINGANG": "前厅,门店服务员 5000 元,2026-12-31,31.23,121.47",
    "CANTON": "前厅,门店服务员 4500 元,2026-12-31,,",
    "XIAN": "后厨,后厨 4300 元,2026-12-31,,",
}
_PASSED = "2026-11-10 15:00"


def _at(stage: str) -> str:
    return _PASSED if stage == "interview_passed" else "2026-11-12 10:00"


CANDIDATES = _HEAD + "\n".join(
    f"{code},{name},{phone},{locale},{zone},{stage},{_at(stage)},{cohort},{store},{owner},{invite},{_PASSED},"
    f"{_MORE.get(code, ',,,,')}"
    for code, name, phone, locale, zone, stage, cohort, store, owner, invite in (
        ("PUB", "王芳", "13800000001", "zh", "", "training_notice", "PUB", "S1", "HR1", "WANGFANG1"),
        ("PLANBY", "李强", "13800000002", "zh", "", "background_check", "PLANBY", "S1", "HR1", "LIQIANG22"),
        ("PLAN", "陈静", "13800000003", "zh", "", "background_check", "PLAN", "", "", "CHENJING3"),
        ("UNKBY", "刘洋", "13800000004", "zh", "", "background_check", "UNKBY", "", "HR1", "LIUYANG44"),
        ("UNK", "赵敏", "13800000005", "zh", "", "training_notice", "UNK", "", "", "ZHAOMIN55"),
        ("NONE", "孙磊", "13800000006", "zh", "", "interview_passed", "", "", "", "SUNLEI666"),
        ("TOM", "周婷", "13800000007", "zh", "", "training_notice", "TOM", "S1", "HR1", "ZHOUTING7"),
        ("TODAY", "吴俊", "13800000008", "zh", "", "training_notice", "TODAY", "S1", "HR1", "WUJUN8888"),
        ("DURING", "郑雅", "13800000009", "zh", "", "training_notice", "DURING", "S1", "HR1", "ZHENGYA99"),
        ("OVER", "冯涛", "13800000010", "zh", "", "onboarding_prep", "OVER", "S1", "HR1", "FENGTAO10"),
        ("WITHDRAWN", "许欣", "13800000011", "zh", "", "withdrawn", "PUB", "S1", "HR1", "XUXIN1111"),
        ("REJECTED", "何伟", "13800000012", "zh", "", "rejected", "", "", "HR1", "HEWEI1212"),
        ("NOSHOW", "马超", "13800000013", "zh", "", "no_show", "OVER", "S1", "HR1", "MACHAO133"),
        ("JOINED", "高琳", "13800000014", "zh", "", "joined", "OVER", "S1", "HR1", "GAOLIN144"),
        ("NOPHONE", "许浩", "", "zh", "", "training_notice", "PUB", "S1", "HR1", "XUHAO1515"),
        ("GRACE", "Grace Miller", "+12025550143", "en", "America/New_York", "training_notice", "NY", "S1", "HR1", "GRACE1616"),
        ("HK", "陳大文", "+85291234567", "zh-Hant", "Asia/Hong_Kong", "training_notice", "PUB", "S1", "HR1", "CHANTAI17"),
        ("NOADDR", "林晓", "13800000018", "zh", "", "training_notice", "NOADDR", "S2", "HR1", "LINXIAO18"),
        ("BARE", "罗杰", "13800000019", "zh", "", "training_notice", "BARE", "", "", "LUOJIE199"),
        ("PREP", "唐雨", "13800000020", "zh", "", "onboarding_prep", "OVER", "", "HR1", "TANGYU200"),
        ("CHECK", "白雪", "13800000021", "zh", "", "background_check", "", "", "HR1", "BAIXUE211"),
        ("TRAINED", "韩梅", "13800000022", "zh", "", "training_notice", "OVER", "S1", "HR1", "HANMEI222"),
        ("TRAINEE", "梁宇", "13800000023", "zh", "", "training_notice", "PUB", "XA1", "HR1", "LIANGYU23"),
        ("LINGANG", "宋佳", "13800000024", "zh", "", "training_notice", "PUB", "SH902", "HR1", "SONGJIA24"),
        ("CANTON", "邓超群", "13800000025", "zh", "", "training_notice", "PUB", "GZ1", "HR1", "DENGCHAO2"),
        ("XIAN", "秦岭", "13800000026", "zh", "", "background_check", "UNK", "XA1", "", "QINLING26"),
    )
)  # fmt: skip


def enter(folder: Path, settings: Settings, database: Database, cipher: Cipher, now: datetime) -> None:
    """Imports the cast."""
    sheets = {"staff": _STAFF, "stores": _STORES, "cohorts": _COHORTS, "candidates": CANDIDATES}
    for what, text in sheets.items():
        file = folder / f"{what}.csv"
        file.write_text(text, encoding="utf-8")
        report = importing.run(importing.ImportJob(what, file, settings, database, cipher, now, "cli:test"))
        assert report.bad == 0, report.faults
