"""The command line of `visavis analytics`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bus.settings import Settings
from projections.analytics.names import DEFAULT_SINCE, QUESTION_NAMES
from projections.moment import TIME_FORMS, parse_time
from visavis.commands.values import add_no_color, checked, use_color

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the command with its acts."""
    parser = commands.add_parser("analytics", help="turns, latencies, failures, engines, cost; and SQL on them")
    parser.set_defaults(run=_run)
    parser.set_defaults(act="all", since=None, format="table", no_color=False)
    acts = parser.add_subparsers(dest="act", metavar="ACT")
    asked: list[argparse.ArgumentParser] = []
    every = acts.add_parser("all", help="all ready questions; what `visavis analytics` does")
    asked.append(every)
    for name, title in QUESTION_NAMES.items():
        asked.append(acts.add_parser(name, help=title))
    sql = acts.add_parser("sql", help="the answer to a SELECT of one's own; docs/analytics.md lists the tables")
    sql.add_argument("query", help="the SELECT, in DuckDB's SQL")
    for act in (*asked, sql):
        form = act.add_mutually_exclusive_group()
        form.add_argument("--json", dest="format", action="store_const", const="json", help="as JSON")
        form.add_argument("--csv", dest="format", action="store_const", const="csv", help="as CSV")
        add_no_color(act)
        act.set_defaults(format="table")
    for act in asked:
        since = f"a time such as {TIME_FORMS}; default {DEFAULT_SINCE}"
        act.add_argument("--since", type=checked(parse_time, "time"), metavar="TIME", help=since)
    status = acts.add_parser("status", help="how far the tables go, and how far behind the log that is")
    status.add_argument("--json", dest="format", action="store_const", const="json", help="as JSON")
    acts.add_parser("page", help="the address of the page with the charts, with the operator's key")
    acts.add_parser("rebuild", help="make the tables anew from the log")


def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.analytics.command import run

    return run(arguments, settings, color=use_color(arguments))
