"""How English says numbers, times and dates, and how people tell about themselves in it."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from services.dialogue.companion.dates import easter, nth_weekday
from services.dialogue.companion.number_words import read_english
from services.dialogue.companion.tables import CalendarWords, MemoryWords, NumberWords

FILLERS = re.compile(
    r"\b(?:u+h+|u+m+|e+r+|erm|hm+|mm+|you know,|i mean,|kind of|sort of|like,|basically|literally)(?=[\s,.!?]|$)[,]?",
    re.IGNORECASE,
)
CONTRACTIONS = tuple(
    (re.compile(pattern, re.IGNORECASE), full)
    for pattern, full in (
        (r"\bcan(?:'t|not|t)\b(?!-)", "can not"), (r"\bwon'?t\b(?!\w)", "will not"), (r"\bshan'?t\b", "shall not"),
        (r"\bi'?m\b", "I am"), (r"\bive\b", "I have"), (r"\blet'?s\b", "let us"), (r"\by'?all\b", "you all"),
        (r"\b(do|does|did|is|are|was|were|have|has|had|could|would|should)n'?t\b", r"\1 not"),
        (r"\b(you|they|we)(?:'re)\b", r"\1 are"), (r"\byoure\b", "you are"), (r"\btheyre\b", "they are"),
        (r"\b(\w+)'ve\b", r"\1 have"), (r"\b(\w+)'ll\b", r"\1 will"), (r"\b(i|you|he|she|we|they)'d\b", r"\1 would"),
        (r"\b(what|how|where|who|when|that|it|there|here|he|she|name|why)'s\b", r"\1 is"),
        (r"\b(what|how|where|who|that|there)s\b", r"\1 is"), (r"\bgonna\b", "going to"), (r"\bwanna\b", "want to"),
        (r"\bgotta\b", "got to"), (r"\bdunno\b", "do not know"), (r"\bmy names (?=\w)", "my name is "),
    )
)  # fmt: skip

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NUMBER = r"(?:\d+|[a-z]+(?: (?:one|two|three|four|five|six|seven|eight|nine))?)"
_ORDINALS = r"st|nd|rd|th"


def hello(now: datetime) -> str:
    return "Good morning" if 4 <= now.hour < 12 else "Good afternoon" if 12 <= now.hour < 18 else "Good evening"


def _time(now: datetime) -> str:
    part = "at night" if now.hour < 4 or now.hour >= 22 else f"in the {hello(now).split()[1]}"
    hour = now.hour % 12 or 12
    return f"{hour} o'clock {part}" if now.minute == 0 else f"{hour}:{now.minute:02} {part}"


def _date(day: date) -> str:
    ending = "th" if 11 <= day.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return f"{_DAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}{ending}, {day.year}"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _duration(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [_count(hours, "hour")] if hours else []
    return " and ".join([*parts, _count(rest, "minute")] if rest or not hours else parts)


CALENDAR = CalendarWords(
    months=_MONTHS,
    weekdays=_DAYS,
    holidays=tuple(
        (re.compile(pattern), said, day)
        for pattern, said, day in (
            (r"\bchristmas eve\b", "Christmas Eve", lambda year: date(year, 12, 24)),
            (r"\b(?:christmas|xmas)\b", "Christmas Day", lambda year: date(year, 12, 25)),
            (r"\bnew years? eve\b", "New Year's Eve", lambda year: date(year, 12, 31)),
            (r"\bnew years?\b", "New Year", lambda year: date(year, 1, 1)),
            (r"\bvalentines?\b", "Valentine's Day", lambda year: date(year, 2, 14)),
            (r"\bhalloween\b", "Halloween", lambda year: date(year, 10, 31)),
            (r"\beaster monday\b", "Easter Monday", lambda year: easter(year) + timedelta(days=1)),
            (r"\bgood friday\b", "Good Friday", lambda year: easter(year) - timedelta(days=2)),
            (r"\beaster\b", "Easter Sunday", easter),
            (r"\bthanksgiving\b", "Thanksgiving", lambda year: nth_weekday(year, 11, 3, 4)),
            (r"\bindependence day\b", "Independence Day", lambda year: date(year, 7, 4)),
            (r"\bboxing day\b", "Boxing Day", lambda year: date(year, 12, 26)),
        )
    ),
    days=tuple(
        (re.compile(pattern), days, said)
        for pattern, days, said in (
            (r"\bday after tomorrow\b", 2, "The day after tomorrow"),
            (r"\bday before yesterday\b", -2, "The day before yesterday"),
            (r"\btomorrow\b", 1, "Tomorrow"),
            (r"\byesterday\b", -1, "Yesterday"),
            (r"\bnext week\b", 7, "A week from now"),
            (r"\ba week ago\b", -7, "A week ago"),
        )
    ),
    in_days=re.compile(
        r"\b(?:in |(?=(?:\w+ ){1,3}(?:days?|weeks?) (?:ago|from)\b))"
        rf"(?P<number>{_NUMBER}) (?P<unit>days?|weeks?)\b(?P<ago> ago)?"
    ),
    week_units="week",
    day_of_month=re.compile(
        rf"\b(?=(?:the )?(?:\d{{1,2}}(?:{_ORDINALS})? (?:of )?(?:{'|'.join(_MONTHS).lower()})\b"
        rf"|(?:{'|'.join(_MONTHS).lower()}) (?:the )?\d{{1,2}}(?:{_ORDINALS})?\b))"
        rf"(?=[^\d]*(?P<day>\d{{1,2}}))(?=.*?\b(?P<month>{'|'.join(_MONTHS).lower()})\b)"
    ),
    until=re.compile(
        r"\b(?:how (?:long|many (?:days|weeks|hours|minutes|sleeps)|far|soon|much time)|days|when)\b.*"
        r"\b(?:until|till|til|to|before|is|left|away)\b"
    ),
    asks_time=re.compile(
        r"\bwhat(?: is)? (?:the )?time\b(?! (?:do|does|did|will) you)|\bwhat time\b|\b(?:got|have|is|know|tell me|me|"
        r"say) the time\b(?! to)|"
        r"\bhow late is\b|\btime is it\b|^(?:the )?time(?: please)?$|\bwhat tame\b"
    ),
    elsewhere=re.compile(
        r"\b(?:time|late)\b.*\bin (?!(?:here|there|the|a|an|your|my|our|this|that|english|german|words)\b)[^\W\d]+"
        r"|\bin the (?:us|usa|uk|states|netherlands|philippines)\b"
    ),
    asks_date=re.compile(
        r"\bwhat(?: is| was| will be)? (?:the |todays |tomorrows )?date\b|\b(?:the|todays) date\b|\bwhat is today\b|"
        r"\bwhat date\b|\bwhen is\b|^(?:the )?date(?: please)?$|\bwhat day of the month\b"
    ),
    asks_weekday=re.compile(
        r"\b(?:what|which) (?:day|weekday)\b(?! of the month)|\bwhat(?: is)? (?:the )?day\b|\bday is (?:it|today|"
        r"tomorrow)\b|"
        r"\bday of the week\b|\bis (?:it|today) (?:a )?(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b|"
        r"\bwhat (?:will|was) (?:tomorrow|yesterday)\b|\bon (?:what|which) day\b"
    ),
    asks_month=re.compile(r"\b(?:what|which) month\b"),
    asks_year=re.compile(r"\b(?:what|which) year (?:is|are|do|it)\b|\bwhat year$|\bwhat is the year\b"),
    clock=re.compile(r"\b(?P<hour>\d{1,2})(?: (?P<minute>\d{2}))? ?(?:oclock|o clock|(?P<half>am|pm)|a m)\b"),
    clock_words={"noon": 12, "midday": 12, "midnight": 0},
    weekend=re.compile(r"\bweekend\b"),
    time=_time,
    date=_date,
    duration=_duration,
    days_text=lambda days: _count(days, "day"),
)

NUMBERS = NumberWords(
    read=read_english,
    operators={
        tuple(words.split()): operator
        for words, operator in {
            "+": "+", "plus": "+", "added to": "+", "-": "-", "−": "-", "–": "-", "minus": "-", "less": "-",
            "take away": "-", "*": "*", "×": "*", "·": "*", "x": "*", "times": "*", "multiplied by": "*",
            "multiplied with": "*", "/": "/", "÷": "/", ":": "/", "divided by": "/", "over": "/", "^": "^",
            "to the power of": "^", "to the power": "^", "raised to": "^", "squared": "²", "cubed": "³", "²": "²",
            "³": "³", "%": "%", "percent": "%", "per cent": "%", "% of": "%of", "percent of": "%of",
            "per cent of": "%of", "of": "of", "half": "half", "half of": "half", "double": "double", "twice": "double",
            "triple": "triple", "square root of": "sqrt", "square root": "sqrt", "root of": "sqrt", "√": "sqrt",
            "sum of": "sum", "add": "sum", "difference between": "difference", "difference of": "difference",
            "product of": "product", "multiply": "product", "quotient of": "quotient", "divide": "quotient",
            "subtract": "subtract", "mod": "mod", "modulo": "mod", "(": "(", ")": ")", "=": "=", "equals": "=",
            "and": "and", "with": "with", "by": "with", "from": "with", "to": "with",
        }.items()
    },
    ignored=frozenset(
        ["what", "is", "are", "how", "much", "many", "does", "do", "you", "make", "makes", "get", "equal", "calculate",
            "compute", "please", "tell", "me", "can", "could", "the", "a", "an", "result", "answer", "so", "ok", "okay",
            "hey", "then", "now", "know", "work", "out", "figure", "quick", "quickly", "and", "i", "to", "would",
            "like", "know", "it", "be", "will", "if", "for", "solve", "give"]
    ),
    guess_words=frozenset(["maybe", "perhaps", "number", "guess", "say", "think", "my", "then", "try", "about", "one",
        "hundred", "it's", "lets"]),
    decimal_mark=".",
    minus="minus",
    about="about",
    over="over",
)  # fmt: skip

_STOP_WORDS = """
a able about above across actually afraid after afternoon again against ago ah ai alive all almost alone along already
also always am amazing an and angry annoyed another any anybody anymore anyone anything anyway are around as ask asking
at away awake awesome back bad be beautiful because been before behind being below best better between big bit bored
boring both boy bright bring broke busy but by bye call called calling came can cat class clear close cold come coming
complicated confused cool could crazy curious currently day dead dear depressed did different difficult disappointed
do doctor does dog doing done down dude during each early easy either else embarrassed empty english enough even ever
every everybody everyone everything exactly excited exhausted fair fan far fast fat feel feeling few fine first for
forgotten free freezing french friend from full fun funny game german girl give glad go god going gone gonna good got
grateful great guess had half happy hard has hate have having he hello help her here hers hey hi him his home honest
hoping hot how however hungry i ice idea if ill im impressed in inside instead interested interesting into is it its
itself job just keen kid kidding kind know known last late later learning least leaving left less let like listening
little live living lonely long looking lost lot love lovely low lucky lying mad made make man many married maybe me mean
mine more morning most mother mr mrs ms much must my myself name named names near need nervous never new next nice night
no nobody none nope nor normal not nothing now of off often oh ok okay old on once one only open or other others our out
outside over own paul's person please poor pretty proud quite ready real really right sad safe said same say saying
scared second secret see seen serious she short should shy sick silly simple since single sitting sleepy slow small
smart so some somebody someone something sometimes sorry sort speaking special still stop strange stressed strong stuck
student stupid such sure surprised talk talking tall teacher tell telling terrible terrified than thank thanks that the
their them then there these they thing things think thinking thirsty this those though thought through time tired to
today together told tomorrow tonight too tough true trying twenty two ugly um under unhappy until up upset us used
usually very wait waiting want was watching way we weird well went were what whatever when where which while who whole
whom whose why will wish with without woman wonderful wondering work working worried worst would wow wrong yeah year
years yes yesterday yet you young your yours yourself uh hmm american british catholic christian jewish muslim european
african asian chinese indian italian spanish russian irish scottish
"""
_ENDS = r"(?=\s*(?:$|[,.!?;]|\b(?:and|but|from|by the way|nice|pleased|please|what|how|who|i am|can|do|my|so)\b))"
_NAME = r"(?P<value>[^\W\d_]+(?:[-'][^\W\d_]+)*)"
_CLAUSE = r"(?P<value>[^.!?;]{2,80})"
_ANIMALS = (
    r"(?P<subject>dog|cat|puppy|kitten|horse|pony|bird|parrot|budgie|rabbit|bunny|hamster|guinea pig|fish|goldfish|"
    r"snake|turtle|tortoise|mouse|rat|goat|donkey|chicken)"
)
_RELATIVES = (
    r"(?P<subject>sister|brother|mother|father|mum|mom|dad|wife|husband|partner|girlfriend|boyfriend|son|daughter|"
    r"baby|grandmother|grandma|grandfather|grandpa|aunt|uncle|cousin|niece|nephew|best friend|friend|boss|"
    r"granddaughter|grandson|neighbour|neighbor)"
)


def _swap(text: str) -> str:
    """The words as they are said back to the person."""
    swaps = {
        "my": "your", "i": "you", "me": "you", "mine": "yours", "am": "are", "myself": "yourself", "your": "my",
        "you": "me", "our": "your", "us": "you", "we": "you", "was": "was",
    }  # fmt: skip
    return re.sub(r"[\w']+", lambda word: swaps.get(word[0].lower(), word[0]), text)


def echo(text: str) -> str:
    """See `tables.Language.echo`: "I went home" becomes "you went home"."""
    match = re.match(r"(?:and |but |so |well |because |yesterday |today |then )*i\s+(?!do not know|am not sure)(.+)",
        text, re.IGNORECASE)
    if not match or len(text.split()) > 14 or re.search(r"\b(?:you|your|yourself)\b", match[1], re.IGNORECASE):
        return ""
    rest = _swap(match[1])
    rest = re.sub(r"^was\b", "were", rest, flags=re.IGNORECASE)
    rest = re.sub(r"\b(and you|you) was\b", r"\1 were", rest, flags=re.IGNORECASE)
    return f"you {rest}"


MEMORY = MemoryWords(
    name=tuple(
        re.compile(pattern, re.IGNORECASE)
        for pattern in (
            rf"\bmy (?:first |real |full )?name(?: is|)(?: actually| really| just)? (?!not\b){_NAME}",
            rf"\b(?:call me|people call me|everyone calls me|friends call me|you can call me|just call me) "
            rf"{_NAME}{_ENDS}",
            rf"\bI am (?:called|named) {_NAME}",
            rf"\b(?:the )?name is (?!not\b){_NAME}{_ENDS}",
            rf"\bnot [^\W\d_]+,? (?:but|it is|I am|my name is) {_NAME}{_ENDS}",
        )
    ),
    maybe_name=(
        re.compile(rf"(?:\b[Ii] am|\b[Tt]his is|^[Ii]t is|\b[Ii]t is me,?) {_NAME}{_ENDS}"),
    ),
    not_name=re.compile(
        r"\b(?:that|this|it) is not my name\b|\bmy name is not\b|\b(?:do not|stop) call(?:ing)? me\b|\bwrong name\b|"
        r"\bI am not called\b",
        re.IGNORECASE,
    ),
    not_names=frozenset(_STOP_WORDS.split()),
    asks_name=("your name", "may i call you", "what is it", "should i call you", "are you called", "name is yours"),
    remarks=tuple(
        (kind, re.compile(pattern, re.IGNORECASE))
        for kind, pattern in (
            ("age", r"\bI am (?P<value>\d{1,3}|[a-z]+(?:[ -][a-z]+)?) years old\b"),
            ("age", r"\bI am (?P<value>\d{1,3})$"),
            ("home", rf"\bI live (?:in|near|at) {_CLAUSE}"),
            ("origin", rf"\bI (?:am|come) (?:originally )?from {_CLAUSE}"),
            ("work", r"\bI (?:work as|am working as) (?P<value>an? [^.!?;]{2,60})"),
            ("work", r"\bI am (?P<value>an? (?:\w+ )?(?:nurse|teacher|doctor|engineer|student|programmer|developer|"
             r"cook|"
             r"chef|driver|farmer|lawyer|writer|artist|musician|gardener|carpenter|baker|plumber|electrician|scientist|"
             r"designer|manager|pilot|photographer|journalist|librarian|waiter|waitress|nurse|mechanic|architect|"
             r"pensioner|painter|singer|dentist|vet|accountant|actor|actress|policeman|firefighter|builder))\b"),
            ("work", r"\bmy job is (?P<value>[^.!?;]{2,60})"),
            ("pet", rf"\b(?:have|got|own) (?:an? |the |my )?(?:\w+ )?{_ANIMALS}s?(?: (?:and (?:his|her|its|the) name "
             rf"is|called|named|"
             rf"whose name is) {_NAME})?"),
            ("pet", rf"\bmy {_ANIMALS}(?:'?s)?(?: name)? is(?: called| named)? (?P<value>[A-Z][^\W\d_]+)"),
            ("pet", rf"\bmy {_ANIMALS}(?:'?s name is| is (?:called|named)|s name is) {_NAME}"),
            ("relative", rf"\bmy {_RELATIVES}(?:'?s name is| is (?:called|named)|s name is) {_NAME}"),
            ("relative", rf"\bmy {_RELATIVES},? (?P<value>(?-i:[A-Z])[^\W\d_]+)"),
            ("relative", rf"\b(?:have|got) an? (?:\w+ )?{_RELATIVES} (?:called|named) {_NAME}"),
            ("favourite", r"\bmy favou?rite (?P<subject>\w+(?: \w+)?) (?:is|are) (?P<value>[^.!?;]{2,60})"),
            ("dislike", r"\bI (?:really |just )?(?:hate|dislike|can not stand|do not (?:really )?like|detest) "
             r"(?!(?:it|that|this|you|to hear)\b)(?P<value>[^.!?;]{2,80})"),
            ("like", r"\bI (?:really |also |just |do |absolutely )*(?:like|love|enjoy|adore|am into|am fond of|am "
             r"interested in) "
             r"(?!(?:it|that|this|you|him|her|them|your)\b)(?P<value>[^.!?;]{2,80})"),
        )
    ),
    value_end=re.compile(
        r",|\s+(?:but|because|although|since|so much|so that|very much|a lot|most|too|as well|and (?:I|my|you|it|he|"
        r"she|we|they|what|how)|"
        r"now|right now|with my|when|at the moment|what|how)\b",
        re.IGNORECASE,
    ),
    infinitive=lambda verb: verb,
    swap=_swap,
)  # fmt: skip
