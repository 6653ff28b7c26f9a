"""The command line of `visavis keys`."""

from __future__ import annotations

import argparse
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from bus.settings import Settings

if TYPE_CHECKING:
    from visavis.commands.values import Commands


def add(commands: Commands) -> None:
    """Add the commands on who may come in."""
    keys = commands.add_parser("keys", help="list, make and revoke the keys with which people sign in")
    keys.set_defaults(run=_keys, act="list", json=False)
    acts = keys.add_subparsers(dest="act", metavar="ACT")
    listed = acts.add_parser("list", help="who has one, for what, when it was used; what `visavis keys` does")
    listed.add_argument("--json", action="store_true", help="as a JSON array")
    created = acts.add_parser("create", help="make a key and print it: it is shown this once")
    created.add_argument("name", help="whose it is, or what for")
    created.add_argument(
        "--scope", action="append", choices=("talk", "operator"), help="talk: to have conversations, the default; "
        "operator: to see those of all persons; may be given twice",
    )  # fmt: skip
    created.add_argument("--days", type=int, metavar="N", help="for which it holds; default: until it is revoked")
    revoked = acts.add_parser("revoke", help="end a key, and all sessions that began with it")
    revoked.add_argument("key", help="its id or its name")
    acts.add_parser("operator", help="print your own key, with which you sign in at the page")
    ended = acts.add_parser("sign-out", help="end all cookies of a person, or all sessions of a key")
    ended.add_argument("holder", help="the person, as `visavis tail --json` has it, the id of a key, or `operator`")


def _keys(arguments: argparse.Namespace, settings: Settings) -> int | Coroutine[Any, Any, int]:
    from visavis import keys

    match arguments.act:
        case "create":
            return keys.create(settings, arguments.name, tuple(arguments.scope or ("talk",)), days=arguments.days)
        case "revoke":
            return keys.revoke(settings, arguments.key)
        case "operator":
            return keys.show_operator_key(settings)
        case "sign-out":
            return keys.sign_out(settings, arguments.holder)
    return keys.show_list(settings, as_json=arguments.json)
