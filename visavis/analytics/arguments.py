"""The arguments of `visavis analytics`."""

from __future__ import annotations

import argparse

from projections.analytics.names import DEFAULT_SINCE, QUESTION_NAMES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the acts and their options to the parser of the command."""
    parser.set_defaults(act="all", since=DEFAULT_SINCE, format="table", no_color=False)
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
        act.add_argument("--no-color", action="store_true", help="plain text")
        act.set_defaults(format="table")
    for act in asked:
        act.add_argument("--since", default=DEFAULT_SINCE, metavar="TIME", help="7d, 36h, 4w or 2026-11-22 (UTC)")
    status = acts.add_parser("status", help="how far the tables go, and how far behind the log that is")
    status.add_argument("--json", dest="format", action="store_const", const="json", help="as JSON")
    acts.add_parser("page", help="the address of the page with the charts, with the operator's key")
    acts.add_parser("rebuild", help="make the tables anew from the log")
