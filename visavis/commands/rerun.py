"""The command lines of `visavis rerun` and `visavis truth`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bus.settings import Settings
from projections.moment import TIME_FORMS, parse_time
from visavis.commands.values import add_no_color, checked, id_token, number, use_color

if TYPE_CHECKING:
    from visavis.commands.values import Commands
    from visavis.rerun.rerun import Wanted

KEPT = ("stt", "dialogue", "tts")
_MOST_PARALLEL = 64


def add(commands: Commands) -> None:
    """Add the commands on what else today's engines would have done, and what was really said."""
    _add_rerun(commands.add_parser("rerun", help="recorded conversations through today's engines"))
    _add_truth(commands.add_parser("truth", help="say what was really said, to measure recognisers by"))


def _add_rerun(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_rerun, usage_error=parser.error)
    parser.add_argument("conversations", nargs="*", type=id_token("conversation"), metavar="CONVERSATION")
    since = f"all with words since a time such as {TIME_FORMS}"
    parser.add_argument("--since", type=checked(parse_time, "time"), metavar="TIME", help=since)
    until = "with --since: not later than this"
    parser.add_argument("--until", type=checked(parse_time, "time"), metavar="TIME", help=until)
    parser.add_argument(
        "--with", dest="engines", action="append", default=[], metavar="SERVICE=ENGINE[:MODEL]",
        help="e.g. stt=whisper:small, tts=kokoro, dialogue=companion, render=layered; others are as configured",
    )  # fmt: skip
    parser.add_argument(
        "--keep", action="append", default=[], choices=KEPT,
        help="take what was recorded: transcripts, replies; of tts, no speech is made",
    )  # fmt: skip
    parser.add_argument("--real-time", action="store_true", help="at the pace of speech, for latencies of recognisers")
    parser.add_argument("--parallel", type=_parallel, default=1, metavar="N", help="conversations at once")
    parser.add_argument("--tools", action="store_true", help="let the language model call tools, with their effects")
    parser.add_argument("--no-write", action="store_true", help="write no copy to the log")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as a page with both sounds")
    parser.add_argument(
        "--fail-if", action="append", default=[], type=checked(_rule, "rule"), metavar="RULE",
        help="exit with 1 where it holds: wer>+0.02, answer.p95>+10%%, first_audio>300ms, failures>0",
    )  # fmt: skip
    add_no_color(parser)


def _add_truth(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_truth, usage_error=parser.error)
    parser.add_argument("conversation", type=id_token("conversation"))
    parser.add_argument("--utterance", metavar="ID", help="as the list says")
    parser.add_argument("--text", help="what was really said in it; empty: nothing")
    parser.add_argument("--edit", type=Path, metavar="FILE", help="write a file to correct, or read it back")


def _rerun(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    if bool(arguments.conversations) == (arguments.since is not None):
        arguments.usage_error("name conversations, or a time with --since")
    if arguments.until is not None and arguments.since is None:
        arguments.usage_error("--until goes with --since")
    from visavis.rerun.rerun import rerun

    return rerun(settings, _wanted(arguments), color=use_color(arguments))


def _truth(arguments: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, int]:
    if (arguments.utterance is None) != (arguments.text is None):
        arguments.usage_error("--utterance and --text go together")
    if arguments.text is not None and arguments.edit is not None:
        arguments.usage_error("--edit does not go with --text")
    from visavis.rerun.truth import truth

    named, text, file = arguments.utterance, arguments.text, arguments.edit
    return truth(settings, arguments.conversation, utterance=named, text=text, file=file)


def _wanted(arguments: argparse.Namespace) -> Wanted:
    from visavis.rerun.rerun import Wanted

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


def _parallel(text: str) -> int:
    count = number(text)
    if count > _MOST_PARALLEL:
        raise ValueError
    return count


def _rule(text: str) -> object:
    from visavis.rerun.rules import parse_rule

    return parse_rule(text)
