"""How German says numbers, times and dates, and how people tell about themselves in it."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from services.dialogue.companion.dates import easter, nth_weekday
from services.dialogue.companion.number_words import read_german
from services.dialogue.companion.tables import CalendarWords, MemoryWords, NumberWords

FILLERS = re.compile(
    r"\b(?:ä+h+m*|ö+h+m*|eh+m|hm+|mm+|u+h+|u+m+|halt|eben mal|sozusagen|quasi)(?=[\s,.!?]|$)[,]?", re.IGNORECASE
)
CONTRACTIONS = tuple(
    (re.compile(pattern, re.IGNORECASE), full)
    for pattern, full in (
        (r"\b(\w+t|is|hab|geh|mach|find|komm|war|tut|gib)'s\b", r"\1 es"), (r"\b(\w+)'n\b", r"\1 ein"),
        (r"\bwie geht s\b", "wie geht es"), (r"\b(geht|gibt|wars|stimmt)s\b", r"\1 es"), (r"\bich hab\b", "ich habe"),
        (r"\bich bin's\b", "ich bin es"), (r"\bhab ich\b", "habe ich"), (r"\bwars\b", "war es"), (r"\bnen\b", "einen"),
        (r"\bnix\b", "nichts"), (r"\bich glaub\b", "ich glaube"), (r"\bich find\b", "ich finde"),
    )
)  # fmt: skip

_MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni",
    "Juli", "August", "September", "Oktober", "November", "Dezember",
)  # fmt: skip
_DAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
_MONTH = "|".join(_MONTHS).lower()


def hello(now: datetime) -> str:
    return "Guten Morgen" if 4 <= now.hour < 11 else "Guten Tag" if 11 <= now.hour < 18 else "Guten Abend"


def _time(now: datetime) -> str:
    return f"{now.hour} Uhr {now.minute}" if now.minute else f"{now.hour} Uhr"


def _date(day: date) -> str:
    return f"{_DAYS[day.weekday()]}, der {day.day}. {_MONTHS[day.month - 1]} {day.year}"


def _count(number: int, one: str, more: str) -> str:
    return f"{one}" if number == 1 else f"{number} {more}"


def _duration(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [_count(hours, "eine Stunde", "Stunden")] if hours else []
    return " und ".join([*parts, _count(rest, "eine Minute", "Minuten")] if rest or not hours else parts)


CALENDAR = CalendarWords(
    months=_MONTHS,
    weekdays=_DAYS,
    holidays=tuple(
        (re.compile(pattern), said, day)
        for pattern, said, day in (
            (r"\bheilig(?:er)? ?abend\b", "Heiligabend", lambda year: date(year, 12, 24)),
            (r"\bweihnacht\w*", "Weihnachten", lambda year: date(year, 12, 25)),
            (r"\bsilvester\b", "Silvester", lambda year: date(year, 12, 31)),
            (r"\bneujahr\b", "Neujahr", lambda year: date(year, 1, 1)),
            (r"\b(?:nikolaus\w*)\b", "Nikolaus", lambda year: date(year, 12, 6)),
            (r"\bvalentinstag\b", "Valentinstag", lambda year: date(year, 2, 14)),
            (r"\bhalloween\b", "Halloween", lambda year: date(year, 10, 31)),
            (r"\bkarfreitag\b", "Karfreitag", lambda year: easter(year) - timedelta(days=2)),
            (r"\bostermontag\b", "Ostermontag", lambda year: easter(year) + timedelta(days=1)),
            (r"\bostern\b|\bostersonntag\b", "Ostern", easter),
            (r"\bpfingst\w*", "Pfingsten", lambda year: easter(year) + timedelta(days=49)),
            (r"\bmuttertag\b", "Muttertag", lambda year: nth_weekday(year, 5, 6, 2)),
            (r"\btag der (?:deutschen )?einheit\b", "Tag der Deutschen Einheit", lambda year: date(year, 10, 3)),
            (r"\btag der arbeit\b", "Tag der Arbeit", lambda year: date(year, 5, 1)),
        )
    ),
    days=tuple(
        (re.compile(pattern), days, said)
        for pattern, days, said in (
            (r"\bübermorgen\b", 2, "Übermorgen"), (r"\bvorgestern\b", -2, "Vorgestern"), (r"\bmorgen\b", 1, "Morgen"),
            (r"\bgestern\b", -1, "Gestern"), (r"\bin einer woche\b|\bnächste woche\b", 7, "In einer Woche"),
            (r"\bvor einer woche\b", -7, "Vor einer Woche"),
        )
    ),
    in_days=re.compile(r"\b(?:in|(?P<ago>vor)) (?P<number>\d+|\w+) (?P<unit>tage?n?|wochen?)\b"),
    week_units="woche",
    day_of_month=re.compile(rf"\b(?P<day>\d{{1,2}}) (?P<month>{_MONTH})\b"),
    until=re.compile(
        r"\b(?:wie (?:lange?|viele? (?:tage|wochen|stunden|minuten|mal schlafen|zeit)|oft)|wann|dauert)\b.*"
        r"\b(?:bis|noch|dauert|ist|sind|haben wir|kommt)\b"
    ),
    asks_time=re.compile(r"\bwie (?:spät|viel uhr|viele uhr)\b|\bwieviel uhr\b|\buhrzeit\b|\bwelche zeit\b|^(?:die "
        r")?zeit$"),
    elsewhere=re.compile(
        r"\b(?:spät|uhr|uhrzeit|zeit)\b.*\bin (?!(?:dieser|diesem|dem|deiner|meiner|deinem|meinem|worten)\b)[^\W\d]+"
    ),
    asks_date=re.compile(
        r"\bdatum\b|\b(?:der|den) wievielte\w*\b|\bwelche[nrs]? tag im monat\b|\bwann (?:ist|sind|haben wir|kommt|"
        r"war)\b"
    ),
    asks_weekday=re.compile(
        r"\bwelche[nrs]? (?:wochen)?tag\b|\bwas (?:ist|haben wir)(?: denn)? (?:heute|morgen|übermorgen|gestern)(?: für "
        r"ein(?:en)? tag)?$|"
        r"\bwas (?:ist|war)(?: \w+)? für ein (?:wochen)?tag\b|\bwas für (?:ein|einen) (?:wochen)?tag\b|\bwochentag\b|"
        r"\b(?:ist|haben wir) (?:heute|morgen) (?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)\b"
    ),
    asks_month=re.compile(r"\bwelche[nrs]? monat\b"),
    asks_year=re.compile(r"\b(?:welche[ns]?|in welchem) jahr\b(?! (?:war|wurde|hat|ist|begann))"),
    clock=re.compile(r"\b(?P<hour>\d{1,2}) uhr(?: (?P<minute>\d{1,2}))?\b"),
    clock_words={"mittag": 12, "mitternacht": 0},
    weekend=re.compile(r"\bwochenende\b"),
    time=_time,
    date=_date,
    duration=_duration,
    days_text=lambda days: _count(days, "ein Tag", "Tage"),
)  # fmt: skip

NUMBERS = NumberWords(
    read=read_german,
    operators={
        tuple(words.split()): operator
        for words, operator in {
            "+": "+", "plus": "+", "-": "-", "−": "-", "–": "-", "minus": "-", "weniger": "-", "*": "*", "×": "*",
            "·": "*", "x": "*", "mal": "*", "multipliziert mit": "*", "/": "/", "÷": "/", ":": "/", "durch": "/",
            "geteilt durch": "/", "dividiert durch": "/", "^": "^", "hoch": "^", "zum quadrat": "²",
            "im quadrat": "²", "quadrat von": "²", "²": "²", "³": "³", "%": "%", "prozent": "%", "% von": "%of",
            "prozent von": "%of", "prozent aus": "%of", "von": "of", "aus": "of", "die hälfte von": "half",
            "hälfte von": "half", "die hälfte": "half", "das doppelte von": "double", "doppelte von": "double",
            "das dreifache von": "triple", "die wurzel aus": "sqrt", "wurzel aus": "sqrt", "die wurzel von": "sqrt",
            "wurzel von": "sqrt", "quadratwurzel aus": "sqrt", "quadratwurzel von": "sqrt", "wurzel": "sqrt",
            "√": "sqrt", "summe aus": "sum", "summe von": "sum", "addiere": "sum", "differenz aus": "difference",
            "differenz von": "difference", "produkt aus": "product", "produkt von": "product",
            "multipliziere": "product", "teile": "quotient", "dividiere": "quotient", "subtrahiere": "subtract",
            "modulo": "mod", "(": "(", ")": ")", "klammer auf": "(", "klammer zu": ")", "=": "=", "gleich": "=",
            "ist gleich": "=", "und": "and", "mit": "with", "zu": "with",
        }.items()
    },
    ignored=frozenset(
        ["was", "ist", "sind", "wie", "viel", "wieviel", "viele", "macht", "ergibt", "gibt", "rechne", "berechne",
            "bitte", "sag", "mir", "kannst", "du", "weisst", "das", "die", "der", "ergebnis", "denn", "dann", "so",
            "also", "okay", "mal", "eigentlich", "schnell", "aus", "ich", "möchte", "wissen", "wäre", "ist's", "hey",
            "ok", "von", "ausrechnen", "rechnen"]
    ) - {"mal", "von", "aus"},
    guess_words=frozenset(["vielleicht", "zahl", "rate", "sage", "denke", "nehme", "es", "die", "der", "das", "eine",
        "ist", "dann", "versuche", "tippe", "auf"]),
    decimal_mark=",",
    minus="minus",
    about="etwa",
    over="durch",
)  # fmt: skip

_STOP_WORDS = """
aber abend ach alle allein alleine allem alles als also alt am an andere anders angst ans arbeit arbeite arbeiten arzt
auch auf aus bald begeistert bei beide beim bereit bereits besser beste bestimmt bin bis bist bitte blöd böse da dabei
dafür daheim damit danach dann daran darauf darf darum das dass dein deine dem den denn der des deshalb dich die dies
diese diesem dieser dir doch dort draussen drei du dumm durch dran dran ebenfalls eben echt egal eher ehrlich eigentlich
ein eine einem einen einer eines einfach einige einmal einsam einverstanden endlich er erkältet erst es etwa etwas euch
euer fast fertig fit frage fragen frau frei freut freund fremd froh fröhlich früh für furchtbar gar ganz geboren
    gegangen
