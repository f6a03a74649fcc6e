"""The HR people: recruiters under managers, trainers, a store, and who runs keepwarm."""

from datetime import datetime

from fakes.company.sheets import Cells, on

RECRUITERS = ("hr-lin", "hr-zhao", "hr-qian", "hr-sun")

# code, name, role, manager, scope, deputy
_PEOPLE = (
    ("hr-lin", "林晓", "recruiter", "mg-he", "上海", "hr-zhao"),
    ("hr-zhao", "赵敏", "recruiter", "mg-he", "上海", "hr-lin"),
    ("hr-qian", "钱多", "recruiter", "mg-gao", "北京", "hr-sun"),
    ("hr-sun", "孙悦", "recruiter", "mg-gao", "广州", "hr-qian"),
    ("mg-he", "何静", "manager", "ad-wu", "华东", "mg-gao"),
    ("mg-gao", "高翔", "manager", "ad-wu", "华北、华南", "mg-he"),
    ("tr-xu", "徐老师", "trainer", "mg-he", "上海", ""),
    ("tr-ma", "马老师", "trainer", "mg-gao", "北京", ""),
    ("st-shen", "沈晓燕", "store", "mg-he", "SH902", ""),
    ("ad-wu", "吴磊", "admin", "", "", ""),
)


def rows(now: datetime) -> list[Cells]:
    return [_person(number, now, *person) for number, person in enumerate(_PEOPLE)]


def _person(
    number: int, now: datetime, code: str, name: str, role: str, manager: str, scope: str, deputy: str
) -> Cells:
    return {
        "code": code,
        "name": name,
        "role": role,
        "email": f"{code}@nuanji.example",
        "phone": f"1390001{number:04d}",
        "wecom": code.replace("-", "."),
        "dingtalk": "",
        "feishu": "",
        "manager": manager,
        "scope": scope,
        "deputy": deputy,
        "away_until": on(now, 3) if code == "hr-sun" else "",
    }
