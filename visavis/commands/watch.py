"""The command lines of `visavis top` and `visavis traces`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from bus.settings import Settings
from projections.moment import TIME_FORMS, parse_time
from visavis.commands.values import add_no_color, checked, use_color

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the commands that watch the system work."""
    top = commands.add_parser("top", help="a live view of services, queues, turns in flight and latencies")
    top.add_argument("--once", action="store_true", help="print one picture and end")
    top.add_argument("--json", action="store_true", help="one JSON object a second, or one with --once")
    add_no_color(top)
    top.set_defaults(run=_top)
    traces = commands.add_parser("traces", help="send the spans of turns to an OpenTelemetry collector")
    traces.add_argument("--export", choices=("otlp",), default="otlp", help="how; default otlp, over HTTP")
    traces.add_argument("--endpoint", metavar="URL", help="of the collector; default: VISAVIS_OTLP")
    since = f"also turns since a time such as {TIME_FORMS}; default: go on where the last run ended"
    traces.add_argument("--since", type=checked(parse_time, "time"), metavar="TIME", help=since)
    traces.add_argument("--no-follow", action="store_true", help="end with the newest event")
    traces.set_defaults(run=_traces)


def _top(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    from visavis.watch.top import top

    return top(settings, once=arguments.once, as_json=arguments.json, color=use_color(arguments))


def _traces(arguments: argparse.Namespace, settings: Settings) -> int:
    from projections.tracing.__main__ import run

    return run(settings, endpoint=arguments.endpoint, since=arguments.since, follow=not arguments.no_follow)
