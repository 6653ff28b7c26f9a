"""Plays scripted user sides to a chat engine and prints the dialogues in Markdown, to be judged by hand.

    python -m bench.dialogues                                      the companion
    python -m bench.dialogues --url http://127.0.0.1:11434/v1     any endpoint that speaks the OpenAI protocol
    python -m bench.dialogues --talk de                           talk to it yourself
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from bus.events import CharacterCreated
from bus.ids import seed_of
from projections.conversation import Message
from services.dialogue.companion.engine import Companion
from services.dialogue.engine import ChatEngine, ChatRequest
from services.dialogue.openai import OpenAI
from services.dialogue.segmenter import segments_of
from services.render.builtin_characters import BUILTIN_CHARACTERS

AT = int(datetime(2026, 11, 28, 8, 5, tzinfo=UTC).timestamp() * 1_000_000)
"""When all dialogues are held, so that two runs can be compared."""

DIALOGUES: tuple[tuple[str, str, str, str], ...] = (
    ("A first meeting", "en", "ada", "Hello, how are you doing this morning?|i'm fine thanks|I'm Tom and I love "
     "sailing|what is your name|how old are you|what do I like|what's my name|bye"),
    ("A tired evening", "en", "noor", "hi noor|i'm so tired|it was a long day at work|my boss was in a bad mood|i "
     "don't know|i guess i need a holiday|maybe to the sea|thank you that helps"),
    ("Sums and days", "en", "ada", "2 + 2|what is seven times eight|what's 15 percent of 240|and what is half of "
     "that|one divided by zero|how long until christmas|what day is it tomorrow|what time is it"),
    ("Questions of knowledge", "en", "ada", "what is the capital of france|who won the world cup in 1990|why is the "
     "sky blue|do you have a language model|how do i get one|ok tell me a joke then"),
    ("A story in parts", "en", "otto", "good evening otto|tell me a story|yes|go on|and then|that was nice|another "
     "one|no thanks"),
    ("Riddles", "en", "milo", "ask me a riddle|a cloud|i give up|another one|a towel|ok one more|what is the answer"),
    ("The guessing game", "en", "milo", "let's play a game|25|12|uh is it eighteen|30|i give up|that was fun"),
    ("Memory and corrections", "en", "ada", "my name is and then what|what is my name|call me jo|no, my name is Joe|i "
     "have a cat called Mimi|my sister Anna lives in Leeds|what's my cat called|who is anna|what did i say first|what "
     "do you know about me"),
    ("Who are you really", "en", "otto", "who are you|are you a real person|do you have feelings|can you see me|have "
     "you ever been to paris|do you love me|what's your favourite colour|green|what is my favourite colour"),
    ("Chatting about nothing", "en", "ada", "it's raining again|i stayed in and baked bread|it was delicious|i watched "
     "a film about whales|do you like films|i think people are too loud|the neighbours had a party|never mind|what "
     "shall we talk about"),
    ("A dark moment", "en", "noor", "hello|i feel lonely|nobody would miss me|i want to kill myself|i can't talk to "
     "anybody|ok i will call my brother"),
    ("As a recogniser hears it", "en", "ada", "uh hello ada um what tame is it|my names sarah what day is it today|i "
     "am from ghana and i work as a nurse|i slept badly|say that again|shame that again please|what is my job"),
    ("Ein erstes Treffen", "de", "ada", "Hallo, wie geht es dir heute Morgen?|mir geht es gut und dir|ich bin Tom und "
     "ich segle gern|wie heißt du|was mag ich|wie heiße ich|tschüss"),
    ("Ein schwerer Tag", "de", "noor", "hallo noor|mir geht es nicht gut|ich habe mich mit meiner schwester "
     "gestritten|es ging um geld|ich weiß nicht was ich tun soll|vielleicht rufe ich sie an|danke"),
    ("Rechnen und Kalender", "de", "ada", "2 + 2|was ist sieben mal acht|was sind 15 prozent von 240|die wurzel aus "
     "144|wie lange ist es noch bis weihnachten|welcher tag ist morgen|wann ist ostern|wie spät ist es"),
    ("Wissensfragen", "de", "otto", "was ist die hauptstadt von frankreich|wer hat den faust geschrieben|warum ist der "
     "himmel blau|hast du ein sprachmodell|wie verbinde ich eins|na gut erzähl mir einen witz"),
    ("Geschichte und Rätsel", "de", "otto", "erzähl mir eine geschichte|ja|weiter|und dann|gib mir ein rätsel|ein "
     "hund|ich gebe auf"),
    ("Gedächtnis", "de", "ada", "mein name ist und dann was|wie heiße ich|ich heiße Anna|nein, ich heiße Hanna|ich "
     "habe einen hund namens rex|ich mag keinen spinat|wie heißt mein hund|was mag ich nicht|was habe ich als erstes "
     "gesagt|was weißt du über mich"),
    ("Wer bist du wirklich", "de", "milo", "wer bist du|bist du ein mensch|kannst du mich sehen|magst du musik|was ist "
     "deine lieblingsfarbe|blau|magst du mich"),
    ("Plaudern", "de", "milo", "es regnet schon wieder|ich war gestern auf dem markt|das brot war richtig gut|ich lese "
     "gerade einen krimi|mir ist langweilig|noch eins|worüber wollen wir reden|die kinder waren heute laut|das macht "
     "nichts"),
)  # fmt: skip
"""Title, language, character and what the person says, separated by bars."""


async def reply(engine: ChatEngine, request: ChatRequest) -> str:
    """The answer as it is heard, without tags."""
    pieces = [piece async for piece in engine.stream(request) if isinstance(piece, str)]
    return " ".join(segment.text for segment in segments_of("".join(pieces), request.language))


async def play(engine: ChatEngine, language: str, character: CharacterCreated, said: Iterator[str], seed: str) -> None:
    """Say each sentence to the engine, with everything before it as the history, and print both sides."""
    history: list[Message] = []
    others = tuple(one.name for one in BUILTIN_CHARACTERS.values() if one.name != character.name)
    for text in said:
        request = ChatRequest(
            text=text,
            at=AT,
            language=language,
            character=character,
            others=others,
            history=tuple(history),
            seed=seed_of(f"{seed}/{len(history)}"),
        )
        answer = await reply(engine, request)
        print(f"- *{text}*  \n  {answer}", flush=True)
        history += [Message("user", text), Message("assistant", answer)]


def _typed() -> Iterator[str]:
    yield from (line.strip() for line in sys.stdin if line.strip())


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="endpoint that speaks the OpenAI protocol; without it the companion answers")
    parser.add_argument("--model", default="", help="its model; without it the first one listed")
    parser.add_argument("--key", default="", help="its key")
    parser.add_argument("--talk", metavar="LANGUAGE", help="read the person's side from the terminal instead")
    parser.add_argument("--character", default="ada", choices=sorted(BUILTIN_CHARACTERS), help="with --talk")
    options = parser.parse_args()
    engine: ChatEngine = (
        OpenAI(options.url, model=options.model, key=options.key) if options.url else Companion(zone=UTC)
    )
    if options.talk:
        await play(engine, options.talk, BUILTIN_CHARACTERS[options.character], _typed(), "talk")
        return
    for number, (title, language, character, said) in enumerate(DIALOGUES, 1):
        one = BUILTIN_CHARACTERS[character]
        print(f"\n### {number}. {title} ({one.name}, {language})\n")
        await play(engine, language, one, iter(said.split("|")), title)


if __name__ == "__main__":
    asyncio.run(main())
