"""Mood tags and stage directions that models write into their answers: they are acted, not spoken. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from msgspec import Struct

from bus.events import Emotion


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


EMOTIONS: tuple[Emotion, ...] = get_args(Emotion)
_TAG_WORDS: dict[Emotion, str] = {
    "happy": "joy joyful cheerful excited glad friendly amused playful warm proud grateful hopeful happiness delighted "
    "enthusiastic encouraging loving content relieved amusement "
    "glücklich fröhlich freudig heureux heureuse feliz felice",
    "sad": "sadness sorry sympathetic empathetic concerned disappointed sorrowful melancholic wistful lonely traurig "
    "betrübt triste",
    "surprised": "surprise amazed astonished shocked wow curious confused puzzled überrascht erstaunt surpris "
    "sorprendido sorpreso",
    "angry": "anger annoyed frustrated furious irritated wütend verärgert fâché enojado arrabbiato",
    "disgusted": "disgust revolted angewidert",
    "fearful": "fear afraid scared worried nervous anxious frightened terrified ängstlich besorgt",
    "neutral": "calm serious thoughtful thinking none normal neutrally ruhig ernst nachdenklich pensive",
}
_ACTS: dict[Emotion, str] = {
    "happy": "smile laugh giggle chuckle grin beam wink hug cheer clap dance wave lächel lach kicher grins strahl "
    "zwinker wink sourire sourit rire rit sonríe ríe sorride ride",
    "sad": "sigh cry sob weep frown pout sniff sniffle whimper seufz wein schluchz soupire pleure suspira llora "
    "sospira piange",
    "surprised": "gasp blink gape staun keuch",
    "angry": "growl scowl glare snarl huff grumble knurr",
    "disgusted": "grimace gag retch",
    "fearful": "shudder tremble flinch gulp shiver zitter schauder",
    "neutral": "nod shrug pause whisper lean tilt look gaze think ponder breathe cough yawn bow sit stand walk turn "
    "raise lower adjust clear take put glance point stretch scratch rub place lift move step stare sip whistle hum "
    "clears nick zuck schau räusper atme überleg denk hust gähn beug neig hebt",
}
_MANNERS: dict[Emotion, str] = {
    "happy": "happily cheerfully joyfully warmly brightly playfully gladly fondly gently excitedly proudly fröhlich "
    "glücklich herzlich freundlich begeistert warm happy bright joyeusement",
    "sad": "sadly sorrowfully wistfully deeply heavily mournfully traurig tief schwer",
    "angry": "angrily furiously wütend",
    "surprised": "curiously überrascht erstaunt",
    "fearful": "nervously fearfully anxiously ängstlich nervös",
    "neutral": "softly quietly calmly slowly thoughtfully seriously leise ruhig langsam nachdenklich",
}
_MOODS: dict[str, Emotion] = {
    **{emotion: emotion for emotion in EMOTIONS},
    **{word: emotion for emotion, words in _TAG_WORDS.items() for word in words.split()},
}
_ENDINGS = ("", "s", "es", "ing", "ed", "t", "elt", "et", "end", "elnd")
_ACTING: dict[str, Emotion] = {
    form: emotion
    for emotion, words in _ACTS.items()
    for word in words.split()
    for form in (*(word + ending for ending in _ENDINGS), word.removesuffix("e") + "ing", word + word[-1] + "ing",
                 word.removesuffix("y") + "ies")
}  # fmt: skip
"""Verbs of stage directions in the forms in which they begin one, with the mood that they show."""
_ACTING.update(
    {
        **dict.fromkeys(["laughter", "rires", "risas", "笑", "微笑", "大笑", "笑着", "苦笑", "笑い"], "happy"),
        **dict.fromkeys(["soupir", "suspiro", "叹气", "嘆氣", "叹息", "哭", "ため息", "泣"], "sad"),
        **dict.fromkeys(["点头", "點頭", "頷く", "うなずく", "hoche", "asiente", "annuisce"], "neutral"),
    }
)
_MANNER = {word: emotion for emotion, words in _MANNERS.items() for word in words.split()}
_NOT_ACTING = _set(
    "this yes always sometimes his hers its is was does has us less plus thus perhaps besides as unless "
    "across news these those things ours yours theirs"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_BRACKETED = re.compile(
    r"([*_]{0,3})(?:\[\s*((?:(?:emotion|mood|tone)\s*[:=]\s*)?[^\W\d_]{2,20}(?:[,/&\s]{1,3}[^\W\d_]{2,20}){0,3}?)(?:\s+face)?\s*\]:?"
    r"|</?\s*((?:emotion\s*[:=]\s*)?[^\W\d_]{2,20})\s*/?>:?)\1:?",
    re.IGNORECASE,
)
_PARENTHESIS = re.compile(r"\(([^()\n]{2,80})\)|（([^（）\n]{1,80})）")
_STARRED = re.compile(
    r"(?<![\w*\\])(\*{1,3})(?!\s)([^*\n]{2,120}?)(?<!\s)\1(?![\w*])|(?<![\w_])_(?!\s)([^_\n]{2,120}?)_(?!\w)"
)
_VOICE = re.compile(
    r"(?:in|with) an? .{0,60}\b(?:voice|smile|tone|whisper|sigh|laugh|grin|wink|nod|shrug|chuckle|giggle)"
)
_CUES = _set("pause laugh sigh smile gasp whisper cough giggle chuckle sob yawn")
"""Nouns that are directions where they stand alone in square brackets."""
_CODE = re.compile(r"(`+)[^`].*?(?<!`)\1(?!`)", re.DOTALL)


class Acted(Struct, frozen=True):
    """A part of an answer with its mood tags and stage directions told apart."""

    text: str
    """What the record keeps: without mood tags."""
    said: str
    """What is said of it: without stage directions, too."""
    emotion: Emotion | None
    """The mood that they set; None: that of what came before goes on."""


def act(text: str) -> Acted:
    """Find the mood tags and the stage directions in a sentence of Markdown.

    A tag is a known mood in brackets: `[happy]`, `[emotion: sad]`, `<angry/>`, at the beginning also `(Happy)`.
    A direction is in stars, underscores or parentheses and begins with an act: `*waves happily*`, `(sighs deeply)`.
    All other brackets and emphasis are part of what is said: "Press [Enter] now.", "(platform 8)", "*very* important".
    """
    emotion: Emotion | None = None
    tags: list[tuple[int, int]] = []
    directions: list[tuple[int, int]] = []
    codes = [match.span() for match in _CODE.finditer(text)]
    for start, end, mood, is_tag in sorted(_found(text)):
        if any(a < end and start < b for a, b in codes):
            continue
        if any(a < end and start < b for a, b in (*tags, *directions)):
            continue
        (tags if is_tag else directions).append((start, end))
        emotion = emotion or mood
    return Acted(_without(text, tags), _without(text, sorted(tags + directions)), emotion)


def may_become_direction(text: str) -> bool:
    """Whether a text begins with a direction that is not closed yet: its end must be awaited."""
    opened = re.match(r"\s*(?:[*_](?![*_\s])|\()([^*_()\n]*)$", text)
    if opened is None:
        return False
    first = _WORD.match(opened[1])
    return first is None or _is_act(first[0]) or (text.lstrip()[0] != "(" and opened[1][0].islower())


def _found(text: str) -> Iterator[tuple[int, int, Emotion | None, bool]]:
    """Candidates: beginning, end, mood, and whether it is a tag."""
    for match in _BRACKETED.finditer(text):
        if text[match.end() : match.end() + 1] in ("(", "[") and match[2]:
            continue  # a link
        words = match[2] or match[3]
        moods = _moods_of(words)
        if moods is not None and _is_tag(words, text, match):
            yield *match.span(), moods, True
        elif match[2] and _is_direction(words, match, strict=True):
            yield *match.span(), _mood_of_act(words), False
    for match in _PARENTHESIS.finditer(text):
        begins, words = _begins(text, match), match[1] or match[2]
        mood = _MOODS.get(words.strip().lower())
        if begins and mood is not None:
            yield *match.span(), mood, True
        elif _is_direction(words, match, strict=not begins):
            yield *match.span(), _mood_of_act(words), False
    for match in _STARRED.finditer(text):
        words = match[2] or match[3]
        if len(match[1] or "") > 1 and not words[0].islower():
            continue
        if _is_starred_direction(words, text, match):
            mood = _MOODS.get(words.strip().lower()) or _mood_of_act(words)
            yield *match.span(), mood, False


def _begins(text: str, match: re.Match[str]) -> bool:
    return not text[: match.start()].strip("\"'“”„*_>-# ")


def _is_tag(words: str, text: str, match: re.Match[str]) -> bool:
    """Whether a mood in brackets is a tag here, and not what is spoken of: "Set it to [normal] mode."."""
    if _begins(text, match) or words.strip().lower() in EMOTIONS or re.search(r"[:=]", words):
        return True
    return _moods_of(words) != "neutral" and not text[match.end() :].strip(".!?…\"'”’*_ ")


def _moods_of(words: str) -> Emotion | None:
    """The mood that a tag names; None where it names none."""
    named = re.split(r"[:=]", words)[-1]
    moods = [_MOODS.get(word.lower()) for word in re.split(r"[\s,/&]+", named.strip()) if word]
    return moods[0] if moods and all(moods) else None


def _is_act(word: str) -> bool:
    return word.lower() in _ACTING and word.lower() not in _NOT_ACTING


def _is_third_person(word: str) -> bool:
    return word.islower() and len(word) > 3 and word.endswith("s") and word not in _NOT_ACTING


def _is_direction(words: str, match: re.Match[str], *, strict: bool) -> bool:
    """Whether words in brackets are a direction.

    Args:
        strict: only an act alone or with its manner is: "(sighs deeply)", but not "(barks at everything)".
    """
    found = _WORD.findall(words)
    if not found or not _is_act(found[0]) or any(char.isdigit() for char in words):
        return False
    manner = all(word.lower() in _MANNER or word.endswith("ly") for word in found[1:])
    bare = found[0].lower() in _BARE
    if strict or bare:
        return manner and (not bare or ("[" in match[0] and found[0].lower() in _CUES))
    return len(found) <= 8


def _is_starred_direction(words: str, text: str, match: re.Match[str]) -> bool:
    found = _WORD.findall(words)
    before, after = text[: match.start()].rstrip(), text[match.end() :].lstrip()
    begins = not before.strip("\"'“”„") or before[-1] in ".!?…,;:—–-)]*\n"
    if not found or not begins or any(char.isdigit() for char in words):
        return False
    if _VOICE.fullmatch(words):
        return True
    goes_on = after[:1].islower()
    if words.strip().lower() in _MOODS and _MOODS[words.strip().lower()] != "neutral" and not goes_on:
        return True
    if _is_act(found[0]) and found[0].lower() not in _BARE:
        return found[0][0].islower() or not goes_on
    ends = not after or not goes_on
    if found[0].lower() in _MANNER and len(found) == 1:
        return ends and found[0].lower().endswith("ly")
    if len(found) < 2 or not ends:
        return False
    return _is_third_person(found[0]) or (_is_act(found[0]) and found[0][0].islower())


_BARE = frozenset(word for words in _ACTS.values() for word in words.split()) - _set(
    "clears grins sourit rit sonríe ríe sorride ride soupire pleure suspira llora sospira piange hebt"
)
"""Acts in the form of commands and nouns, as "look" and "smile": no directions by themselves."""


def _mood_of_act(words: str) -> Emotion | None:
    found = [word.lower() for word in _WORD.findall(words)]
    manners = [_MANNER.get(word) for word in found]
    moods = [*manners, *(_ACTING.get(word) or _MOODS.get(word) for word in found)]
    return next((mood for mood in moods if mood is not None and mood != "neutral"), None)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        before, after = text[:start], text[end:]
        if not before.strip() or (before[-1].isspace() and (not after or after[0].isspace() or after[0] in ".,!?…;:")):
            after = after.lstrip(" \t")
        if after[:1] in tuple(".,!?…") and before[-1:] == " ":
            before = before.rstrip(" ")
        text = before + after
    return text.rstrip(" \t") if spans else text
