"""Hooks: where events are posted to."""

from sqlalchemy.engine import Connection

from bot.store import hooks
from bot.web.api.models import Hook, HookMade, Hooks
from bot.web.api.problems import not_found, unfit
from bot.web.api.types import ApiAnswer, ApiCall
from bot.webhooks_out.addresses import Forbidden, require_usable


def index(call: ApiCall) -> ApiAnswer:
    return ApiAnswer(Hooks(items=[_hook(line) for line in call.database.read(hooks.listed)]))


def put(call: ApiCall) -> ApiAnswer:
    """One hook an address. Putting it again sets its kinds, and starts one that has stopped; its secret stays."""
    url, kinds = call.body.url, sorted(set(call.body.kinds))
    try:
        require_usable(url, call.house.settings.api.private_hooks)
    except Forbidden as error:
        raise unfit([("url", str(error))]) from None

    def kept(connection: Connection) -> tuple[hooks.HookLine, str]:
        number, secret = hooks.put(connection, call.house.cipher, url, kinds, call.now)
        call.note(connection, str(number), {"kinds": kinds, "outcome": "created" if secret else "updated"})
        return hooks.line(connection, number), secret

    line, secret = call.database.write(kept)
    if secret:
        return ApiAnswer(HookMade(**_hook(line).model_dump(), secret=secret), 201, str(line.id))
    return ApiAnswer(_hook(line), target=str(line.id))


def delete(call: ApiCall) -> ApiAnswer:
    def gone(connection: Connection) -> None:
        if not hooks.delete(connection, call.number):
            raise not_found(f"hook {call.number}")
        call.note(connection, str(call.number))

    call.database.write(gone)
    return ApiAnswer(None, 204, str(call.number))


def _hook(line: hooks.HookLine) -> Hook:
    return Hook.model_validate({name: getattr(line, name) for name in Hook.model_fields})
