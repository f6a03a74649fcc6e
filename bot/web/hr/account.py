"""`/hr/me`: a person's own affairs: language, password, sessions, absence, and how alerts reach them."""

from datetime import UTC
from typing import Any

from sqlalchemy.engine import Connection

from bot.alerts.recipients import CHOSEN
from bot.staff import passwords, permissions
from bot.store import sessions, sign_in_limits, staff_members
from bot.web.hr import form_dates
from bot.web.hr.i18n import SPOKEN
from bot.web.hr.request import Denied, Page, Redirect, Reply, StaffRequest, Unfit
from bot.web.hr.sign_in import fault_of

HERE = "/hr/me"
_IDLE_PART = 3
_OWN = "own password"  # where a wrong present password counts: an open session is no place to guess it
_LONGEST_PLACE = 3  # digits


def show(visit: StaffRequest) -> Reply:
    return _page(visit, {"flash": visit.wish("done")})


def language(visit: StaffRequest) -> Reply:
    """Theirs from now on, everywhere; back to where they were."""
    locale, back = visit.said("locale"), visit.said("back")
    if locale in SPOKEN:
        _change(visit, locale=locale)
    return Redirect(back if back.startswith("/hr") and "\\" not in back and back.isprintable() else HERE)


def password(visit: StaffRequest) -> Reply:
    """Every other browser of theirs is signed out."""
    old, new, again = (visit.asked.form.get(name, "") for name in ("old", "new", "again"))
    fault = fault_of(new, again)
    if fault or not old:
        return _page(visit, {"fault": fault or "wrong"}, 400)
    tried = sign_in_limits.keys_of_browser(visit.cipher, visit.staff.code, _OWN)
    rows = visit.write(lambda connection: sign_in_limits.count(connection, tried, visit.now))
    if visit.read(lambda connection: sign_in_limits.too_many(connection, tried, visit.now)):
        visit.write(lambda connection: sign_in_limits.take_back(connection, rows))
        return _page(visit, {"fault": "many"}, 403)
    try:
        kept = passwords.KNOWN.submit(_hashed, old[: passwords.LONGEST], visit.staff.password, new).result()
    except passwords.Busy:
        visit.write(lambda connection: sign_in_limits.take_back(connection, rows))
        return _page(visit, {"fault": "busy"}, 503)
    if not kept:
        return _page(visit, {"fault": "wrong"}, 400)

    def keep(connection: Connection) -> str:
        if not staff_members.set_password(connection, visit.staff.code, visit.staff.password, kept, visit.now):
            raise Denied("password", hidden=False)
        sign_in_limits.forgive(connection, tried)
        visit.note(connection, "password.set", visit.staff.code)
        return _anew(connection, visit)

    return Redirect(f"{HERE}?done=saved", visit.write(keep))


def _hashed(old: str, was: str | None, new: str) -> str:
    """The new password as it is kept, or "" where the old one is wrong."""
    return passwords.hashed(new) if passwords.fits(old, was) else ""


def sign_out(visit: StaffRequest) -> Reply:
    visit.write(lambda connection: sessions.end(connection, visit.session.id, visit.staff.code))
    return Redirect("/hr/sign-in", "")


def sign_out_one(visit: StaffRequest) -> Reply:
    number = visit.number()
    visit.write(lambda connection: sessions.end(connection, number, visit.staff.code))
    return Redirect(f"{HERE}?done=signed_out")


def sign_out_others(visit: StaffRequest) -> Reply:
    """Everywhere, and in again here."""
    return Redirect(f"{HERE}?done=signed_out", visit.write(lambda connection: _anew(connection, visit)))


def absence(visit: StaffRequest) -> Reply:
    """Away until a day, with a deputy; an empty day: back."""
    until = form_dates.moment(visit.said("until"), visit.speech.zone) if visit.said("until") else None
    deputy = visit.said("deputy") or None
    if deputy is not None and deputy not in visit.read(lambda connection: _deputies(connection, visit)):
        return _page(visit, {"absence": "nobody"}, 400)
    if visit.said("until") and (until is None or until <= visit.now):
        return _page(visit, {"absence": "past"}, 400)
    _change(visit, away_until=until.astimezone(UTC) if until else None, deputy=deputy)
    return Redirect(f"{HERE}?done=saved")


def alerts(visit: StaffRequest) -> Reply:
    """By their numbers on the form; a road without a number is not wanted."""
    places = {road: place for road in CHOSEN if (place := visit.said(f"place_{road}"))}
    if not all(place.isascii() and place.isdigit() and len(place) <= _LONGEST_PLACE for place in places.values()):
        raise Unfit("place")
    wanted = sorted(places, key=lambda road: int(places[road]))
    _change(visit, alerts=wanted)
    return Redirect(f"{HERE}?done=saved")


def _deputies(connection: Connection, visit: StaffRequest) -> dict[str, str]:
    """By code, who could stand in: whoever works on cases."""
    everybody = staff_members.everybody(connection, visit.cipher)
    return {
        one.code: one.name for one in everybody if permissions.may(one.role, "work") and one.code != visit.staff.code
    }


def _change(visit: StaffRequest, **columns: Any) -> None:
    def keep(connection: Connection) -> None:
        staff_members.change(connection, visit.staff.code, visit.now, **columns)
        visit.note(connection, "staff.self", visit.staff.code, changed=sorted(columns))

    visit.write(keep)


def _anew(connection: Connection, visit: StaffRequest) -> str:
    """All sessions end; gives the token of a new one for this browser."""
    sessions.end_all(connection, visit.staff.code, visit.now)
    lasts = visit.desk.house.settings.hr.signed_in_for
    return sessions.begin(connection, visit.cipher, visit.staff.code, visit.asked.device, lasts, visit.now)


def _page(visit: StaffRequest, extra: dict[str, Any], status: int = 200) -> Page:
    idle = visit.desk.house.settings.hr.signed_in_for / _IDLE_PART

    def look(connection: Connection) -> dict[str, Any]:
        return {
            "sessions": sessions.of(connection, visit.staff.code, idle, visit.now),
            "deputies": _deputies(connection, visit),
        }

    own = {"this": visit.session.id, "roads": CHOSEN, "fault": "", "absence": "", "flash": ""}
    return Page("hr/me.html", own | visit.read(look) | extra, status)
