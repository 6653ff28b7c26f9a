"""Telegram, through a bot."""

from services.channels.telegram.adapter import Telegram

__all__ = ["Telegram"]
