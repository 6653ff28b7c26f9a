"""The command lines of `visavis channels` and `visavis note`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bus.settings import Settings
from visavis.commands.values import add_no_color, seconds, use_color

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the commands on messages to and from the system."""
    channels = commands.add_parser("channels", help="list the channels, or check those that are on")
    channels.set_defaults(run=_channels, act="list", json=False)
    acts = channels.add_subparsers(dest="act", metavar="ACT")
    listed = acts.add_parser("list", help="whether each is on, and the setting for it; what `visavis channels` does")
    listed.add_argument("--json", action="store_true", help="as a JSON array")
    add_no_color(acts.add_parser("check", help="whether those that are on work, and what to do next"))
    note = commands.add_parser("note", help="say something to the running system, and get its answer as a file")
    said = note.add_mutually_exclusive_group(required=True)
    said.add_argument("recording", nargs="?", type=Path, help="Ogg, WAV, MP3, M4A or another file with a voice")
    said.add_argument("--text", help="words or a command such as /new, in place of a recording")
    note.add_argument("-o", "--output", type=Path, metavar="FILE", help="where the answer's recording goes")
    note.add_argument("--limit", type=seconds, default=120.0, metavar="SECONDS", help="longest wait; default 120")
    note.set_defaults(run=_note)


def _channels(arguments: argparse.Namespace, settings: Settings) -> int | Coroutine[Any, Any, int]:
    from visavis import channels

    if arguments.act == "check":
        return channels.check(settings, color=use_color(arguments))
    return channels.show_list(settings, as_json=arguments.json)


def _note(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis.notes import note

    return note(settings, arguments.recording, text=arguments.text, output=arguments.output, limit=arguments.limit)