gekommen gelangweilt genau genug gerade gern gerne geschieden gespannt gestern gestresst gesund gewesen gewiss ging
glücklich grad gross gut guten habe haben hallo halt hast hat hatte hause heute hi hier hin hinter hungrig ich ihm ihn
ihnen ihr ihre im immer in ins interessiert ist ja jede jeder jedes jemand jetzt jung kann kaputt kein keine keiner
    kennst
klar klein klug komisch kommt krank kurz lang lange langsam langweilig laut leer leider leise lieb lieber ledig lustig
mach macht mal man manchmal mann mehr mein meine meinen meiner mensch mich mir mit mittag mittlerweile möchte morgen
    müde
musik muss nach nachher nacht nämlich natürlich neben nein nervös nett neu nicht nichts nie niemand nirgends nö noch
nochmal nun nur ob oder ohne okay oh ordnung prima pünktlich raus recht reich rein rentner richtig ruhig sag sage sagen
satt sauer schade schlecht schlimm schön schon schüchtern schuld sehr seid sein seine seit selber selbst sich sicher sie
sind so sofort sogar soll sonst spät später stark still stolz student studentin super süss tja toll tot traurig trotzdem
tut über überhaupt überrascht übrigens um und unglücklich uns unser unter unterwegs unzufrieden verheiratet verliebt
verloren verrückt verwirrt viel viele vielleicht vier vom von vor wach wann war warst warte warum was weg weil weiss
weiter welche wem wen wenig wenn wer werde weshalb wie wieder wieso will wir wird wirklich wo woher wohl worden wütend
zehn zu zufrieden zuhause zum zur zurück zusammen zwar zwei zwischen äh ähm hm deutscher deutsche österreicher schweizer
name namens heisse heissen heisst vorname nachname einzige erste letzte unsicher enttäuscht erschöpft hoffnungslos
    schwanger
