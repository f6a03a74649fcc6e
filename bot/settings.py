"""One deployment, as config.yaml and the environment describe it."""

import hashlib
import os
import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.errors import ContentError, Fault
from bot.platform import yaml_text
from bot.values.worktime import Extra, Periods, read_week

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_SHIPPED = Path(__file__).parent.parent  # where the flows and messages that come with keepwarm are
Network = IPv4Network | IPv6Network
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone: use a name like Asia/Shanghai")
    return name


def _country(code: str) -> str:
    if not re.fullmatch("[A-Z]{2}", code):
        raise ValueError(f"{code!r} is no country: use two capital letters like CN")
    return code


def _duration(text: Any) -> Any:
    found = re.fullmatch(r"(\d+)\s*([mhd])", str(text))
    if not found:
        raise ValueError(f"{text!r} is no duration: use a number with m, h or d, like 24h")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _web_address(url: str) -> str:
    if not re.match(r"https?://[^/?#]+", url) or "?" in url or "#" in url:
        raise ValueError(f"{url!r} should be an address like https://keepwarm.example.com")
    return url.rstrip("/")


def _link(url: str) -> str:
    if not re.match(r"https?://[^/?#\s]+\S*$", url):
        raise ValueError(f"{url!r} should be a link like https://v.example.com/first-day")
    return url


def _robot(url: str) -> str:
    """The address is itself a secret: no message repeats it."""
    if url and not re.match(r"https?://[^/?#\s]+\S*$", url):
        raise ValueError("should be the robot's webhook address, as its group shows it")
    return url


def _mail_server(url: str) -> str:
    if url and not re.match(r"smtps?://([^/?#@]+@)?[^/?#@]+$", url):
        raise ValueError("should be smtp://user:password@host:587 or smtps://user:password@host:465")
    return url


def _mail_sender(text: str) -> str:
    if text and not re.fullmatch(r"[^@<>\r\n]*<[^@<>\s]+@[^@<>\s]+>|[^@<>\s]+@[^@<>\s]+", text):
        raise ValueError(f"{text!r} should be an address, or a name with an address: Training <hr@example.com>")
    return text


def _database(url: str) -> str:
    if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://")):
        raise ValueError("should be sqlite:///FILE or postgresql://user:password@host/name")
    return re.sub("^postgres://", "postgresql://", url)


def _hours(text: Any) -> Any:
    found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", str(text))
    if not found or not 0 <= int(found[1]) < int(found[2]) <= 24:
        raise ValueError(f"{text!r} is no span of hours: use one like 9-21")
    return int(found[1]), int(found[2])


def _networks(value: Any) -> Any:
    """A list, or one text with commas, as the environment has it."""
    texts = re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else value
    return tuple(map(_network, texts))


def _network(text: Any) -> Network:
    try:
        found = ip_network(str(text))
    except ValueError:
        raise ValueError(f"{text!r} is no address and no network: use one like 127.0.0.1 or 10.0.0.0/8") from None
    if found.prefixlen == 0:
        raise ValueError(f"{text!r} is everybody, and anybody could say to come from anywhere: name your proxies")
    return found


def _week(text: Any) -> Any:
    return read_week(str(text)) if isinstance(text, str) else text


def _by_country(days: Any) -> Any:
    return {"": days} if isinstance(days, list | tuple) else days


def _country_or_none(code: str) -> str:
    return code and _country(code)


Week = Annotated[tuple[Periods, ...], BeforeValidator(_week)]
Hours = Annotated[tuple[int, int], BeforeValidator(_hours)]
Zone = Annotated[str, AfterValidator(_zone)]
Country = Annotated[str, AfterValidator(_country)]


