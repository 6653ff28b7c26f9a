"""The arguments of `visavis top` and `visavis traces`."""

from __future__ import annotations

import argparse

from projections.moments import TIMES, time_argument


def add_top(parser: argparse.ArgumentParser) -> None:
    """Add those of `visavis top`."""
    parser.add_argument("--once", action="store_true", help="print one picture and end")
    parser.add_argument("--json", action="store_true", help="one JSON object a second, or one with --once")
    parser.add_argument("--no-color", action="store_true", help="plain text")


def add_traces(parser: argparse.ArgumentParser) -> None:
    """Add those of `visavis traces`."""
    parser.add_argument("--export", choices=("otlp",), default="otlp", help="how; default otlp, over HTTP")
    parser.add_argument("--endpoint", metavar="URL", help="of the collector; default: VISAVIS_OTLP")
    time = f"also turns since {TIMES}; default: go on where the last run ended"
    parser.add_argument("--since", type=time_argument, metavar="TIME", help=time)
    parser.add_argument("--no-follow", action="store_true", help="end with the newest event")
