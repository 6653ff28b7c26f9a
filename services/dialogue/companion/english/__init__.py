"""The companion's English."""

from __future__ import annotations

import re

from services.dialogue.companion.english import intents, words
from services.dialogue.companion.english.answers import ANSWERS
from services.dialogue.companion.english.feelings import FEELINGS
from services.dialogue.companion.english.repertoire import REPERTOIRE
from services.dialogue.companion.english.topics import TOPICS
from services.dialogue.companion.tables import Favourite, Language, Offer, words_pattern

_FAVOURITES = (
    Favourite("colour", words_pattern("colou?rs?"), "My favourite colour", ("violet", "sea green", "warm yellow",
        "midnight blue")),
    Favourite("animal", words_pattern("animals?", "pets?"), "My favourite animal", ("the otter", "the owl",
        "the donkey", "the octopus")),
    Favourite("season", words_pattern("seasons?", "time of (?:the )?year"), "My favourite season", ("autumn",
        "early spring", "winter", "late summer")),
    Favourite("food", words_pattern("food", "dish", "meal", "eat"), "My favourite food", ("the word marzipan, since I "
        "cannot taste", "bread, from all I hear about the smell", "soup, because it makes people stay at the table",
        "cherries, for the colour")),
    Favourite("music", words_pattern("music", "songs?", "band", "instrument"), "My favourite music", (
        "a slow cello, as people describe it", "anything with a whistle in it", "a lullaby",
        "jazz, because nobody knows what comes next")),
    Favourite("book", words_pattern("books?", "stor(?:y|ies)", "author"), "My favourite story", (
        "the one about the lighthouse keeper", "the one about the clock that was late", "the fox and the snail",
        "the one about the planted button")),
    Favourite("film", words_pattern("films?", "movies?"), "My favourite film", ("one without words, for I cannot see "
        "it anyway", "any with a happy end", "the one you are about to tell me",
        "one where a machine is nice for once")),
    Favourite("number", words_pattern("numbers?"), "My favourite number", ("7", "12", "42",
        "28, because it is perfect")),
    Favourite("word", words_pattern("words?"), "My favourite word", ("hello", "meanwhile", "lantern", "nevertheless")),
    Favourite("place", words_pattern("places?", "country", "city"), "My favourite place", ("this window",
        "any kitchen, people talk best there", "a railway station, as I imagine it", "a library")),
    Favourite("hobby", words_pattern("hobb(?:y|ies)", "do in your (?:free|spare) time"), "My favourite pastime", (
        "collecting riddles", "counting days until things", "listening", "making up stories")),
    Favourite("day", words_pattern("day(?: of the week)?"), "My favourite day", ("Sunday, when people have time",
        "Wednesday, nobody else likes it", "today", "Friday evening")),
)  # fmt: skip

ENGLISH = Language(
    code="en",
    fillers=words.FILLERS,
    contractions=words.CONTRACTIONS,
    splits=intents.SPLITS,
    greeting=intents.GREETING,
    question=intents.QUESTION,
    safety=intents.SAFETY,
    intents=intents.INTENTS,
    about_you=intents.ABOUT_YOU,
    answers=ANSWERS,
    feelings=FEELINGS,
    topics=TOPICS,
    offers=tuple(
        Offer(text, intent)
        for text, intent in (
            ("[happy] Shall I tell you a joke instead?", "joke"),
            ("[happy] Would you like a riddle?", "riddle"),
            ("[neutral] Shall I tell you a story?", "story"),
            ("[happy] How about a guessing game?", "game"),
            ("[neutral] Would a short poem do?", "poem"),
            ("[happy] May I offer you a curious fact?", "fact"),
        )
    )
    + tuple(
        Offer(text, intent, is_general=False)
        for text, intent in (
            ("[happy] Glad you like it. Want another?", "another"),
            ("[happy] Shall I take your mind off it with a story?", "story"),
            ("[happy] Care for another round?", "game"),
            ("[neutral] I would rather recite you a poem. [happy] Shall I?", "poem"),
            ("[happy] But I can tell you a story about somebody who could.", "story"),
        )
    ),
    favourites=_FAVOURITES,
    traits={
        "curious": "curious", "neugierig": "curious", "warm": "warm", "to the point": "to the point",
        "easy-going": "easy-going", "playful": "playful", "verspielt": "playful", "good with ideas": "good with ideas",
        "calm": "calm", "ruhig": "calm", "kind": "kind", "a good listener": "a good listener", "patient": "patient",
        "geduldig": "patient", "wise": "wise", "weise": "wise", "full of stories": "full of stories",
        "friendly": "friendly", "freundlich": "friendly", "cheerful": "cheerful", "fröhlich": "cheerful",
        "funny": "funny", "lustig": "funny", "witty": "witty", "gentle": "gentle", "honest": "honest", "bold": "bold",
        "strict": "strict", "grumpy": "grumpy", "shy": "shy", "clever": "clever", "engineer": "an engineer by nature",
    },
    ages={
        "in your twenties": "in my twenties", "in your thirties": "in my thirties", "in your forties": "in my forties",
        "in your fifties": "in my fifties", "in your sixties": "in my sixties", "elderly": "old enough to be patient",
        "young": "young",
    },
    repertoire=REPERTOIRE,
    numbers=words.NUMBERS,
    calendar=words.CALENDAR,
    memory=words.MEMORY,
    echo=words.echo,
    model_words=re.compile(r"\blanguage model\b"),
    conjunction="and",
    hello=words.hello,
    summary={
        "name": "your name is {value}", "age": "you are {value}", "home": "you live in {value}",
        "origin": "you come from {value}", "work": "about your work you said {value}",
        "pet": "your {subject} is called {value}", "pet_without_name": "you have a {subject}",
        "relative": "your {subject} is called {value}", "like": "you like {value}", "dislike":
        "you do not like {value}",
        "favourite": "your favourite {subject} is {value}",
    },
)  # fmt: skip
