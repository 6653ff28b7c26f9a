"""The command line of `visavis rerun` and `visavis truth`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bus.errors import VisavisError
from bus.subjects import token
from projections.moments import TIMES, time_argument

if TYPE_CHECKING:
    from visavis.rerun.rerun import Wanted

T = TypeVar("T")

KEPT = ("stt", "dialogue", "tts")


def add_rerun(parser: argparse.ArgumentParser, run: object) -> None:
    """The arguments of `visavis rerun`.

    Args:
        run: carries them out.
    """
    parser.set_defaults(run=run, usage_error=parser.error)
    parser.add_argument("conversations", nargs="*", type=_checked(_conversation), metavar="CONVERSATION")
    parser.add_argument("--since", type=time_argument, metavar="TIME", help=f"all with words since {TIMES}")
    parser.add_argument("--until", type=time_argument, metavar="TIME", help="with --since: not later than this")
    parser.add_argument(
        "--with", dest="engines", action="append", default=[], metavar="SERVICE=ENGINE[:MODEL]",
        help="e.g. stt=whisper:small, tts=kokoro, dialogue=companion, render=layered; others are as configured",
    )  # fmt: skip
    parser.add_argument(
        "--keep", action="append", default=[], choices=KEPT,
        help="take what was recorded: transcripts, replies; of tts, no speech is made",
    )  # fmt: skip
    parser.add_argument("--real-time", action="store_true", help="at the pace of speech, for latencies of recognisers")
    parser.add_argument("--parallel", type=_checked(_count), default=1, metavar="N", help="conversations at once")
    parser.add_argument("--tools", action="store_true", help="let the language model call tools, with their effects")
    parser.add_argument("--no-write", action="store_true", help="write no copy to the log")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as a page with both sounds")
    parser.add_argument(
        "--fail-if", action="append", default=[], type=_checked(_rule), metavar="RULE",
        help="exit with 1 where it holds: wer>+0.02, answer.p95>+10%%, first_audio>300ms, failures>0",
    )  # fmt: skip
    parser.add_argument("--no-color", action="store_true", help="plain text")


def add_truth(parser: argparse.ArgumentParser, run: object) -> None:
    """The arguments of `visavis truth`.

    Args:
        run: carries them out.
    """
    parser.set_defaults(run=run, usage_error=parser.error)
    parser.add_argument("conversation", type=_checked(_conversation))
    parser.add_argument("--utterance", metavar="ID", help="as the list says")
    parser.add_argument("--text", help="what was really said in it; empty: nothing")
    parser.add_argument("--edit", type=Path, metavar="FILE", help="write a file to correct, or read it back")


def check_truth(arguments: argparse.Namespace) -> None:
    """Ends with a usage error where arguments do not go together."""
    if (arguments.utterance is None) != (arguments.text is None):
        arguments.usage_error("--utterance and --text go together")
    if arguments.text is not None and arguments.edit is not None:
        arguments.usage_error("--edit does not go with --text")


def wanted(arguments: argparse.Namespace) -> Wanted:
    """What a re-run is asked to do; ends with a usage error where arguments do not go together."""
    from visavis.rerun.rerun import Wanted

    if bool(arguments.conversations) == (arguments.since is not None):
        arguments.usage_error("name conversations, or a time with --since")
    if arguments.until is not None and arguments.since is None:
        arguments.usage_error("--until goes with --since")
    return Wanted(
        conversations=arguments.conversations,
        since=arguments.since,
        until=arguments.until,
        engines=arguments.engines,
        kept=arguments.keep,
        rules=arguments.fail_if,
        real_time=arguments.real_time,
        parallel=arguments.parallel,
        tools=arguments.tools,
        write=not arguments.no_write,
        json=arguments.json,
        html=arguments.html,
    )


def _conversation(text: str) -> str:
    return token(text, "conversation")


def _count(text: str) -> int:
    if not 1 <= int(text) <= 64:
        raise ValueError
    return int(text)


def _rule(text: str) -> object:
    from visavis.rerun.rules import parse_rule

    return parse_rule(text)


def _checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Puts the sentence of our errors into argparse's message."""

    def checked(text: str) -> T:
        try:
            return parse(text)
        except VisavisError as error:
            raise argparse.ArgumentTypeError(error.detail) from error

    checked.__name__ = parse.__name__.strip("_").replace("parse_", "")
    return checked
