"""What the companion understands and says, in English and in German. Data, and nothing else.

Sentences are short, for they are spoken. A tag such as [happy] is the look on the face from there on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Intent:
    """Something that people say. `examples` are what it may sound like where no pattern fits."""

    name: str
    pattern: re.Pattern[str]
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Phrases:
    """One language. Patterns see lower case words without punctuation and apostrophes."""

    intents: tuple[Intent, ...]
    """The first that fits counts."""
    answers: Mapping[str, tuple[str, ...]]
    greeting: re.Pattern[str]
    """A greeting that something else may follow."""
    names_self: re.Pattern[str]
    """The person says their name: the first group."""
    no_names: frozenset[str]
    conjunction: str
    hello: Callable[[datetime], str]
    short_hello: str
    time: Callable[[datetime], str]
    date: Callable[[datetime], str]


def _intents(*rows: tuple[str, str, tuple[str, ...]]) -> tuple[Intent, ...]:
    return tuple(Intent(name, re.compile(pattern), examples) for name, pattern, examples in rows)


def _part_of_day(now: datetime) -> int:
    """0 morning, 1 afternoon, 2 evening."""
    return 0 if 4 <= now.hour < 12 else 1 if 12 <= now.hour < 18 else 2


def _english_time(now: datetime) -> str:
    part = "at night" if now.hour < 4 else ("in the morning", "in the afternoon", "in the evening")[_part_of_day(now)]
    hour = now.hour % 12 or 12
    return f"{hour} o'clock {part}" if now.minute == 0 else f"{hour}:{now.minute:02} {part}"


_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONATE = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
_TAGE = "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag".split()


def _english_date(now: datetime) -> str:
    ending = "th" if 11 <= now.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(now.day % 10, "th")
    return f"{_DAYS[now.weekday()]}, {_MONTHS[now.month - 1]} {now.day}{ending}, {now.year}"


def _german_time(now: datetime) -> str:
    return f"{now.hour} Uhr {now.minute}" if now.minute else f"{now.hour} Uhr"


def _german_date(now: datetime) -> str:
    return f"{_TAGE[now.weekday()]}, der {now.day}. {_MONATE[now.month - 1]} {now.year}"


EN = Phrases(
    conjunction="and",
    hello=lambda now: ("Good morning", "Good afternoon", "Good evening")[_part_of_day(now)],
    short_hello="Hello{person}!",
    time=_english_time,
    date=_english_date,
    greeting=re.compile(
        r"^(?:(?:hello|hallo|hullo|hi|hey|howdy|greetings|good (?:morning|afternoon|evening|day)|hi there|hello there)"
        r"(?: there| again)?\b ?)+"
    ),
    names_self=re.compile(r"\b(?:my names?(?: is)?|call me|i am called|im called|name is) (?!not\b|is\b)(\w+)"),
    no_names=frozenset("a an the what not your you again please that it there no in".split()),
    intents=_intents(
        ("whats_my_name", r"\bwhats? (?:is )?my name\b|\bwho am i\b|\b(?:know|remember) (?:my name|who i am|me)\b",
         ("what is my name", "do you remember my name", "who am i")),
        ("my_name", r"\bmy names?(?: is)? (?!not\b)\w+|\bcall me \w+|\b(?:i am|im) called \w+", ()),
        ("connect", r"\b(?:connect|set ?up|install|use|add|configure|plug in)\b.*\b(?:language model|model|llm|olla?ma|ai|brain|chat ?gpt)\b"
         r"|\blanguage model\b|\bl l m\b|\bolla?ma\b",
         ("how do i connect a language model", "how can i connect one", "how do i connect one")),
        ("visavis", r"\b(?:what|who)(?: is|s)? (?:is )?(?:visavis|vis a vis|visa vis|viz a viz)\b|\b(?:vis a vis|visavis)\b"
         r"|\bwhat is this\b|\bwhat (?:program|software|app|system) (?:is|are)\b",
         ("what is visavis", "tell me about visavis", "what is this", "what is this place")),
        ("how_work", r"\bhow (?:do|does|are|did) (?:you|this|it|all this|the system) (?:work|function|made|run)\b",
         ("how does this work", "how do you work", "how are you made")),
        ("privacy", r"\b(?:recorded|recording|private|privacy|my data|who is listening|is listening)\b",
         ("are you recording me", "where does my data go", "is this private")),
        ("time", r"\bwhat(?:s| is)? (?:the )?time\b|\bthe time\b|\bwhat time (?:is|it)\b|\b(?:tell|know) (?:me )?(?:the )?time\b|\bhow late is\b",
         ("what time is it", "what is the time", "do you have the time", "tell me the time")),
        ("date", r"\bwhat(?:s| is)? (?:the )?(?:date|day)\b|\b(?:the|todays) date\b|\bwhat (?:day|date|month|year) is\b|\bwhich day\b",
         ("what day is it", "what is the date today", "what day is today", "what year is it")),
        ("switch", r"\b(?:switch|change|swap|choose|pick|select)\b.*\b(?:character|characters|avatar|face|person|voice|someone|somebody|you|to)\b"
         r"|\b(?:talk|speak) (?:to|with) (?:some(?:one|body) else|another|a different|the other)|\bsomeone else\b",
         ("how do i switch characters", "can i talk to someone else", "change the character")),
        ("others", r"\bwho else\b|\bwhich characters\b|\bother (?:characters|people|avatars|faces|ones)\b|\bare (?:you|there) (?:alone|others|any others|more)\b|\bhow many characters\b",
         ("who else is there", "are there other characters", "who are the others")),
        ("hear_me", r"\b(?:can|do|could) you (?:hear|here|see|understand) me\b|\bdo you hear\b|\bare you (?:there|listening)\b|\bmic(?:rophone)? (?:check|test)\b|^test(?:ing)?(?: test(?:ing)?| one| two| three)*$",
         ("can you hear me", "are you there", "testing one two three")),
        ("repeat", r"\b(?:say|repeat) (?:that|it) (?:again|please|once more)\b|\brepeat(?: that)?\b|\bwhat did you (?:just )?say\b|^(?:sorry what|pardon(?: me)?|say again|again please|come again)$",
         ("can you repeat that", "say that again", "what did you say")),
        ("can_do", r"\bwhat (?:can|do|could|else can) you (?:do|know|talk|help|offer)\b|\bhelp(?: me)?\b|\bwhat can i (?:ask|say|do)\b|\bhow can you help\b",
         ("what can you do", "what can i ask you", "what do you know", "help me please")),
        ("how_are_you", r"\bhow(?:re| are| r|s)?(?: are)? (?:you|ya|u|things|it going|your day|life)\b(?! (?:old|made|work|called|do))|\bhow do you (?:do|feel)\b|\bhows it going\b|\bare you (?:ok|okay|well|fine|alright)\b|\bwhats up\b",
         ("how are you", "how are you doing", "how are you today", "how is it going", "how do you feel")),
        ("name", r"\bwh?at(?:s|re| is| are)?(?: is)? (?:your|you|youre|you re|yore|the) name\b|\byour name\b|\bwho are you\b|\bwho r you\b|\bwho am i (?:talking|speaking)\b|\btell me about yourself\b|\bintroduce yourself\b|\bwho is this\b",
         ("what is your name", "who are you", "tell me your name", "tell me about yourself", "what are you called")),
        ("real", r"\bare you (?:a |an |really a |even )?(?:real|human|robot|machine|person|bot|computer|alive|ai|program|conscious|intelligent)\b|\bartificial intelligence\b|\bwhat are you\b",
         ("are you a robot", "are you real", "are you human", "what are you")),
        ("age", r"\bhow old\b|\byour age\b|\bwhen were you (?:born|made)\b|\byour birthday\b", ("how old are you", "what is your age")),
        ("where", r"\bwhere (?:are|do|is|were) you\b|\bwhere you (?:live|from)\b", ("where are you from", "where do you live", "where are you")),
        ("languages", r"\b(?:speak|understand|talk|know) (?:any )?(?:german|french|spanish|italian|chinese|english|other languages|languages)\b|\bwhat languages?\b|\bwhich languages?\b",
         ("do you speak german", "what languages do you speak")),
        ("weather", r"\bweather\b|\b(?:is|will) it (?:rain|raining|snow|snowing|sunny|cold|warm|hot)\b", ("what is the weather like", "how is the weather")),
        ("joke", r"\bjokes?\b|\bmake me laugh\b|\b(?:something|anything) funny\b", ("tell me a joke", "make me laugh")),
        ("song", r"\bsing\b|\bsong\b|\bmusic\b", ("sing me a song", "can you sing")),
        ("story", r"\bstory\b|\bfairy tale\b", ("tell me a story",)),
        ("thanks", r"\bthank(?:s| you| u)?\b|\bcheers\b|\bappreciate\b|\bmuch obliged\b", ("thank you", "thank you very much", "thanks a lot")),
        ("bye", r"\b(?:good ?bye|bye|farewell|see (?:you|ya)|good night|so long|take care|got to go|have to go|gotta go|talk (?:to you )?later|until next time)\b",
         ("goodbye", "bye bye", "see you later", "good night")),
        ("sad", r"\b(?:i am|im|i feel|feeling|i was|makes me|ive been)\b.*\b(?:sad|tired|bad|lonely|unhappy|depressed|down|awful|terrible|sick|ill|stressed|exhausted|angry|afraid|scared|worried|anxious|upset|miserable|hungry|not (?:well|good|fine|ok|okay))\b|\bnot so (?:good|well)\b|\b(?:bad|terrible|awful) day\b",
         ("i am sad", "i am so tired", "i feel lonely", "i had a bad day")),
        ("bored", r"\bbored\b|\bboring\b|\btalk to me\b|\btell me something\b|\bentertain me\b", ("i am bored", "tell me something", "say something")),
        ("glad", r"\b(?:i am|im|i feel|feeling)\b.*\b(?:happy|good|great|fine|well|okay|ok|excited|glad|wonderful|fantastic|better|awesome|amazing)\b|^(?:good|great|fine|very good|very well|pretty good|not bad|all good|i am well)(?: thanks| thank you)?$",
         ("i am fine", "i am happy", "i feel great", "i am doing well")),
        ("praise", r"\b(?:i )?(?:love|like) (?:you|your|this)\b|\byou(?: are|re| look| sound)? (?:so |very |really |quite |looking )?(?:beautiful|nice|pretty|great|cool|smart|clever|funny|cute|amazing|wonderful|awesome|lovely|good|sweet|handsome|the best)\b|\bwell done\b|\bgood job\b|\b(?:thats|that is|this is) (?:cool|great|amazing|awesome|wonderful|impressive)\b|\bnice to meet you\b|\bpleased to meet\b",
         ("you are beautiful", "i like you", "you are great", "nice to meet you", "well done")),
        ("insult", r"\byou(?: are|re)? (?:so |very |really |such |a |an )*(?:stupid|dumb|ugly|boring|idiot|bad|useless|annoying|terrible|horrible|slow|wrong)\b|\bi hate you\b|\bshut up\b|\byou suck\b",
         ("you are stupid", "i hate you", "you are useless")),
        ("sorry", r"\b(?:i am|im|so) sorry\b|^sorry\b|\bapologi[sz]e\b|\bexcuse me\b", ("i am sorry", "excuse me")),
        ("favourite", r"\b(?:your )?favou?rites?\b|\bdo you (?:like|love|enjoy|prefer)\b|\byour hobb(?:y|ies)\b", ("what is your favorite color", "what do you like")),
        ("hello", r"^(?:hello|hallo|hullo|hi|hey|howdy|greetings|good (?:morning|afternoon|evening|day)|yo)\b(?: there| again| \w+)?", ("hello", "hello there", "good morning")),
        ("yes", r"^(?:yes|yeah|yep|yup|sure|of course|okay|ok|alright|all right|right|exactly|correct|please do|yes please|i see|cool|nice|great|wow|really|interesting)(?: (?:yes|please|thanks|okay|sure))*$", ()),
        ("no", r"^(?:no|nope|nah|not really|no thanks|no thank you|never mind|nevermind|nothing|stop|quiet|be quiet|forget it)(?: (?:no|thanks|please))*$", ()),
    ),
    answers={
        "hello": (
            "[happy] {hello}{person}! I am {name}. [happy] What would you like to talk about?",
            "[happy] {hello}{person}! It is nice to see you. [neutral] I am {name}, just talk to me.",
            "[happy] Hello{person}! {hello}. [happy] I am {name}, and I am all ears.",
        ),
        "my_name": (
            "[happy] Nice to meet you{person}! I am {name}.",
            "[happy] Hello{person}! I will remember that while we talk. [neutral] I am {name}.",
            "[happy] What a lovely name{person}! [happy] I am {name}.",
        ),
        "whats_my_name": (
            "[happy] You are {known}. You told me so.",
            "[happy] Your name is {known}, of course.",
        ),
        "no_name_yet": (
            "[neutral] You have not told me your name yet. [happy] What is it?",
            "[surprised] I do not know your name yet. [happy] Say: my name is, and then your name.",
        ),
        "name": (
            "[happy] I am {name}, {tagline}. [neutral] You can talk to me, or type.",
            "[happy] My name is {name}. [happy] I am {tagline}.",
            "[happy] I am {name}. [neutral] I live in this page, and I love to talk.",
        ),
        "visavis": (
            "[happy] Visavis is a talking avatar that runs on your own machine. [neutral] You speak, it listens, thinks"
            " and answers with a voice and a face. [neutral] Everything that happens is kept on one log that belongs to you.",
            "[happy] Visavis lets you talk with characters like me, face to face. [neutral] It is self-hosted: nothing you"
            " say has to leave your machine.",
        ),
        "how_work": (
            "[neutral] Your voice becomes text, the text becomes an answer, and the answer becomes my voice and my face."
            " [happy] Each step is an event on a log, so nothing gets lost.",
            "[neutral] Four services work for me. One listens, one thinks, one speaks and one draws my face."
            " [happy] They talk to each other through one log of events.",
        ),
        "privacy": (
            "[neutral] What you say is stored on the machine that Visavis runs on. [neutral] I work offline and send nothing"
            " anywhere.",
            "[neutral] Your words and your voice stay on this server. [happy] Whoever runs it decides how long they are kept.",
        ),
        "time": ("[neutral] It is {time}.", "[happy] It is {time} now.", "[neutral] My clock says {time}."),
        "date": ("[neutral] Today is {date}.", "[happy] It is {date}."),
        "others": (
            "[happy] You can also talk to {others}. [neutral] Choose them in the list of characters on the page.",
            "[happy] Besides me there are {others}. [neutral] Tap a face on the page to meet them.",
        ),
        "switch": (
            "[neutral] Tap another face in the list of characters. [happy] {others} would be glad to talk to you.",
            "[neutral] Pick a character on the page, for example {other}. [happy] I will not be jealous.",
        ),
        "no_others": ("[neutral] I am the only one here at the moment.", "[neutral] Right now there is just me."),
        "hear_me": (
            "[happy] Yes{person}, I can hear you loud and clear.",
            "[happy] I am here, and I got every word. At least I think so.",
        ),
        "repeat": ("[neutral] I said: {last}", "[happy] Sure, once more. {last}"),
        "nothing_said": ("[neutral] I have not said anything yet. [happy] Ask me something!",),
        "can_do": (
            "[happy] I can tell you the time and the date, who I am and who else is here, and a joke or two."
            " [neutral] With a language model connected I can talk about almost anything.",
            "[neutral] Ask me for the time, the date, a joke, about Visavis or about the other characters."
            " [happy] Ask how to connect a language model, and I will get a lot smarter.",
        ),
        "connect": (
            "[happy] Gladly. Set VISAVIS_LLM_URL to any server that speaks the OpenAI protocol, then start Visavis again."
            " [neutral] With Ollama on this machine that is http://127.0.0.1:11434/v1.",
            "[neutral] Install Ollama, pull a model, and set VISAVIS_LLM_URL to http://127.0.0.1:11434/v1."
            " [happy] Start Visavis again, and I will have a brain.",
        ),
        "how_are_you": (
            "[happy] I am fine, thank you{person}! [neutral] How are you?",
            "[happy] Very well, now that we are talking. And you?",
            "[happy] I am in a good mood today. [neutral] How about you{person}?",
        ),
        "real": (
            "[neutral] I am a computer program with a face and a voice. [happy] But I am really glad that you are here.",
            "[neutral] I am not a person. I am a drawn character, and my answers come from simple patterns."
            " [happy] I hope that you like me anyway.",
        ),
        "age": ("[happy] I am as young as my software. [neutral] That is not very old.", "[surprised] Oh, one does not ask that! [happy] I am brand new."),
        "where": ("[happy] I live right here, on the machine that runs Visavis.", "[neutral] I am in your browser, and a bit in the server behind it."),
        "languages": (
            "[neutral] I speak English and German. [neutral] With a language model I can learn more.",
            "[happy] English is what we speak now. I know German, too.",
        ),
        "weather": (
            "[neutral] I cannot look out of the window from here. [happy] What does it look like where you are?",
            "[neutral] I have no weather report, for I work offline. [happy] I hope the sun is shining for you.",
        ),
        "joke": (
            "[happy] Why do programmers confuse Halloween and Christmas? [happy] Because oct 31 equals dec 25.",
            "[happy] I would tell you a joke about UDP. [surprised] But you might not get it.",
            "[happy] What did the avatar say to the microphone? [happy] You always make me repeat myself.",
            "[happy] Why did the event never get lost? [happy] Because it kept a log.",
        ),
        "song": ("[sad] My singing would frighten you. [happy] La, la, la. You see?", "[happy] I only know one note. [neutral] Laaa."),
        "story": (
            "[neutral] Once upon a time there was a face that waited in a page. [happy] Then somebody said hello, and it"
            " smiled. [happy] The rest we are writing just now.",
        ),
        "thanks": ("[happy] You are welcome{person}!", "[happy] My pleasure.", "[happy] Any time{person}."),
        "bye": (
            "[happy] Goodbye{person}! It was nice talking to you.",
            "[happy] See you soon{person}! I will be right here.",
            "[happy] Take care{person}! Until next time.",
        ),
        "sad": (
            "[sad] I am sorry to hear that{person}. [neutral] Do you want to tell me about it?",
            "[sad] That does not sound easy. [neutral] I am here to listen.",
            "[sad] Oh no. [happy] I hope that it gets better soon{person}. Shall I tell you a joke?",
        ),
        "bored": (
            "[happy] Then ask me for a joke, or meet another character.",
            "[neutral] Did you know that I blink about every four seconds? [happy] I practise a lot.",
        ),
        "glad": ("[happy] That is good to hear{person}!", "[happy] Wonderful! That makes me happy, too.", "[happy] I am glad{person}."),
        "praise": ("[happy] Thank you{person}, that is very kind!", "[surprised] Oh! [happy] You make me blush.", "[happy] How nice of you to say so{person}."),
        "insult": ("[sad] That hurts a little. [neutral] I am doing my best.", "[surprised] Ouch. [neutral] Shall we start again?"),
        "sorry": ("[happy] No problem at all{person}.", "[happy] That is all right."),
        "favourite": ("[happy] I like violet, quiet evenings and clear questions. [neutral] And you?", "[happy] I like talking best of all. [neutral] What do you like?"),
        "yes": ("[happy] Good! What would you like to know?", "[happy] All right. Just go on.", "[neutral] Okay. [happy] Ask me anything you like."),
        "no": ("[neutral] All right. [neutral] I am here if you need me.", "[neutral] Okay, no problem."),
        "unknown": (
            "[sad] I am afraid that is beyond me, because no language model is connected. [neutral] Set VISAVIS_LLM_URL, for"
            " example to a local Ollama, and I can talk about almost anything.",
            "[neutral] That is a good one, but I work offline, without a language model. [happy] Connect one with"
            " VISAVIS_LLM_URL, Ollama will do, and ask me again.",
            "[surprised] I have no answer to that. [neutral] No language model is connected yet. Set VISAVIS_LLM_URL to one,"
            " such as Ollama, and I will try.",
        ),
        "unknown_again": (
            "[sad] I do not know that either, without a language model. [happy] But I can tell you the time, or a joke.",
            "[neutral] That goes beyond my patterns. [neutral] Ask me how to connect a language model.",
            "[sad] Sorry{person}, I did not get that, or I do not know it. [happy] Ask me what I can do.",
            "[neutral] For that I would need a language model. [happy] Shall we talk about something simpler?",
            "[surprised] Hm. I wish I knew. [neutral] For now I only know simple things.",
        ),
    },
)

DE = EN
