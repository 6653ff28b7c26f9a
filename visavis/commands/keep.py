"""The command lines of `visavis backup`, `restore` and `migrate`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bus.settings import Settings

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the commands that keep the log and move it."""
    backup = commands.add_parser("backup", help="write the whole log into one file, while Visavis runs")
    backup.add_argument("target", type=Path, metavar="FILE|FOLDER", help="in a folder, a file named after the time")
    backup.add_argument("--frames", action="store_true", help="also the drawn pictures of the last day")
    backup.add_argument("--check", action="store_true", help="write nothing: verify FILE, or the newest in FOLDER")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="put a backup in the place of the log, while Visavis is stopped")
    restore.add_argument("file", type=Path, help="that `visavis backup` wrote")
    restore.add_argument("--replace", action="store_true", help="also where there is a log already")
    restore.add_argument(
        "--resume", action="store_true", help="nothing happened since the backup: send what waited in channels"
    )
    restore.add_argument("--check", action="store_true", help="only verify the file")
    restore.set_defaults(run=_restore)
    migrate = commands.add_parser("migrate", help="move the embedded server's log to the server in the settings")
    migrate.add_argument("--replace", action="store_true", help="also where that has a log already, which is then gone")
    migrate.set_defaults(run=_migrate)


def _backup(arguments: argparse.Namespace, settings: Settings) -> int | Coroutine[Any, Any, int]:
    from visavis.keeping import backup

    target: Path = arguments.target
    if arguments.check:
        return backup.check(backup.newest_in(target) if target.is_dir() else target)
    return backup.backup(settings, target, frames=arguments.frames)


def _restore(arguments: argparse.Namespace, settings: Settings) -> int | Coroutine[Any, Any, int]:
    if arguments.check:
        from visavis.keeping.backup import check

        return check(arguments.file)
    from visavis.keeping.restore import restore

    return restore(settings, arguments.file, replace=arguments.replace, resume=arguments.resume)


def _migrate(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis.keeping.migrate import migrate

    return migrate(settings, replace=arguments.replace)
