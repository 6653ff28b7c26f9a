"""The channels that can be configured, and those that are: a new channel is a row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bus.errors import ConfigurationError
from bus.settings import PREFIX, Settings
from services.channels.channel import Channel
from services.channels.folder import Folder, folder_of


@dataclass(frozen=True)
class ChannelOption:
    """One row of the table of channels."""

    name: str
    setting: str
    """The variable that switches it on, or off."""
    switch_on: str
    """What to do to switch it on, as an imperative."""
    is_configured: Callable[[Settings], bool]
    build: Callable[[Settings], Channel]
    """Raises ConfigurationError: a setting is missing or wrong. Reaches no network."""
    has_network: bool = True
    """It depends on a company's servers and on what the operator configured for it."""
    needs_port: Callable[[Settings], bool] = lambda settings: False
    """Whether it is sent updates by webhook."""


def _telegram(settings: Settings) -> Channel:
    # Its client library takes seconds to import.
    from services.channels.telegram import Telegram

    return Telegram(settings)


def _whatsapp(settings: Settings) -> Channel:
    from services.channels.whatsapp.adapter import WhatsApp

    return WhatsApp(settings)


def _folder(settings: Settings) -> Channel:
    folder = folder_of(settings)
    assert folder is not None
    return Folder(folder)


CHANNELS: tuple[ChannelOption, ...] = (
    ChannelOption(
        "telegram",
        f"{PREFIX}TELEGRAM_TOKEN",
        f"set {PREFIX}TELEGRAM_TOKEN to the token of a bot",
        lambda settings: bool(settings.telegram_token),
        _telegram,
        needs_port=lambda settings: bool(settings.telegram_webhook),
    ),
    ChannelOption(
        "whatsapp",
        f"{PREFIX}WHATSAPP_TOKEN",
        f"set {PREFIX}WHATSAPP_TOKEN and the other settings of that name",
        lambda settings: bool(settings.whatsapp_token),
        _whatsapp,
        needs_port=lambda settings: True,
    ),
    ChannelOption(
        "folder",
        f"{PREFIX}NOTES_FOLDER",
        f"unset {PREFIX}NOTES_FOLDER",
        lambda settings: folder_of(settings) is not None,
        _folder,
        has_network=False,
    ),
)


def configured(settings: Settings, table: tuple[ChannelOption, ...] = CHANNELS) -> list[ChannelOption]:
    """The rows of the channels that are switched on."""
    return [option for option in table if option.is_configured(settings)]


def build_channels(settings: Settings, table: tuple[ChannelOption, ...] = CHANNELS) -> list[Channel]:
    """The channels that are configured.

    Raises:
        ConfigurationError: one of them lacks a setting, or would be sent webhooks and there is no port for them.
    """
    options = configured(settings, table)
    for option in options:
        if option.needs_port(settings) and not settings.channels_port:
            raise ConfigurationError(
                f"{option.name} sends webhooks, and {PREFIX}CHANNELS_PORT=0 leaves no port for them; set one"
            )
    return [option.build(settings) for option in options]