def _each_once(codes: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise ValueError(f"names {', '.join(twice)} twice: each is asked once, in order")
    return codes


Days = Annotated[dict[Annotated[str, AfterValidator(_country_or_none)], tuple[date, ...]], BeforeValidator(_by_country)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Link = Annotated[str, AfterValidator(_link)]
RobotAddress = Annotated[str, AfterValidator(_robot)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
Locale = Literal["zh", "zh-Hant", "en"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Company(_Section):
    name: str
    name_en: str = ""
    country: Country = "CN"
    timezone: Zone = "Asia/Shanghai"
    locale: Locale = "zh"
    phone: str = ""
    helpline: str = ""
    film: Link = ""
    maps: Literal["amap", "google"] = "amap"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def called(self, locale: str) -> str:
        return self.name_en if locale == "en" and self.name_en else self.name


class Stages(_Section):
    road: tuple[str, ...] = ("interview_passed", "background_check", "training_notice", "onboarding_prep", "joined")
    ends: tuple[str, ...] = ("withdrawn", "rejected", "no_show")
    background_days: str = ""

    @property
    def all(self) -> tuple[str, ...]:
        return self.road + self.ends

    @property
    def open(self) -> tuple[str, ...]:
        """The stages in which people wait."""
        return self.road[:-1]

    @property
    def closed(self) -> tuple[str, ...]:
        """The stages after which nobody waits any more."""
        return (self.road[-1], *self.ends)


class Privacy(_Section):
    notice_version: str = "1"


class NamedDays(_Section):
    """Days beside those of the library: of the company's country, or by country."""

    extra: Days = {}


class Pushes(_Section):
    hours: Hours = (9, 21)
    a_day: int = Field(default=1, ge=1)
    a_week: int = Field(default=3, ge=1)
    hold_imports: bool = True
    holidays: Annotated[str, AfterValidator(_country)] = "CN"


class Risk(_Section):
    """From how many points on somebody is at medium or high risk; a level is left only `margin` points below."""

    medium: int = Field(default=30, ge=1)
    high: int = Field(default=60, ge=2)
    margin: int = Field(default=8, ge=0)


class Team(_Section):
    """What differs for those who report to one manager."""

    hours: Week | None = None
    holidays: Annotated[str, AfterValidator(_country)] | None = None
    timezone: Zone | None = None


class Hr(_Section):
    """Spans are working time, but for `answers_within` and `facts_after`."""

    answers_within: Duration = timedelta(hours=24)
    hours: Week = read_week("mon-fri 9:00-12:00 13:30-18:00")
    holidays: Annotated[str, AfterValidator(_country)] = "CN"
    claim_within: Duration = timedelta(minutes=30)
    first_answer: Duration = timedelta(hours=1)
    next_answer: Duration = timedelta(hours=2)
    resolve_within: Duration = timedelta(hours=24)
    facts_after: Duration = timedelta(minutes=10)
    hand_back_after: Duration = timedelta(hours=8)
    cases_a_day: int = Field(default=10, ge=1)
    digest_at: int = Field(default=9, ge=0, le=23)
    signed_in_for: Duration = timedelta(hours=12)
    risk: Risk = Risk()
    cohorts: dict[str, Risk] = {}
    teams: dict[str, Team] = {}
    nights: Annotated[tuple[str, ...], AfterValidator(_each_once)] = ()


class Binding(_Section):
    wrong_codes_an_hour: int = Field(default=5, ge=1)
    code_minutes: int = Field(default=10, ge=1)
    code_tries: int = Field(default=5, ge=1)
    codes_an_hour: int = Field(default=3, ge=1)


class Template(_Section):
    """A template of WeChat's: its id, and which value of bot.record.vocabulary fills which of its fields."""

    id: str
    fields: dict[str, str]


class Wechat(_Section):
    app_id: str = ""
    app_secret: str = ""
    token: str = ""
    aes_key: str = ""
    compatible: bool = False
    templates: dict[str, Template] = {}
    subscriptions: dict[str, Template] = {}
    a_second: int = Field(default=20, ge=1)
    person_a_minute: int = Field(default=20, ge=1)
    api_url: WebAddress = "https://api.weixin.qq.com"

    @property
    def on(self) -> bool:
        return bool(self.app_id and self.token)

    @property
    def aes_keys(self) -> tuple[str, ...]:
        """The current key first, then the previous one."""
        return tuple(key.strip() for key in self.aes_key.split(",") if key.strip())


class Sms(_Section):
    account_sid: str = ""
    auth_token: str = ""
    messaging_service_sid: str = ""
    sender: str = Field(default="", alias="from")
    api_url: WebAddress = "https://api.twilio.com"
    shared_keys: dict[str, str] = {}
    a_second: int = Field(default=1, ge=1)
    person_a_minute: int = Field(default=10, ge=1)
    china_templates: tuple[str, ...] = ("*",)
    prices: dict[str, Decimal] = {}

    @property
    def on(self) -> bool:
        return bool(self.account_sid and self.auth_token)


class Email(_Section):
    url: Annotated[str, AfterValidator(_mail_server)] = ""
    sender: Annotated[str, AfterValidator(_mail_sender)] = Field(default="", alias="from")
    a_second: int = Field(default=2, ge=1)

    @property
    def on(self) -> bool:
        return bool(self.url and self.sender)


class Wecom(_Section):
    """The application in WeCom through which staff are told, and speak."""

    corp_id: str = ""
    agent_id: int = 0
    secret: str = ""
    token: str = ""
    aes_key: str = ""
    a_second: int = Field(default=10, ge=1)
    person_a_minute: int = Field(default=25, ge=1)
    api_url: WebAddress = "https://qyapi.weixin.qq.com"

    @property
    def on(self) -> bool:
        return bool(self.corp_id and self.agent_id and self.secret)

    @property
    def hears(self) -> bool:
        """Whether what staff write there can be read."""
        return bool(self.corp_id and self.token and self.aes_key)

    @property
    def account(self) -> str:
        return f"{self.corp_id}:{self.agent_id}"

    @property
    def aes_keys(self) -> tuple[str, ...]:
        """The current key first, then the previous one."""
        return tuple(key.strip() for key in self.aes_key.split(",") if key.strip())


class WecomRobot(_Section):
    """A robot in one group; its address is its secret."""

    url: RobotAddress = ""
    a_minute: int = Field(default=18, ge=1)

    @property
    def on(self) -> bool:
        return bool(self.url)

    @property
    def account(self) -> str:
        """Names the robot without telling its address."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]


class DingtalkRobot(WecomRobot):
    """`keyword`: the word without which the robot takes nothing, where it is guarded so."""

    secret: str = ""
    keyword: str = ""


class FeishuRobot(DingtalkRobot):
    a_minute: int = Field(default=90, ge=1)


class Api(_Section):
    """`a_minute`: calls that one token may make. `private_hooks`: events may be posted inside our own network, and
    without TLS."""

    a_minute: int = Field(default=600, ge=2)
    private_hooks: bool = False


class Web(_Section):
    """`trusted_proxies`: who is believed in saying from where a visitor comes (X-Forwarded-For)."""

    trusted_proxies: Annotated[tuple[Network, ...], BeforeValidator(_networks)] = ()


class Reports(_Section):
    """`earlier_lost`: of a hundred people whom the company lost before, in percent."""

    earlier_lost: Decimal | None = Field(default=None, ge=0, le=100)


class Settings(_Section):
    company: Company
    public_url: WebAddress = "http://127.0.0.1:8080"
    database_url: DatabaseUrl = "sqlite:///var/keepwarm.db"
    redis_url: str = ""
    secret_key: str = ""
    data_key: str = ""
    var: Path = Path("var")
    flows: Path = _SHIPPED / "flows"
    messages: Path = _SHIPPED / "messages"
    faq: Path = _SHIPPED / "faq.yaml"
    stories: Path = _SHIPPED / "stories.yaml"
    stages: Stages = Stages()
    privacy: Privacy = Privacy()
    hr: Hr = Hr()
    pushes: Pushes = Pushes()
    holidays: NamedDays = NamedDays()
    workdays: NamedDays = NamedDays()
    binding: Binding = Binding()
    wechat: Wechat = Wechat()
    sms: Sms = Sms()
    email: Email = Email()
    wecom: Wecom = Wecom()
    wecom_robot: WecomRobot = WecomRobot()
    dingtalk: DingtalkRobot = DingtalkRobot()
    feishu: FeishuRobot = FeishuRobot()
    web: Web = Web()
    api: Api = Api()
    reports: Reports = Reports()

    def extra_days(self, country: str) -> Extra:
        """What is named for a country beside what is known of it."""
        own = ("",) if country == self.company.country else ()
        off, worked = (
            frozenset(day for name in (country, *own) for day in named.extra.get(name, ()))
            for named in (self.holidays, self.workdays)
        )
        return Extra(off, worked)


def path() -> Path:
    """The config file in force: KEEPWARM_CONFIG, else config.yaml here."""
    return Path(os.environ.get("KEEPWARM_CONFIG") or "config.yaml")


def load(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises ContentError with every fault of the file. Relative paths in it start at its own folder."""
    file = file or path()
    document = yaml_text.read(file)
    if document.faults:
        raise ContentError(document.faults)
    if not isinstance(document.data, dict):
        raise ContentError([Fault(str(file), 1, "is empty: it should have at least company: {name: …}")])
    data = _without_empty(_expand(document.data, environment))
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise ContentError([_fault(document, detail) for detail in error.errors()]) from None
    return _at_home(settings, file.resolve().parent)


def _expand(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _expand(item, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, environment) for item in value]
    return _VARIABLE.sub(lambda found: environment.get(found[1]) or found[2] or "", value)


def _without_empty(value: Any) -> Any:
    """An unset variable leaves the default in force."""
    if not isinstance(value, dict):
        return value
    return {key: _without_empty(item) for key, item in value.items() if item != ""}


def _fault(document: yaml_text.Document, detail: Any) -> Fault:
    where = tuple(str(part) for part in detail["loc"])
    what = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        what = "is no setting: see docs/operations.md for those there are"
    if detail["type"] == "missing":
        what = "is missing"
    return document.fault(where, f"{'.'.join(where)} {what}")


def _at_home(settings: Settings, home: Path) -> Settings:
    changed: dict[str, Any] = {
        name: home / getattr(settings, name) for name in ("var", "flows", "messages", "faq", "stories")
    }
    for name in ("faq", "stories"):
        if name not in settings.model_fields_set and (home / f"{name}.yaml").exists():
            changed[name] = home / f"{name}.yaml"
    if settings.database_url.startswith("sqlite:///") and not settings.database_url.startswith("sqlite:////"):
        changed["database_url"] = f"sqlite:///{home / settings.database_url.removeprefix('sqlite:///')}"
    return settings.model_copy(update=changed)
