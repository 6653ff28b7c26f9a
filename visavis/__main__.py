"""The `visavis` command. Prints data to standard output, messages to standard error.

Exit status: 0 done, 1 a known error (printed in one line), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bus.errors import VisavisError
from bus.settings import Settings, read_settings
from bus.subjects import token
from visavis.analytics.arguments import add_arguments as add_analytics
from visavis.carry import arguments as carry_arguments
from visavis.rerun.arguments import add_rerun, add_truth
from visavis.verify.arguments import add_verify
from visavis.watch import arguments as watch_arguments

if TYPE_CHECKING:
    from visavis.dead_letters import Selection


def _up(arguments: argparse.Namespace, settings: Settings) -> int:
    from bus.process.logging_setup import set_up_logging
    from visavis.up import run

    set_up_logging(settings.log_level)
    asyncio.run(run(settings))
    return 0


def _cluster(arguments: argparse.Namespace, settings: Settings) -> int:
    from bus.log.passwords import write_passwords
    from bus.process.logging_setup import set_up_logging
    from visavis.cluster import run

    if arguments.passwords:
        write_passwords(Path(arguments.passwords))
        return 0
    set_up_logging(settings.log_level)
    asyncio.run(run(settings))
    return 0


def _streams(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.streams import update_streams

    return asyncio.run(update_streams(settings))


def _doctor(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.doctor import doctor

    return asyncio.run(doctor(settings, color=_use_color(arguments)))


def _tail(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.tail import tail

    return asyncio.run(
        tail(
            settings,
            arguments.conversation,
            follow=not arguments.no_follow,
            color=_use_color(arguments),
            media=not arguments.no_media,
            as_json=arguments.json,
        )
    )


def _dead(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis import dead_letters

    match arguments.act:
        case "list":
            return asyncio.run(dead_letters.show_list(settings, arguments.service, as_json=arguments.json))
        case "show":
            return asyncio.run(dead_letters.show(settings, arguments.number, as_json=arguments.json))
        case "requeue":
            return asyncio.run(dead_letters.requeue(settings, _selection(arguments), force=arguments.force))
        case _:
            return asyncio.run(dead_letters.drop(settings, _selection(arguments)))


def _selection(arguments: argparse.Namespace) -> Selection:
    from visavis.dead_letters import Selection

    return Selection(arguments.numbers, arguments.service)


def _models(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis import models

    match arguments.act:
        case "list":
            return models.show_list(settings, as_json=arguments.json)
        case "fetch":
            return models.fetch(settings, arguments.names, yes=arguments.yes)
        case "verify":
            return models.verify_files(settings, arguments.names)
        case _:
            return models.remove(settings, arguments.names)


def _character(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.characters import create

    traits = ("name", "tagline", "personality", "greeting", "voice", "language")
    return asyncio.run(create(settings, arguments.photo, **{trait: getattr(arguments, trait) for trait in traits}))


def _forget(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.characters import forget

    return asyncio.run(forget(settings, arguments.character))


def _note(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.notes import note

    return asyncio.run(
        note(settings, arguments.recording, text=arguments.text, output=arguments.output, limit=arguments.limit)
    )


def _channels(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis import channels

    if arguments.act == "check":
        return asyncio.run(channels.check(settings, color=_use_color(arguments)))
    return channels.show_list(settings, as_json=arguments.json)


def _fold(arguments: argparse.Namespace, settings: Settings) -> int:
    from projections.__main__ import main as projections

    return projections(arguments.arguments)


def _replay(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.replay.command import run

    return run(arguments, settings, color=_use_color(arguments))


def _export(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.carry.exporting import export, form_of

    form = form_of(arguments.output, arguments.format)
    return asyncio.run(
        export(
            settings,
            arguments.conversation,
            arguments.output,
            form=form,
            redact=arguments.redact is not None,
            skip_silences=arguments.skip_silences,
        )
    )


def _import(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.carry.importing import import_file

    return asyncio.run(import_file(settings, arguments.file, as_id=arguments.as_id, person=arguments.person))


def _rerun(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.rerun.arguments import wanted
    from visavis.rerun.rerun import rerun

    return asyncio.run(rerun(settings, wanted(arguments), color=_use_color(arguments)))


def _truth(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.rerun.arguments import check_truth
    from visavis.rerun.truth import truth

    check_truth(arguments)
    options = {name: getattr(arguments, name) for name in ("utterance", "text")}
    return asyncio.run(truth(settings, arguments.conversation, file=arguments.edit, **options))


def _top(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.watch.top import top

    once, as_json = arguments.once, arguments.json
    return asyncio.run(top(settings, once=once, as_json=as_json, color=_use_color(arguments)))


def _traces(arguments: argparse.Namespace, settings: Settings) -> int:
    from projections.tracing.__main__ import run

    return run(arguments, settings)


def _verify(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.verify.command import Options, run

    options = Options(
        what=arguments.what, since=arguments.since, as_json=arguments.json, color=_use_color(arguments),
        brief=arguments.brief,
    )  # fmt: skip
    return asyncio.run(run(settings, options))


def _analytics(arguments: argparse.Namespace, settings: Settings) -> int:
    from visavis.analytics.command import run

    return run(arguments, settings)


def _use_color(arguments: argparse.Namespace) -> bool:
    return not arguments.no_color and sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="visavis", description="A self-hosted talking avatar on an event log.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start everything on this machine and keep it running until Ctrl-C")
    up.set_defaults(run=_up)
    doctor = commands.add_parser("doctor", help="check what is installed, which engines run, what stops `visavis up`")
    doctor.set_defaults(run=_doctor)
    cluster = commands.add_parser("cluster", help="three NATS nodes on this machine, with users, until Ctrl-C")
    cluster.add_argument("--passwords", metavar="FILE", help="only make a file of new passwords for the users")
    cluster.set_defaults(run=_cluster)
    streams = commands.add_parser("streams", help="create or update the streams and the built-in characters")
    streams.set_defaults(run=_streams)
    tail = commands.add_parser("tail", help="the live log, one readable line for each event")
    tail.add_argument("conversation", nargs="?", help="only this conversation, from its beginning")
    tail.add_argument("--no-follow", action="store_true", help="end with the newest record")
    tail.add_argument("--no-media", action="store_true", help="leave out audio and pictures")
    tail.add_argument("--json", action="store_true", help="one JSON object a line")
    tail.set_defaults(run=_tail)
    _add_replay(commands.add_parser("replay", help="a past conversation in time: its turns, delays and events"))
    watched = commands.add_parser("top", help="a live view of services, queues, turns in flight and latencies")
    watch_arguments.add_top(watched)
    watched.set_defaults(run=_top)
    traces = commands.add_parser("traces", help="send the spans of turns to an OpenTelemetry collector")
    watch_arguments.add_traces(traces)
    traces.set_defaults(run=_traces)
    _add_dead(commands.add_parser("dead", help="dead letters, the messages given up: list, show, requeue, drop them"))
    _add_models(commands.add_parser("models", help="the models that engines load: list, fetch, verify, remove"))
    character = commands.add_parser("character", help="make a character from a photo, or change the one of that name")
    character.add_argument("photo", type=Path, help="JPEG, PNG or WebP with one face, seen from the front")
    character.add_argument("--name", required=True, help="its name")
    character.add_argument("--tagline", default="", help="a few words about it")
    character.add_argument("--personality", default="", help="for the prompt of the language model: You are …")
    character.add_argument("--greeting", default="", help="its first sentence")
    character.add_argument("--voice", default="female", help="female or male")
    character.add_argument("--language", default="en", help="BCP-47 tag, e.g. en or de")
    character.set_defaults(run=_character)
    forget = commands.add_parser("forget", help="remove a character that was made from a photo, and its face")
    forget.add_argument("character", help="its id")
    forget.set_defaults(run=_forget)
    fold = commands.add_parser(
        "fold",
        help="what is folded from the log, at any sequence or time: list, show, diff, rebuild",
        add_help=False,
        prefix_chars="\0",  # all options are those of the projections' own command line
    )
    fold.add_argument("arguments", nargs="*")
    fold.set_defaults(run=_fold)
    checked = _add_channels(commands.add_parser("channels", help="list the channels, or check those that are on"))
    _add_note(commands.add_parser("note", help="say something to the running system, and get its answer as a file"))
    _add_export(commands.add_parser("export", help="write a conversation as a file: to carry, to watch, to read"))
    _add_import(commands.add_parser("import", help="bring a conversation from such a file into this system"))
    add_rerun(commands.add_parser("rerun", help="recorded conversations through today's engines"), _rerun)
    add_truth(commands.add_parser("truth", help="say what was really said, to measure recognisers by"), _truth)
    verify = commands.add_parser("verify", help="make the decisions of past conversations again, and compare them")
    add_verify(verify)
    verify.set_defaults(run=_verify)
    analytics = commands.add_parser("analytics", help="turns, latencies, failures, engines, cost; and SQL on them")
    add_analytics(analytics)
    analytics.set_defaults(run=_analytics)
    for command in (doctor, tail, checked, verify):
        command.add_argument("--no-color", action="store_true", help="plain text")
    return parser


def _add_channels(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Returns the parser of `check`."""
    parser.set_defaults(run=_channels, act="list", json=False)
    acts = parser.add_subparsers(dest="act", metavar="ACT")
    listed = acts.add_parser("list", help="whether each is on, and the setting for it; what `visavis channels` does")
    listed.add_argument("--json", action="store_true", help="as a JSON array")
    return acts.add_parser("check", help="whether those that are on work, and what to do next")


