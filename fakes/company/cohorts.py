"""Six cohorts, one for every way a date can stand: past, now, tomorrow, published, planned, unknown."""

from dataclasses import dataclass
from datetime import datetime

from fakes.company.sheets import ZONE, Cells, at, on

PAST, NOW, TOMORROW, PUBLISHED, PLANNED, UNKNOWN = (f"K{number}" for number in range(1, 7))

_OUTLINE = "|".join(
    (
        "第1天：公司介绍、入职手续、食品安全",
        "第2天：前厅服务与收银",
        "第3天：后厨操作与设备安全",
        "第4天：门店跟岗",
        "第5天：考核，认识你的门店",
    )
)
_BRING = "身份证原件和复印件|健康证|黑色防滑鞋|一寸照片两张|银行卡复印件"


@dataclass(frozen=True)
class _Place:
    city: str
    address: str
    lat: str
    lng: str


_SHANGHAI = _Place("上海", "上海市静安区江场三路76号2楼", "31.30720", "121.46330")
_BEIJING = _Place("北京", "北京市朝阳区建国路93号B座301", "39.90750", "116.47850")
_GUANGZHOU = _Place("广州", "广州市天河区体育东路140号5楼", "23.13390", "113.32710")


def rows(now: datetime) -> list[Cells]:
    return [
        _cohort(now, PAST, _SHANGHAI, "published", -20),
        _cohort(now, NOW, _BEIJING, "published", -1),
        _cohort(now, TOMORROW, _SHANGHAI, "published", 1),
        _cohort(now, PUBLISHED, _SHANGHAI, "published", 5),
        _cohort(now, PLANNED, _GUANGZHOU, "planned", 14, fixed_in=4),
        _cohort(now, UNKNOWN, _BEIJING, "unknown", None, fixed_in=6),
    ]


def _cohort(now: datetime, code: str, place: _Place, state: str, starts_in: int | None, fixed_in: int = 0) -> Cells:
    """Five days of training, the first of them so many days from now."""
    return {
        "code": code,
        "name": f"{place.city}店员班{now.astimezone(ZONE):%Y}年{code[1:]}期",
        "starts_at": "" if starts_in is None else at(now, starts_in),
        "ends_at": "" if starts_in is None else at(now, starts_in + 4, "17:30"),
        "place": f"暖记{place.city}培训中心",
        "address": place.address,
        "lat": place.lat,
        "lng": place.lng,
        "seats": "40",
        "outline": _OUTLINE,
        "bring": _BRING,
        "date_state": state,
        "date_by": on(now, fixed_in) if fixed_in else "",
        "timezone": "",
    }
