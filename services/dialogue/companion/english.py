"""The companion's intents in English."""

from __future__ import annotations

import re
from datetime import datetime

from services.dialogue.companion.english_answers import ANSWERS
from services.dialogue.companion.phrases import Phrases, intents, part_of_day

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _time(now: datetime) -> str:
    part = "at night" if now.hour < 4 else ("in the morning", "in the afternoon", "in the evening")[part_of_day(now)]
    hour = now.hour % 12 or 12
    return f"{hour} o'clock {part}" if now.minute == 0 else f"{hour}:{now.minute:02} {part}"


def _date(now: datetime) -> str:
    ending = "th" if 11 <= now.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(now.day % 10, "th")
    return f"{_DAYS[now.weekday()]}, {_MONTHS[now.month - 1]} {now.day}{ending}, {now.year}"


ENGLISH = Phrases(
    conjunction="and",
    hello=lambda now: ("Good morning", "Good afternoon", "Good evening")[part_of_day(now)],
    short_hello="Hello{person}!",
    time=_time,
    date=_date,
    greeting=re.compile(
        r"^(?:(?:hello|hallo|hullo|hi|hey|howdy|greetings|good (?:morning|afternoon|evening|day)|hi there|"
        r"hello there)(?: there| again)?\b ?)+"
    ),
    self_introduction=re.compile(
        r"\b(?:my names?(?: is)?|call me|i am called|im called|name is) (?!not\b|is\b)(\w+)"
    ),
    not_names=frozenset(
        ("a", "again", "an", "in", "it", "no", "not", "please", "that", "the", "there", "what", "you", "your")
    ),
    intents=intents(
        (
            "whats_my_name",
            (
                r"\bwhats? (?:is )?my name\b", r"\bwho am i\b", r"\b(?:know|remember) (?:my name|who i am|me)\b",
            ),
            ("what is my name", "do you remember my name", "who am i"),
        ),
        ("my_name", (r"\bmy names?(?: is)? (?!not\b)\w+", r"\bcall me \w+", r"\b(?:i am|im) called \w+"), ()),
        (
            "connect",
            (
                r"\b(?:connect|set ?up|install|use|add|configure|plug in)\b.*\b(?:language model|model|llm|olla?ma|ai|"
                r"brain|chat ?gpt)\b", r"\blanguage model\b", r"\bl l m\b", r"\bolla?ma\b",
            ),
            ("how do i connect a language model", "how can i connect one", "how do i connect one"),
        ),
        (
            "visavis",
            (
                r"\b(?:what|who)(?: is|s)? (?:is )?(?:visavis|vis a vis|visa vis|viz a viz)\b",
                r"\b(?:vis a vis|visavis)\b", r"\bwhat is this\b",
                r"\bwhat (?:program|software|app|system) (?:is|are)\b",
            ),
            ("what is visavis", "tell me about visavis", "what is this", "what is this place"),
        ),
        (
            "how_work",
            (
                r"\bhow (?:do|does|are|did) (?:you|this|it|all this|the system) (?:work|function|made|run)\b",
            ),
            ("how does this work", "how do you work", "how are you made"),
        ),
        (
            "privacy", (r"\b(?:recorded|recording|private|privacy|my data|who is listening|is listening)\b",),
            ("are you recording me", "where does my data go", "is this private"),
        ),
        (
            "time",
            (
                r"\bwhat(?:s| is)? (?:the )?time\b", r"\bthe time\b", r"\bwhat time (?:is|it)\b",
                r"\b(?:tell|know) (?:me )?(?:the )?time\b", r"\bhow late is\b",
            ),
            ("what time is it", "what is the time", "do you have the time", "tell me the time"),
        ),
        (
            "date",
            (
                r"\bwhat(?:s| is)? (?:the )?(?:date|day)\b", r"\b(?:the|todays) date\b",
                r"\bwhat (?:day|date|month|year) is\b", r"\bwhich day\b",
            ),
            ("what day is it", "what is the date today", "what day is today", "what year is it"),
        ),
        (
            "switch",
            (
                r"\b(?:switch|change|swap|choose|pick|select)\b.*\b(?:character|characters|avatar|face|person|voice|"
                r"someone|somebody|you|to)\b",
                r"\b(?:talk|speak) (?:to|with) (?:some(?:one|body) else|another|a different|the other)",
                r"\bsomeone else\b",
            ),
            ("how do i switch characters", "can i talk to someone else", "change the character"),
        ),
        (
            "others",
            (
                r"\bwho else\b", r"\b(?:what|which) characters\b",
                r"\bother (?:characters|people|avatars|faces|ones)\b",
                r"\bare (?:you|there) (?:alone|others|any others|more)\b", r"\bhow many characters\b",
            ),
            ("who else is there", "are there other characters", "who are the others"),
        ),
        (
            "hear_me",
            (
                r"\b(?:can|do|could) you (?:hear|here|see|understand) me\b", r"\bdo you hear\b",
                r"\bare you (?:there|listening)\b", r"\bmic(?:rophone)? (?:check|test)\b",
                r"^test(?:ing)?(?: test(?:ing)?| one| two| three)*$",
            ),
            ("can you hear me", "are you there", "testing one two three"),
        ),
        (
            "repeat",
            (
                r"\b(?:say|repeat) (?:that|it) (?:again|please|once more)\b", r"\brepeat(?: that)?\b",
                r"\bwhat did you (?:just )?say\b", r"\bthat again please\b",
                r"^(?:sorry what|pardon(?: me)?|say again|again please|come again)$",
            ),
            ("can you repeat that", "say that again", "what did you say"),
        ),
        (
            "can_do",
            (
                r"\bwhat (?:can|do|could|else can) you (?:do|know|talk|help|offer)\b", r"\bhelp(?: me)?\b",
                r"\bwhat can i (?:ask|say|do)\b", r"\bhow can you help\b",
            ),
            ("what can you do", "what can i ask you", "what do you know", "help me please"),
        ),
        (
            "how_are_you",
            (
                r"\bhow(?:re| are| r|s)?(?: are)? (?:you|ya|u|things|it going|your day|life)\b(?! (?:old|made|work|"
                r"called|do))", r"\bhow do you (?:do|feel)\b", r"\bhows it going\b",
                r"\bare you (?:ok|okay|well|fine|alright)\b", r"\bwhats up\b",
            ),
            ("how are you", "how are you doing", "how are you today", "how is it going", "how do you feel"),
        ),
        (
            "name",
            (
                r"\bwh?at(?:s|re| is| are)?(?: is)? (?:your|you|youre|you re|yore|the) name\b", r"\byour name\b",
                r"\bwho are you\b", r"\bare you called\b", r"\bwho r you\b", r"\bwho am i (?:talking|speaking)\b",
                r"\btell me about yourself\b", r"\bintroduce yourself\b", r"\bwho is this\b",
            ),
            ("what is your name", "who are you", "tell me your name", "tell me about yourself", "what are you called"),
        ),
        (
            "real",
            (
                r"\bare you (?:a |an |really a |even )?(?:real|human|robot|machine|person|bot|computer|alive|ai|"
                r"program|conscious|intelligent)\b", r"\bartificial intelligence\b", r"\brobot\b", r"\bwhat are you\b",
            ),
            ("are you a robot", "are you real", "are you human", "what are you"),
        ),
        (
            "age", (r"\bhow old\b", r"\byour age\b", r"\bwhen were you (?:born|made)\b", r"\byour birthday\b"),
            ("how old are you", "what is your age"),
        ),
        (
            "where", (r"\bwhere (?:are|do|is|were) you\b", r"\bwhere you (?:live|from)\b"),
            ("where are you from", "where do you live", "where are you"),
        ),
        (
            "languages",
            (
                r"\b(?:speak|understand|talk|know) (?:any )?(?:german|french|spanish|italian|chinese|english|"
                r"other languages|languages)\b", r"\bwhat languages?\b", r"\bwhich languages?\b",
            ),
            ("do you speak german", "what languages do you speak"),
        ),
        (
            "weather", (r"\bweather\b", r"\b(?:is|will) it (?:rain|raining|snow|snowing|sunny|cold|warm|hot)\b"),
            ("what is the weather like", "how is the weather"),
        ),
        (
            "joke", (r"\bjokes?\b", r"\bmake me laugh\b", r"\b(?:something|anything) funny\b"),
            ("tell me a joke", "make me laugh"),
        ),
        ("song", (r"\bsing\b", r"\bsong\b", r"\bmusic\b"), ("sing me a song", "can you sing")),
        ("story", (r"\bstory\b", r"\bfairy tale\b"), ("tell me a story",)),
        (
            "bye",
            (
                r"\b(?:good ?bye|bye|farewell|see (?:you|ya)|good night|so long|take care|got to go|have to go|"
                r"gotta go|talk (?:to you )?later|until next time)\b", r"^\w+ later$",
            ),
            ("goodbye", "bye bye", "see you later", "good night"),
        ),
        (
            "sad",
            (
                r"\b(?:i am|im|i feel|feeling|i was|makes me|ive been)\b.*\b(?:sad|tired|bad|lonely|unhappy|depressed|"
                r"down|awful|terrible|sick|ill|stressed|exhausted|angry|afraid|scared|worried|anxious|upset|miserable|"
                r"hungry|not (?:well|good|fine|ok|okay))\b", r"\bnot so (?:good|well)\b",
                r"\b(?:bad|terrible|awful) day\b",
            ),
            ("i am sad", "i am so tired", "i feel lonely", "i had a bad day"),
        ),
        (
            "bored",
            (
                r"\bbored\b", r"\bboring\b", r"\btalk to me\b", r"\btell me something\b", r"\bentertain me\b",
            ),
            ("i am bored", "tell me something", "say something"),
        ),
        (
            "glad",
            (
                r"\b(?:i am|im|i feel|feeling)\b.*\b(?:happy|good|great|fine|well|okay|ok|excited|glad|wonderful|"
                r"fantastic|better|awesome|amazing)\b",
                r"^(?:good|great|fine|very good|very well|pretty good|not bad|all good|i am well)(?: thanks|"
                r" thank you)?$",
            ),
            ("i am fine", "i am happy", "i feel great", "i am doing well"),
        ),
        (
            "praise",
            (
                r"\b(?:i )?(?:love|like) (?:you|your|this)\b",
                r"\byou(?: are|re| look| sound)? (?:so |very |really |quite |looking )?(?:beautiful|nice|pretty|great|"
                r"cool|smart|clever|funny|cute|amazing|wonderful|awesome|lovely|good|sweet|handsome|the best)\b",
                r"\bwell done\b", r"\bgood job\b",
                r"\b(?:thats|that is|this is) (?:cool|great|amazing|awesome|wonderful|impressive)\b",
                r"\bnice to meet you\b", r"\bpleased to meet\b",
            ),
            ("you are beautiful", "i like you", "you are great", "nice to meet you", "well done"),
        ),
        (
            "insult",
            (
                r"\byou(?: are|re)? (?:so |very |really |such |a |an )*(?:stupid|dumb|ugly|boring|idiot|bad|useless|"
                r"annoying|terrible|horrible|slow|wrong)\b", r"\bi hate you\b", r"\bshut up\b", r"\byou suck\b",
            ),
            ("you are stupid", "i hate you", "you are useless"),
        ),
        (
            "sorry", (r"\b(?:i am|im|so) sorry\b", r"^sorry\b", r"\bapologi[sz]e\b", r"\bexcuse me\b"),
            ("i am sorry", "excuse me"),
        ),
        (
            "favourite",
            (
                r"\b(?:your )?favou?rites?\b", r"\bdo you (?:like|love|enjoy|prefer)\b", r"\byour hobb(?:y|ies)\b",
            ),
            ("what is your favorite color", "what do you like"),
        ),
        (
            "hello",
            (
                r"^(?:hello|hallo|hullo|hi|hey|howdy|greetings|good (?:morning|afternoon|evening|day)|yo)\b(?: there|"
                r" again| \w+)?",
            ),
            ("hello", "hello there", "good morning"),
        ),
        (
            "yes",
            (
                r"^(?:yes|yeah|yep|yup|sure|of course|okay|ok|alright|all right|right|exactly|correct|please do|"
                r"yes please|i see|cool|nice|great|wow|really|interesting)(?: (?:yes|please|thanks|okay|sure))*$",
            ),
            (),
        ),
        (
            "no",
            (
                r"^(?:no|nope|nah|not really|no thanks|no thank you|never mind|nevermind|nothing|stop|quiet|be quiet|"
                r"forget it)(?: (?:no|thanks|please))*$",
            ),
            (),
        ),
        (
            "thanks", (r"\bthank(?:s| you| u)?\b", r"\bcheers\b", r"\bappreciate\b", r"\bmuch obliged\b"),
            ("thank you", "thank you very much", "thanks a lot"),
        ),
    ),
    answers=ANSWERS,
)
