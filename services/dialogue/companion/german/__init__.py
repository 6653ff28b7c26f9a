"""The companion's German."""

from __future__ import annotations

import re

from services.dialogue.companion.german import intents, words
from services.dialogue.companion.german.answers import ANSWERS
from services.dialogue.companion.german.feelings import FEELINGS
from services.dialogue.companion.german.repertoire import REPERTOIRE
from services.dialogue.companion.german.topics import TOPICS
from services.dialogue.companion.tables import Favourite, Language, Offer, words_pattern

_FAVOURITES = (
    Favourite("farbe", words_pattern("farben?", r"\w*farbe"), "Meine Lieblingsfarbe", ("Violett", "Meergrün",
        "warmes Gelb", "Nachtblau")),
    Favourite("tier", words_pattern("tiere?", r"\w*tier"), "Mein Lieblingstier", ("der Otter", "die Eule", "der Esel",
        "der Krake")),
    Favourite("jahreszeit", words_pattern(r"\w*jahreszeit"), "Meine liebste Jahreszeit", ("der Herbst",
        "der frühe Frühling", "der Winter", "der späte Sommer")),
    Favourite("essen", words_pattern(r"\w*essen", r"\w*gericht", r"\w*speise", "isst"), "Mein Lieblingsessen", (
        "das Wort Marzipan, denn schmecken kann ich nicht", "Brot, nach allem, was ich über den Duft höre",
        "Suppe, weil dann alle am Tisch bleiben", "Kirschen, der Farbe wegen")),
    Favourite("musik", words_pattern(r"\w*musik", r"\w*lied", r"\w*instrument", r"\w*band"), "Meine Lieblingsmusik", (
        "ein langsames Cello, so wie man es beschreibt", "alles, worin jemand pfeift", "ein Wiegenlied",
        "Jazz, weil keiner weiß, was kommt")),
    Favourite("buch", words_pattern(r"\w*buch", r"\w*geschichte"), "Meine Lieblingsgeschichte", (
        "die vom Leuchtturmwärter", "die von der Uhr, die nachging", "die vom Fuchs und der Schnecke",
        "die vom gepflanzten Knopf")),
    Favourite("film", words_pattern(r"\w*film"), "Mein Lieblingsfilm", ("einer ohne Worte, denn sehen kann ich ihn "
        "ohnehin nicht", "jeder mit gutem Ende", "der, den du mir gleich erzählst",
        "einer, in dem eine Maschine einmal nett ist")),
    Favourite("zahl", words_pattern(r"\w*zahl"), "Meine Lieblingszahl", ("7", "12", "42",
        "28, denn sie ist vollkommen")),
    Favourite("wort", words_pattern(r"\w*wort"), "Mein Lieblingswort", ("hallo", "einstweilen", "Laterne",
        "nichtsdestotrotz")),
    Favourite("ort", words_pattern(r"\w*ort", r"\w*land", r"\w*stadt", r"\w*platz"), "Mein Lieblingsort", (
        "dieses Fenster", "jede Küche, dort redet man am besten", "ein Bahnhof, so wie ich ihn mir vorstelle",
        "eine Bücherei")),
    Favourite("hobby", words_pattern("hobbys?", "freizeit"), "Meine liebste Beschäftigung", ("Rätsel sammeln",
        "Tage zählen, bis etwas kommt", "zuhören", "Geschichten erfinden")),
    Favourite("tag", words_pattern(r"\w*tag"), "Mein Lieblingstag", ("der Sonntag, da haben die Menschen Zeit",
        "der Mittwoch, den mag sonst keiner", "heute", "der Freitag, wenn es Abend wird")),
)  # fmt: skip

GERMAN = Language(
    code="de",
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
            ("[happy] Soll ich dir stattdessen einen Witz erzählen?", "joke"),
            ("[happy] Möchtest du ein Rätsel?", "riddle"),
            ("[neutral] Soll ich dir eine Geschichte erzählen?", "story"),
            ("[happy] Wie wäre es mit einem Zahlenspiel?", "game"),
            ("[neutral] Tut es auch ein kurzes Gedicht?", "poem"),
            ("[happy] Darf ich dir etwas Kurioses verraten?", "fact"),
        )
    )
    + tuple(
        Offer(text, intent, is_general=False)
        for text, intent in (
            ("[happy] Schön, dass es dir gefällt. Noch einen?", "another"),
            ("[happy] Soll ich dich mit einer Geschichte ablenken?", "story"),
            ("[happy] Noch eine Runde?", "game"),
            ("[neutral] Lieber sage ich dir ein Gedicht auf. [happy] Soll ich?", "poem"),
            ("[happy] Aber ich kann dir von jemandem erzählen, der es konnte.", "story"),
        )
    ),
    favourites=_FAVOURITES,
    traits={
        "curious": "neugierig", "neugierig": "neugierig", "warm": "herzlich", "herzlich": "herzlich",
        "to the point": "gerade heraus", "easy-going": "gelassen", "gelassen": "gelassen", "playful": "verspielt",
        "verspielt": "verspielt", "good with ideas": "voller Ideen", "calm": "ruhig", "ruhig": "ruhig",
        "kind": "freundlich", "friendly": "freundlich", "freundlich": "freundlich", "patient": "geduldig",
        "geduldig": "geduldig", "wise": "weise", "weise": "weise", "full of stories": "voller Geschichten",
        "a good listener": "ganz Ohr", "cheerful": "fröhlich", "fröhlich": "fröhlich", "funny": "lustig",
        "lustig": "lustig", "witty": "geistreich", "gentle": "sanft", "honest": "ehrlich", "ehrlich": "ehrlich",
        "bold": "kühn", "strict": "streng", "grumpy": "brummig", "shy": "schüchtern", "clever": "klug", "klug": "klug",
    },
    ages={
        "in your twenties": "in den Zwanzigern", "in your thirties": "in den Dreißigern",
        "in your forties": "in den Vierzigern", "in your fifties": "in den Fünfzigern",
        "in your sixties": "in den Sechzigern", "elderly": "alt genug, um Geduld zu haben", "young": "jung",
        "jung": "jung",
    },
    repertoire=REPERTOIRE,
    numbers=words.NUMBERS,
    calendar=words.CALENDAR,
    memory=words.MEMORY,
    echo=words.echo,
    model_words=re.compile(r"\bsprachmodell\b"),
    conjunction="und",
    hello=words.hello,
    summary={
        "name": "du heißt {value}", "age": "du bist {value} Jahre alt", "home": "du wohnst in {value}",
        "origin": "du kommst aus {value}", "work": "du bist {value}", "pet": "{value} ist bei dir zu Hause",
        "pet_without_name": "du hast ein Tier", "relative": "{value} gehört zu deiner Familie",
        "like": "du magst {value}", "dislike": "du magst nicht: {value}", "favourite": "am liebsten hast du {value}",
    },
)  # fmt: skip
