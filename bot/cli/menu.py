"""`keepwarm menu`: the buttons below the WeChat chat."""

import typer

from bot import content
from bot.channels.wechat.sender import WechatApi
from bot.channels.wechat.tokens import SharedTokens
from bot.cli.session import actor, opened
from bot.content import Content
from bot.errors import ConfigError, DeliveryError
from bot.platform import clock
from bot.settings import Settings
from bot.store import audit


def menu() -> None:
    """Put the menu of messages/<locale>/menu.yaml into the WeChat account, in place of the one it has."""
    with opened() as (settings, database, _):
        count, who = put(settings), actor()
        database.write(
            lambda connection: audit.record(connection, who, "wechat.menu", None, clock.now(), {"buttons": count})
        )
    typer.echo(f"{count} buttons")


def put(settings: Settings, loaded: Content | None = None) -> int:
    """Gives the number of buttons; `loaded`: the content, if it is read already. Raises ConfigError where WeChat does
    not take them."""
    if not settings.wechat.app_secret:
        raise ConfigError("a menu needs a WeChat account: set WECHAT_APP_ID and WECHAT_APP_SECRET")
    words = (loaded or content.load(settings)).words[settings.company.locale]
    buttons = {name: {words.about[intent]: intent for intent in intents} for name, intents in words.menu.items()}
    try:
        WechatApi(settings.wechat, SharedTokens(None, settings.wechat.app_id)).put_menu(buttons)
    except DeliveryError as error:
        raise ConfigError(f"WeChat did not take the menu: {error}") from None
    return len(buttons)
