"""The command line of `visavis verify`."""

from __future__ import annotations

import argparse


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `visavis verify`."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("what", nargs="?", metavar="CONVERSATION|FILE", help="its id, or a file of `visavis export`")
    which.add_argument("--since", metavar="SEQ|TIME", help="all conversations with a fact since then")
    parser.add_argument("--brief", action="store_true", help="only what differs or is not recorded")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
