"""The companion's intents in German."""

from __future__ import annotations

import re
from datetime import datetime

from services.dialogue.companion.german_answers import ANSWERS
from services.dialogue.companion.phrases import Phrases, intents, part_of_day

_MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni",
    "Juli", "August", "September", "Oktober", "November", "Dezember",
)  # fmt: skip
_DAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")


def _time(now: datetime) -> str:
    return f"{now.hour} Uhr {now.minute}" if now.minute else f"{now.hour} Uhr"


def _date(now: datetime) -> str:
    return f"{_DAYS[now.weekday()]}, der {now.day}. {_MONTHS[now.month - 1]} {now.year}"


GERMAN = Phrases(
    conjunction="und",
    hello=lambda now: ("Guten Morgen", "Guten Tag", "Guten Abend")[part_of_day(now)],
    short_hello="Hallo{person}!",
    time=_time,
    date=_date,
    greeting=re.compile(
        r"^(?:(?:hallo|hi|hey|servus|moin|grüezi|grüss (?:gott|dich)|guten (?:morgen|tag|abend|mittag)|"
        r"hello)(?: zusammen| nochmal| du)?\b ?)+"
    ),
    self_introduction=re.compile(
        r"\b(?:mein name(?: ist| lautet)?|ich heisse|nenn mich|ich werde|man nennt mich) (?!nicht\b|ist\b)(\w+)"
    ),
    not_names=frozenset(
        ("bitte", "das", "der", "die", "du", "ein", "eine", "gerne", "nicht", "nochmal", "so", "was", "wie")
    ),
    intents=intents(
        (
            "whats_my_name",
            (
                r"\bwie (?:heisse ich|ist mein name|lautet mein name)\b", r"\bwer bin ich\b",
                r"\b(?:kennst|weisst) du (?:meinen namen|wie ich heisse|wer ich bin|mich)\b", r"\bmein name noch\b",
            ),
            ("wie heisse ich", "weisst du meinen namen", "wer bin ich"),
        ),
        (
            "my_name",
            (
                r"\bmein name(?: ist| lautet)? (?!nicht\b)\w+", r"\bich heisse \w+", r"\bnenn mich \w+",
                r"\bman nennt mich \w+",
            ),
            (),
        ),
        (
            "connect",
            (
                r"\b(?:verbinde|verbinden|anschliesse|anschliessen|schliesse|installiere|installieren|einrichten|"
                r"richte|konfigurieren|benutze|benutzen)\b.*\b(?:sprachmodell|modell|olla?ma|ki|llm)\b",
                r"\bsprachmodell\b", r"\bolla?ma\b",
            ),
            (
                "wie verbinde ich ein sprachmodell", "wie verbinde ich eins", "wie schliesse ich eins an",
                "wie geht das mit dem sprachmodell",
            ),
        ),
        (
            "visavis",
            (
                r"\bwas (?:ist|bedeutet|heisst) (?:denn )?(?:visavis|vis a vis|visa vis|wisawi|das hier|das|dies)\b",
                r"\b(?:visavis|vis a vis|wisawi)\b", r"\bwas für ein (?:programm|system)\b",
            ),
            ("was ist visavis", "was ist das hier", "erzähl mir von visavis"),
        ),
        (
            "how_work",
            (
                r"\bwie (?:funktionierst|funktioniert|arbeitest|geht das|läuft das)\b", r"\bwie bist du gemacht\b",
            ),
            ("wie funktioniert das", "wie funktionierst du"),
        ),
        (
            "privacy",
            (
                r"\b(?:aufgenommen|aufnahme|datenschutz|privat|meine daten|meinen daten|mithört|hört jemand|"
                r"zeichnest du)\b",
            ),
            ("wo landen meine daten", "nimmst du mich auf", "ist das privat"),
        ),
        (
            "time", (r"\bwie (?:spät|viel uhr)\b", r"\bwieviel uhr\b", r"\buhrzeit\b", r"\bdie zeit\b"),
            ("wie spät ist es", "wie viel uhr ist es", "sag mir die uhrzeit"),
        ),
        (
            "date",
            (
                r"\bwelche[nrs]? (?:tag|datum|wochentag|monat|jahr)\b", r"\bder wievielte\b", r"\bden wievielten\b",
                r"\bdatum\b", r"\bwas (?:ist heute für|für ein) (?:ein )?tag\b", r"\bwas ist heute\b",
            ),
            ("welcher tag ist heute", "der wievielte ist heute", "welches datum haben wir"),
        ),
        (
            "switch",
            (
                r"\b(?:wechseln|wechsle|wechsel|tauschen|ändern|auswählen|wähle|aussuchen)\b",
                r"\bmit (?:jemand|wem|einem|einer) ander\w*\b", r"\bjemand anders\b", r"\bjemand anderem\b",
            ),
            ("wie wechsle ich die figur", "ich will mit jemand anderem reden", "wie kann ich wechseln"),
        ),
        (
            "others",
            (
                r"\bwer (?:ist|sind) (?:noch|sonst|die anderen)\b", r"\bwelche (?:figuren|charaktere|avatare)\b",
                r"\bandere (?:figuren|charaktere|avatare|gesichter)\b",
                r"\bbist du (?:alleine?|die einzige|der einzige)\b", r"\bwie viele (?:figuren|charaktere)\b",
            ),
            ("wer ist noch da", "gibt es andere figuren", "wer sind die anderen"),
        ),
        (
            "hear_me",
            (
                r"\b(?:kannst|könntest) du mich (?:hören|sehen|verstehen)\b", r"\b(?:hörst|verstehst|siehst) du mich\b",
                r"\bbist du da\b", r"\bhörst du\b", r"^test(?: test| eins| zwei| drei)*$",
            ),
            ("kannst du mich hören", "hörst du mich", "bist du da"),
        ),
        (
            "repeat",
            (
                r"\b(?:wiederhole?|wiederholen)\b",
                r"\b(?:sag|sagst) (?:das|es)(?: bitte)? (?:noch ?mal|nochmals|noch einmal)\b",
                r"\bwas hast du (?:eben |gerade )?gesagt\b",
                r"^(?:wie bitte|noch ?mal|noch einmal|bitte noch ?mal|hä)$",
            ),
            ("kannst du das wiederholen", "was hast du gesagt", "sag das noch einmal"),
        ),
        (
            "can_do",
            (
                r"\bwas (?:kannst|weisst|machst) du\b", r"\bhilfe\b", r"\bhilf mir\b", r"\bkannst du mir helfen\b",
                r"\bwas kann ich (?:dich )?(?:fragen|sagen|tun|machen)\b",
            ),
            ("was kannst du", "was kannst du alles", "was kann ich dich fragen", "hilf mir"),
        ),
        (
            "how_are_you",
            (
                r"\bwie gehts?\b(?! das)", r"\bwie geht es (?:dir|euch|ihnen)\b", r"\bwie fühlst du dich\b",
                r"\balles (?:klar|gut|okay)(?: bei dir)?$", r"\bwie läufts\b", r"\bwas geht\b",
            ),
            ("wie geht es dir", "wie gehts dir heute", "wie fühlst du dich"),
        ),
        (
            "name",
            (
                r"\bwie (?:heisst|heissen|ist|lautet) (?:du|sie|dein|deine|ihr)\b", r"\bdein(?:en)? name\w*\b",
                r"\bwer (?:bist|sind) (?:du|sie)\b", r"\berzähl (?:mir )?(?:was |etwas )?(?:über|von) dir?ch?\b",
                r"\bstell dich vor\b", r"\bwer ist da\b", r"\bmit wem (?:rede|spreche)\b",
            ),
            ("wie heisst du", "wer bist du", "wie ist dein name", "stell dich vor"),
        ),
        (
            "real",
            (
                r"\bbist du (?:ein|eine|echt|wirklich|überhaupt|lebendig)\b.*", r"\bkünstliche intelligenz\b",
                r"\bwas bist du\b",
            ),
            ("bist du ein roboter", "bist du echt", "bist du ein mensch", "was bist du"),
        ),
        (
            "age",
            (
                r"\bwie alt\b", r"\bdein alter\b", r"\bwann (?:bist|wurdest) du\b", r"\bdein geburtstag\b",
                r"\bgeburtstag hast du\b",
            ),
            ("wie alt bist du",),
        ),
        (
            "where", (r"\bwo (?:wohnst|lebst|bist|kommst)\b", r"\bwoher (?:kommst|bist)\b"),
            ("wo wohnst du", "woher kommst du", "wo bist du"),
        ),
        (
            "languages",
            (
                r"\b(?:sprichst|kannst|verstehst) du (?:auch )?(?:deutsch|englisch|französisch|spanisch|italienisch|"
                r"andere sprachen)\b", r"\bwelche sprachen?\b",
            ),
            ("sprichst du englisch", "welche sprachen sprichst du"),
        ),
        (
            "weather", (r"\bwetter\b", r"\b(?:regnet|schneit|regnen|schneien)\b", r"\bscheint die sonne\b"),
            ("wie ist das wetter", "regnet es"),
        ),
        (
            "joke", (r"\bwitze?\b", r"\bbring mich zum lachen\b", r"\b(?:etwas|was) lustiges\b"),
            ("erzähl mir einen witz", "kennst du einen witz"),
        ),
        ("song", (r"\b(?:sing|singen|singst)\b", r"\blied\b", r"\bmusik\b"), ("sing mir ein lied", "kannst du singen")),
        ("story", (r"\bgeschichte\b", r"\bmärchen\b"), ("erzähl mir eine geschichte",)),
        (
            "bye",
            (
                r"\b(?:tschüss?|tschau|ciao|wiedersehen|wiederhören|ade|servus machs|bis (?:bald|später|dann|morgen|"
                r"zum nächsten mal)|gute nacht|machs gut|mach es gut|ich muss (?:los|gehen|weg))\b",
            ),
            ("auf wiedersehen", "tschüss", "bis bald", "gute nacht"),
        ),
        (
            "sad",
            (
                r"\b(?:ich bin|ich fühle mich|mir ist|ich habe?|mir gehts?|es geht mir|mir geht es)\b.*\b(?:traurig|"
                r"müde|schlecht|nicht (?:so )?gut|einsam|allein|deprimiert|krank|gestresst|erschöpft|wütend|ängstlich|"
                r"angst|hunger|unglücklich|fertig|besorgt|elend)\b", r"\bschlechter tag\b", r"\bschlechten tag\b",
                r"^nicht (?:so )?gut$",
            ),
            ("ich bin traurig", "ich bin so müde", "mir geht es nicht gut"),
        ),
        (
            "bored",
            (
                r"\blangweil\w*\b", r"\berzähl (?:mir )?(?:was|etwas|irgendwas)\b", r"\bsag (?:mal )?(?:was|etwas)\b",
                r"\bunterhalte? mich\b",
            ),
            ("mir ist langweilig", "erzähl mir etwas", "sag etwas"),
        ),
        (
            "glad",
            (
                r"\b(?:ich bin|ich fühle mich|mir gehts?|es geht mir|mir geht es)\b.*\b(?:glücklich|gut|super|prima|"
                r"fröhlich|froh|toll|besser|bestens|zufrieden|wunderbar)\b",
                r"^(?:sehr |ganz |auch )?(?:gut|prima|super|bestens)(?: danke)?$",
            ),
            ("mir geht es gut", "ich bin glücklich", "es geht mir gut"),
        ),
        (
            "praise",
            (
                r"\b(?:ich )?(?:liebe?|mag) dich\b",
                r"\bdu (?:bist|siehst)(?: so| sehr| wirklich| echt| ja)? (?:schön|nett|hübsch|toll|cool|klug|schlau|"
                r"witzig|lustig|süss|super|wunderbar|grossartig|lieb|gut)\b", r"\bgut gemacht\b",
                r"\bdas ist (?:cool|toll|super|grossartig|beeindruckend|klasse)\b", r"\bfreut mich\b",
                r"\bschön dich\b",
            ),
            ("du bist schön", "ich mag dich", "du bist toll", "freut mich dich kennenzulernen"),
        ),
        (
            "insult",
            (
                r"\bdu (?:bist|siehst)(?: so| sehr| wirklich| echt| ja| ein| eine)* (?:dumm|blöd|doof|hässlich|"
                r"langweilig|idiot|schlecht|nutzlos|nervig|langsam|unfähig)\w*\b", r"\bich hasse dich\b",
                r"\bhalt (?:den mund|die klappe)\b", r"\bdu nervst\b",
            ),
            ("du bist dumm", "ich hasse dich", "du nervst"),
        ),
        (
            "sorry", (r"\b(?:tut mir leid|entschuldigung|entschuldige|verzeihung|sorry)\b",),
            ("es tut mir leid", "entschuldigung"),
        ),
        (
            "favourite",
            (
                r"\blieblings\w*\b", r"\bmagst du\b", r"\bwas (?:magst|liebst) du\b", r"\bdeine hobbys?\b",
                r"\bgefällt dir\b",
            ),
            ("was ist deine lieblingsfarbe", "was magst du"),
        ),
        (
            "hello",
            (
                r"^(?:hallo|hi|hey|servus|moin|grüezi|grüss (?:gott|dich)|guten (?:morgen|tag|abend)|hello)\b",
            ),
            ("hallo", "guten tag", "guten morgen"),
        ),
        (
            "yes",
            (
                r"^(?:ja|jo|jawohl|klar|gerne?|natürlich|okay|ok|in ordnung|genau|stimmt|richtig|bitte|ach so|aha|"
                r"cool|toll|super|wow|wirklich|interessant)(?: (?:ja|bitte|gerne?|klar|danke))*$",
            ),
            (),
        ),
        (
            "no",
            (
                r"^(?:nein|nee?|nö|eher nicht|lieber nicht|nein danke|egal|nichts|stopp?|ruhe|vergiss es|"
                r"schon gut)(?: (?:nein|danke|bitte))*$",
            ),
            (),
        ),
        (
            "thanks", (r"\b(?:danke|dankeschön|danke schön|vielen dank|besten dank|merci)\b",),
            ("danke", "vielen dank", "danke schön"),
        ),
    ),
    answers=ANSWERS,
)
