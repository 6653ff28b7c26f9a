"""The command lines of `visavis up`, `doctor`, `cluster` and `streams`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bus.settings import Settings
from visavis.commands.values import add_no_color, use_color

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the commands that start, check and prepare the system."""
    up = commands.add_parser("up", help="start everything on this machine and keep it running until Ctrl-C")
    up.set_defaults(run=_up)
    doctor = commands.add_parser("doctor", help="check what is installed, which engines run, what stops `visavis up`")
    add_no_color(doctor)
    doctor.set_defaults(run=_doctor)
    cluster = commands.add_parser("cluster", help="three NATS nodes on this machine, with users, until Ctrl-C")
    passwords = "only make a file of new passwords for users; -: print them"
    cluster.add_argument("--passwords", type=Path, metavar="FILE", help=passwords)
    cluster.set_defaults(run=_cluster)
    streams = commands.add_parser("streams", help="create or update the streams and the built-in characters")
    streams.add_argument("--check", action="store_true", help="only compare the copies of the nodes of a cluster")
    add_no_color(streams)
    streams.set_defaults(run=_streams)


async def _up(arguments: argparse.Namespace, settings: Settings) -> int:
    from bus.process.logging_setup import set_up_logging
    from visavis.up import run

    set_up_logging(settings.log_level)
    await run(settings)
    return 0


def _doctor(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis.doctor import doctor

    return doctor(settings, color=use_color(arguments))


async def _cluster(arguments: argparse.Namespace, settings: Settings) -> int:
    from bus.log.passwords import new_passwords, write_passwords
    from bus.process.logging_setup import set_up_logging
    from visavis.cluster import run

    if arguments.passwords == Path("-"):
        print(new_passwords(), end="")
        return 0
    if arguments.passwords:
        write_passwords(arguments.passwords)
        return 0
    set_up_logging(settings.log_level)
    await run(settings)
    return 0


def _streams(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis.streams import check_streams, update_streams

    return check_streams(settings, color=use_color(arguments)) if arguments.check else update_streams(settings)