"""
_ENDS = r"(?=\s*(?:$|[,.!?;]|\b(?:und|aber|aus|bitte|freut|wie|was|wer|ich|schön|kannst|mein|meine|übrigens)\b))"
_NAME = r"(?P<value>[^\W\d_]+(?:[-'][^\W\d_]+)*)"
_ANIMALS = (
    r"(?P<subject>hund|hündin|katze|kater|kätzchen|welpe|pferd|pony|vogel|papagei|wellensittich|kaninchen|hase|hamster|"
    r"meerschweinchen|fisch|goldfisch|schlange|schildkröte|maus|ratte|ziege|esel|huhn)"
)
_RELATIVES = (
    r"(?P<subject>schwester|bruder|mutter|vater|mama|papa|frau|mann|partner|partnerin|freundin|freund|sohn|tochter|"
    r"baby|"
    r"oma|opa|grossmutter|grossvater|großmutter|großvater|tante|onkel|cousin|cousine|nichte|neffe|enkel|enkelin|chef|"
    r"chefin|nachbar|nachbarin)"
)


def _swap(text: str) -> str:
    """The words as they are said back to the person."""
    swaps = {"ich": "du", "mich": "dich", "mir": "dir", "wir": "ihr", "uns": "euch", "unser": "euer"}
    text = re.sub(r"\b([Mm])ein(e[mnrs]?)?\b", lambda m: f"{'d' if m[1] == 'm' else 'D'}ein{m[2] or ''}", text)
    return re.sub(r"\w+", lambda word: swaps.get(word[0].lower(), word[0]), text)


def _infinitive(verb: str) -> str:
    """ "spiele" becomes "spielen", "segle" becomes "segeln"; the stem of other verbs is in the first person, too."""
    if re.search(r"[^aeiouäöüyl]le$", verb):
        return f"{verb[:-2]}eln"
    return f"{verb}n" if verb.endswith("e") else verb


_VERBS = {
    "bin": "bist", "war": "warst", "habe": "hast", "hatte": "hattest", "werde": "wirst", "will": "willst",
    "kann": "kannst", "konnte": "konntest", "muss": "musst", "musste": "musstest", "darf": "darfst", "mag": "magst",
    "möchte": "möchtest", "wollte": "wolltest", "gehe": "gehst", "ging": "gingst", "fahre": "fährst", "mache": "machst",
    "arbeite": "arbeitest", "wohne": "wohnst", "lerne": "lernst", "spiele": "spielst", "lese": "liest", "koche":
    "kochst",
    "glaube": "glaubst", "finde": "findest", "denke": "denkst", "suche": "suchst", "brauche": "brauchst", "sollte":
    "solltest",
    "schreibe": "schreibst", "weiss": "weißt", "sehe": "siehst", "treffe": "triffst", "höre": "hörst", "fühle":
    "fühlst",
    "komme": "kommst", "bleibe": "bleibst", "kaufe": "kaufst", "vermisse": "vermisst", "überlege": "überlegst",
}  # fmt: skip


def echo(text: str) -> str:
    """See `tables.Language.echo`: "ich war zu Hause" becomes "du warst zu Hause"; only of verbs that are known."""
    if len(text.split()) > 14 or re.search(r"\b(?:du|dich|dir|dein\w*|sie|ihr)\b", text, re.IGNORECASE):
        return ""
    match = re.match(
        r"(?:und |aber |also |ja |nein |na ja )*(?:(?P<front>[^,]{2,30}) )??(?P<a>\w+) "
        r"(?P<b>\w+)\b(?P<rest>.*)$",
        text,
        re.IGNORECASE,
    )
    while match:
        first, second = match["a"].lower(), match["b"].lower()
        rest = match["rest"]
        if re.search(r"\bich\b", rest, re.IGNORECASE):
            return ""
        if first == "ich" and not match["front"] and second in _VERBS:
            return f"du {_VERBS[second]}{_swap(rest)}"
        if second == "ich" and first in _VERBS and match["front"]:
            return f"{_swap(match['front'])} {_VERBS[first]} du{_swap(rest)}"
        return ""
    return ""


MEMORY = MemoryWords(
    name=tuple(
        re.compile(pattern, re.IGNORECASE)
        for pattern in (
            rf"\b(?:mein|der) (?:vor)?name(?: ist| lautet|)(?: eigentlich)? (?!nicht\b){_NAME}",
            rf"\bich hei(?:ß|ss)e (?:eigentlich |übrigens )?(?!nicht\b){_NAME}",
            rf"\b(?:nenn|nenne|nennt) mich (?:einfach |bitte |ruhig )?{_NAME}",
            rf"\b(?:man|alle|meine freunde) nenn(?:t|en) mich {_NAME}",
            rf"\bnicht [^\W\d_]+,? sondern {_NAME}{_ENDS}",
        )
    ),
    maybe_name=(re.compile(rf"(?:\b[Ii]ch bin (?:der |die |es,? )?|\b[Hh]ier (?:ist|spricht) (?:der |die "
        rf")?){_NAME}{_ENDS}"),),
    not_name=re.compile(
        r"\b(?:das|so) (?:ist nicht mein name|hei(?:ß|ss)e ich nicht)\b|\bich hei(?:ß|ss)e nicht\b|"
        r"\bmein name ist nicht\b|\bnenn mich nicht\b|\bfalscher name\b",
        re.IGNORECASE,
    ),
    not_names=frozenset(_STOP_WORDS.replace("ß", "ss").split()),
    asks_name=("wie heisst du", "dein name", "darf ich dich nennen", "soll ich dich nennen", "wie ist denn dein"),
    remarks=tuple(
        (kind, re.compile(pattern, re.IGNORECASE))
        for kind, pattern in (
            ("age", r"\bich bin (?P<value>\d{1,3}|\w+)(?: jahre)? alt\b"),
            ("age", r"\bich bin (?P<value>\d{1,3}|\w+) jahre\b"),
            ("home", r"\bich (?:wohne|lebe) (?:\w+ )?(?:in|bei|nahe) (?P<value>[^.!?;]{2,60})"),
            ("origin", r"\bich (?:komme|bin|stamme) (?:ursprünglich )?aus (?P<value>[^.!?;]{2,60})"),
            ("work", r"\bich arbeite (?:\w+ )?als (?P<value>[^.!?;]{2,60})"),
            ("work", r"\bich bin (?:ein |eine )?(?P<value>(?:\w*(?:lehrer|ärztin|arzt|ingenieur|student|pfleger|"
             r"schwester|"
             r"koch|köchin|fahrer|bauer|bäuerin|gärtner|bäcker|tischler|schreiner|elektriker|architekt|programmierer|"
             r"entwickler|künstler|musiker|maler|verkäufer|rentner|handwerker|friseur|polizist|anwalt|anwältin|"
             r"wissenschaftler|journalist|schüler|erzieher|informatiker)(?:in)?))\b(?! und ich bin)"),
            ("work", r"\bmein (?:beruf|job) ist (?P<value>[^.!?;]{2,60})"),
            ("pet", rf"\b(?:habe|haben|besitze) (?:einen?|ein|auch|meinen?|\s)*(?:\w+ )?{_ANIMALS}(?:e|en|n)?(?:,? "
             rf"(?:namens|der|die|das|sie|er)?"
             rf"(?: hei(?:ß|ss)t)? {_NAME}(?: hei(?:ß|ss)t)?)?"),
            ("pet", rf"\bmeine? {_ANIMALS} (?:hei(?:ß|ss)t|nenne ich) (?P<value>[^\W\d_]+)$"),
            ("pet", rf"\bmeine? {_ANIMALS} hei(?:ß|ss)t {_NAME}"),
            ("relative", rf"\bmeine? {_RELATIVES} hei(?:ß|ss)t {_NAME}"),
            ("relative", rf"\bmeine? {_RELATIVES},? (?P<value>(?-i:[A-ZÄÖÜ])[^\W\d_]+)"),
            ("relative", rf"\bhabe (?:eine?n? )(?:\w+ )?{_RELATIVES},? (?:namens|der|die)? ?{_NAME}(?: hei(?:ß|ss)t)?"),
            ("favourite", r"\bmeine? lieblings(?P<subject>\w+) (?:ist|sind) (?P<value>[^.!?;]{2,60})"),
            ("dislike", r"\bich (?:hasse|verabscheue) (?!(?:es|das|dich)\b)(?P<value>[^.!?;]{2,80})"),
            ("dislike", r"\bich mag (?:keinen?|kein) (?P<value>[^.!?;]{2,80})"),
            ("dislike", r"\bich mag (?!(?:es|das|dich|keine?n?)\b)(?P<value>[^.!?;]{2,60}?) (?:gar |überhaupt "
             r")?nicht\b"),
            ("like", r"\bich (?:mag|liebe|geniesse) (?!(?:es|das|dich|keine?n?|"
             r"nicht)\b)(?![^.!?;]*\bnicht\b)(?P<value>[^.!?;]{2,80})"),
            ("like_doing", r"\bich (?P<value>(?!habe|bin|würde|hätte|möchte|mag|sehe dich)\w+e) (?:(?:sehr|auch|so|"
             r"nur) )?gern\w*(?: (?!und\b)(?P<subject>"
             r"[^\s.,!?;]+(?: (?!und\b)[^\s.,!?;]+)?))?"),
            ("like", r"\bich interessiere mich (?:sehr )?für (?P<value>[^.!?;]{2,80})"),
        )
    ),
    value_end=re.compile(
        r",|\s+(?:aber|weil|denn|obwohl|seit|sehr|so gern\w*|gern\w*|am liebsten|auch|und (?:ich|mein\w*|du|es|er|sie|"
        r"wir|das|was|wie)|"
        r"im moment|gerade|was|wie|wenn|über alles)\b",
        re.IGNORECASE,
    ),
    infinitive=_infinitive,
    swap=_swap,
)  # fmt: skip
