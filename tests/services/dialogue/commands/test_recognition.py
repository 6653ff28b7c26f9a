"""Commands are recognised in whole utterances only."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.command_phrases import GREETINGS, command_phrases
from services.dialogue.commands.recognition import Command, find_character, recognise_command

NAMES = {"ada": "Ada", "milo": "Milo", "noor": "Noor", "otto": "Otto"}


def name_of(text: str, language: str = "en") -> str | None:
    command = recognise_command(text, language, NAMES, "Ada")
    return command.name if command else None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Stop.", "stop"),
        ("ada stop talking", "stop"),
        ("Stop, please, Ada.", "stop"),
        ("switch to Ada", "switch"),
        ("That's enough!", "stop"),
        ("Repeat that, please.", "repeat"),
        ("um, could you say that again", "repeat"),
        ("Speak a little slower, please.", "slower"),
        ("You're too fast.", "slower"),
        ("okay, faster please", "faster"),
        ("Can you speak louder?", "louder"),
        ("Turn it down.", "softer"),
        ("Text only.", "text_only"),
        ("Switch to text", "text_only"),
        ("Turn your voice back on.", "voice_on"),
        ("What can I say?", "help"),
        ("Let's start a new conversation.", "new_conversation"),
    ],
)
def test_english_commands(text: str, name: str) -> None:
    assert name_of(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Stopp!", "stop"),
        ("Hör auf zu reden.", "stop"),
        ("Kannst du das bitte wiederholen?", "repeat"),
        ("noch mal bitte", "repeat"),
        ("Sprich bitte etwas langsamer.", "slower"),
        ("schneller", "faster"),
        ("Äh, kannst du mal lauter sprechen?", "louder"),
        ("Das ist zu laut.", "softer"),
        ("Nur Text, bitte.", "text_only"),
        ("Stimme wieder an.", "voice_on"),
        ("Was kann ich sagen?", "help"),
        ("Neues Gespräch", "new_conversation"),
        ("stop talking", "stop"),
    ],
)
def test_german_commands_and_english_ones_too(text: str, name: str) -> None:
    assert name_of(text, "de-DE") == name


@pytest.mark.parametrize(
    "text",
    [
        "stop the world I want to get off",
        "how do I stop smoking",
        "talk to me about the sea",
        "can you talk to your mother",
        "speak to Peter",
        "switch to German",
        "switch over to it",
        "switch to the other side of the road",
        "what can you do",
        "tell me more about new conversations",
        "the volume of a sphere",
        "faster than light",
        "please",
        "Ada",
        "",
        "um",
        "I said stop because it was too loud and he would not listen to me any more",
    ],
)
def test_conversation_is_no_command(text: str) -> None:
    assert name_of(text) is None


def test_of_five_hundred_ordinary_sentences_none_is_a_command() -> None:
    sentences = (Path(__file__).parent / "ordinary_sentences.txt").read_text().splitlines()
    assert len(sentences) > 500
    assert [sentence for sentence in sentences if name_of(sentence)] == []


def test_every_phrase_that_recognisers_listen_for_is_a_command() -> None:
    phrases = [phrase.text for phrase in command_phrases(tuple(NAMES.values()))]
    assert len(phrases) > 500
    assert [phrase for phrase in phrases if name_of(phrase) is None] == list(GREETINGS)
    switches = [phrase for phrase in phrases if "Otto" in phrase]
    found = [recognise_command(phrase, "en", NAMES, "Ada") for phrase in switches]
    assert {one.character for one in found if one} == {"otto"}


@pytest.mark.parametrize(
    ("heard", "name"),
    [
        ("Quiet or please?", "softer"), ("Quite her, please.", "softer"), ("Switched to Mylo.", "switch"),
        ("Changed to Noor, please.", "switch"), ("Turn of your voice.", "text_only"),
        ("Speek more slowly.", "slower"),
    ],
)  # fmt: skip
def test_words_that_sound_like_a_command_are_one(heard: str, name: str) -> None:
    assert name_of(heard) == name


def test_german_words_are_no_commands_in_english() -> None:
    assert name_of("lauter") is None


@pytest.mark.parametrize(
    ("heard", "character"),
    [
        ("Milo", "milo"), ("Mylo", "milo"), ("my low", "milo"), ("Mailo", "milo"), ("Ida", "ada"), ("Aida", "ada"),
        ("Noor", "noor"), ("nor", "noor"), ("Nur", "noor"), ("Otto", "otto"), ("auto", "otto"), ("Oto", "otto"),
        ("Peter", ""), ("Noah", ""), ("Emily", ""), ("a", ""),
    ],
)  # fmt: skip
def test_names_are_matched_by_their_sound(heard: str, character: str) -> None:
    assert find_character(heard, NAMES) == character


def test_between_two_equally_similar_names_none_is_chosen() -> None:
    assert find_character("Ana", {"a": "Anna", "b": "Hanna"}) in ("a", "")
    assert find_character("Mia", {"a": "Mio", "b": "Mie"}) == ""


@pytest.mark.parametrize(
    "text", ["switch to Mylo", "Um, could I talk to Milo, please?", "change to milo now", "connect me with my low"]
)
def test_a_switch_names_the_character(text: str) -> None:
    command = recognise_command(text, "en", NAMES, "Ada")
    assert command is not None
    assert (command.name, command.character) == ("switch", "milo")


def test_a_switch_to_an_unknown_name_keeps_the_name() -> None:
    assert recognise_command("Switch to Peter.", "en", NAMES) == Command("switch", "", "peter")
    assert recognise_command("Wechsle zu Peter", "de", NAMES) == Command("switch", "", "peter")