def _add_export(parser: argparse.ArgumentParser) -> None:
    carry_arguments.add_export(parser)
    parser.set_defaults(run=_export)


def _add_import(parser: argparse.ArgumentParser) -> None:
    carry_arguments.add_import(parser)
    parser.set_defaults(run=_import)


def _add_note(parser: argparse.ArgumentParser) -> None:
    said = parser.add_mutually_exclusive_group(required=True)
    said.add_argument("recording", nargs="?", type=Path, help="Ogg, WAV, MP3, M4A or another file with a voice")
    said.add_argument("--text", help="words or a command such as /new, in place of a recording")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where the answer's recording goes")
    parser.add_argument("--limit", type=_seconds, default=120.0, metavar="SECONDS", help="longest wait; default 120")
    parser.set_defaults(run=_note)


def _add_models(models: argparse.ArgumentParser) -> None:
    models.set_defaults(run=_models)
    acts = models.add_subparsers(dest="act", required=True, metavar="ACT")
    every = acts.add_parser("list", help="what each model is for, its size, its licence, and whether it is here")
    every.add_argument("--json", action="store_true", help="as a JSON array")
    names = "NAME of a model, or set-up (what `make up` fetches), background (what services fetch by themselves), all"
    fetch = acts.add_parser("fetch", help="download what is missing and check it")
    fetch.add_argument("names", nargs="+", metavar="NAME", help=names)
    fetch.add_argument("--yes", action="store_true", help="also where it is more than 4 GB in all")
    verify = acts.add_parser("verify", help="compare the files that are here with the published checksums")
    verify.add_argument("names", nargs="*", metavar="NAME", help=f"{names}; none: those that are here")
    remove = acts.add_parser("remove", help="delete the files of models")
    remove.add_argument("names", nargs="+", metavar="NAME", help=names)


