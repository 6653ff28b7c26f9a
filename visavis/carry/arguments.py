"""The command lines of `visavis export` and `visavis import`."""

from __future__ import annotations

import argparse
from pathlib import Path

FORMS = ("visavis", "mp4", "vtt", "md", "jsonl")


def add_export(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `visavis export`."""
    parser.add_argument("conversation", help="its id; or a file that `visavis export` wrote")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="a file of that form")
    parser.add_argument(
        "--format", choices=FORMS, help="visavis: for `visavis import`; mp4: a video; vtt: captions; md: to read; "
        "jsonl: the facts; default: by the file's suffix",
    )  # fmt: skip
    parser.add_argument(
        "--redact", choices=["words"], help="make words unreadable and both voices silent, for a bug report"
    )
    parser.add_argument("--skip-silences", action="store_true", help="shorten the waits of a video")


def add_import(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `visavis import`."""
    parser.add_argument("file", type=Path, help="that `visavis export` wrote")
    parser.add_argument("--as", dest="as_id", metavar="ID", help="its id here; default: as it was, if free")
    parser.add_argument("--for", dest="person", metavar="PERSON", help="whose it will be; default: the operator's only")
