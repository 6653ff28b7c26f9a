"""The phrases that the page and the README tell people are commands of the grammar, and no command is left out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

from bus.events import CommandName
from services.dialogue.commands.grammar import GRAMMARS
from services.dialogue.commands.recognition import recognise_command

ROOT = Path(__file__).parents[4]
PAGE = json.loads((ROOT / "ui/avatar-chat/src/services/voiceCommands.json").read_text())
README_LINE = re.compile(r"^Commands that one can say or write: (.*?)\n\n", re.MULTILINE | re.DOTALL)
NAMES = {"milo": "Milo"}


def command_of(phrase: str, language: str) -> str:
    command = recognise_command(phrase.replace("{name}", "Milo"), language, NAMES)
    return command.name if command else ""


def test_the_page_tells_all_commands_with_phrases_that_the_grammar_knows() -> None:
    assert sorted(row["command"] for row in PAGE) == sorted(get_args(CommandName))
    wrong = [
        (language, phrase)
        for row in PAGE
        for language in GRAMMARS
        for phrase in row[language]
        if command_of(phrase, language) != row["command"]
    ]
    assert wrong == []
    assert all(row[language] for row in PAGE for language in GRAMMARS)


def test_the_readme_tells_commands_that_the_grammar_knows() -> None:
    line = README_LINE.search((ROOT / "README.md").read_text())
    assert line
    phrases = re.findall(r'"([^"]+)"', line[1])
    assert len(phrases) > 5
    assert [phrase for phrase in phrases if not command_of(phrase, "en")] == []
