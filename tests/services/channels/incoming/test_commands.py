"""What is a command to the channel, and what is talk."""

from __future__ import annotations

from typing import get_args

import pytest

from services.channels.incoming.commands import Command, CommandName, recognise, token_of
from services.channels.phrases import ENGLISH, GERMAN
from tests.services.channels.incoming.receiving import TOKEN


@pytest.mark.parametrize("name", get_args(CommandName))
def test_each_command_is_known_with_and_without_the_name_of_the_bot(name: CommandName) -> None:
    assert recognise(f"/{name}") == Command(name)
    assert recognise(f" /{name.upper()}@visavis_bot ") == Command(name)
    assert recognise(f"/{name}@visavis_bot  Milo Smith") == Command(name, "Milo Smith")


@pytest.mark.parametrize("name", get_args(CommandName))
def test_the_help_tells_each_command(name: CommandName) -> None:
    for table in (ENGLISH, GERMAN):
        assert (f"\n/{name} " in table["help"]) == (name not in ("start", "help"))


@pytest.mark.parametrize("text", ["/shrug", "/newest", "/new_"])
def test_a_lone_word_with_a_slash_is_an_unknown_command(text: str) -> None:
    assert recognise(text) == Command("unknown")


@pytest.mark.parametrize(
    "text",
    ["new", "hello /new", "/etc/passwd", "/ new", "/shrug what is this", "and /or", "", "/new\nand a poem", "/ü"],
)
def test_other_texts_are_talk(text: str) -> None:
    assert recognise(text) is None


@pytest.mark.parametrize(
    ("text", "token"),
    [
        (f"/start l_{TOKEN}", TOKEN),
        (f"link {TOKEN}", TOKEN),
        (f"LINK l_{TOKEN}\n", TOKEN),
        (f"/start l_{TOKEN[:-1]}", ""),
        ("/start l_", ""),
        ("/start", None),
        ("/start hello", None),
        ("link me up", None),
        (f"my link {TOKEN}", None),
        (TOKEN, None),
    ],
)
def test_a_token_is_only_found_where_it_belongs(text: str, token: str | None) -> None:
    assert token_of(text) == token