def _add_replay(parser: argparse.ArgumentParser) -> None:
    from visavis.replay.arguments import add_arguments

    add_arguments(parser, _seconds)
    parser.set_defaults(run=_replay)


def _add_dead(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    listed = acts.add_parser("list", help="one line for each")
    listed.add_argument("--service", type=_token, help="only of this service")
    shown = acts.add_parser("show", help="everything about one, with its event")
    shown.add_argument("number", type=_number)
    for act in (listed, shown):
        act.add_argument("--json", action="store_true", help="one JSON object a line")
    requeued = acts.add_parser("requeue", help="deliver them to their services again")
    requeued.add_argument("--force", action="store_true", help="also one whose event this version does not know")
    dropped = acts.add_parser("drop", help="remove them for good")
    for act in (requeued, dropped):
        which = act.add_mutually_exclusive_group(required=True)
        which.add_argument("numbers", nargs="*", type=_number, default=[], metavar="NUMBER", help="as the list says")
        which.add_argument("--service", type=_token, help="all of this service")
        which.add_argument("--all", action="store_true", help="all of them")
    parser.set_defaults(run=_dead)


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise ValueError
    return seconds


def _token(text: str) -> str:
    try:
        return token(text, "service")
    except VisavisError as error:
        raise argparse.ArgumentTypeError(error.detail) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.run(parsed, read_settings(os.environ))
    except VisavisError as error:
        print(f"error: {error.detail}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has gone (`| head`). Python flushes standard output at its exit, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
