"""Sentences end where they end in each script, and come early."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dialogue.segmenter import ReplySegmenter, segments_of
from services.dialogue.sentence_ends import MAX_LENGTH


def split(text: str, language: str = "en", size: int = 3) -> list[str]:
    segmenter = ReplySegmenter(language)
    found = []
    for start in range(0, len(text), size):
        found += segmenter.push(text[start : start + size])
    return [one.text for one in (*found, *segmenter.flush())]


@pytest.mark.parametrize(
    "sentences",
    [
        "Hello there.|How are you?|Fine!",
        "Dr. Smith met Mr. J. Jones.|They talked.",
        "J. R. R. Tolkien wrote it.|I read it.",
        "Pi is 3.14 and not 3.|Really.",
        "See No. 5 for that.|I said no.|Then I left.",
        "We use tools, e.g. a log.|It helps.",
        "It is 5 p.m.|Let us go.",
        "It starts at 5 a.m. EST in Boston.|Come at 5 p.m.|NASA called.|At 6 p.m. GMT.|Eat.",
        "She lives in the U.S. capital.|He lives in the U.S.|It is big.",
        "He works at Acme Inc. in Boston.|She works at Acme Inc.|They met.",
        "Take vitamin C.|It helps.",
        "The U.S. Army won.|A. Smith saw it.",
        "Well... maybe not.|Hm...|Yes.",
        "He said “Stop!” and left.|Why?",
        "“Really?”|She smiled.",
        "What?!|No way.",
        "Version 2.16.2 is out.|Good.",
        "Open report.final.pdf now.|Thanks.",
        "Visit example.org/a.html.|Bye.",
        "Write to ada.l@example.org.|Bye.",
        "See https://example.org/a?b=c!d.|Then go.",
        "No stop at the end",
        "all lower case.|nothing else.|ok",
        "(He left.)|She stayed.",
    ],
)
def test_english(sentences: str) -> None:
    assert split(sentences.replace("|", " ")) == sentences.split("|")


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("de", "Heute ist der 3. Mai.|Schön!"),
        ("de", "Heinrich VIII. traf Ludwig XVIII. nie.|Schade."),
        ("de", "Er wohnt in der Hauptstr. 12a.|Sie in der Ringstr. in Köln.|Wir in der Lindenstr.|Das ist nah."),
        ("de", "Das ist z.B. Obst.|Oder z. B. Brot."),
        ("de", "Es war 1989.|Danach kam viel."),
        ("de", "Du bist Jan.|Das weiß ich."),
        ("de", "Am 1. und 2. Oktober ist frei.|Dann nicht."),
        ("de", "Fragen Sie Fr. Dr. Kern bzw. Hrn. Otto.|Danke."),
        ("fr", "M. Dupont habite bd. Voltaire.|Il est là."),
        ("fr", "M. Dupont a dit : « Oui. »|Puis il est parti.|« Fini. »|Bonjour !|Ça va ?"),
        ("de", "Am 3. Oktober ist der Tag der Dt. Einheit.|„Wirklich?“ fragte er.|„Ja.“|Das war es."),
        ("es", "El Sr. García y la Sra. López viven en EE.UU. desde ayer.|Son amigos."),
        ("it", "Il sig. Rossi e il dott. Bianchi parlano.|Va bene."),
        ("nl", "Dhr. de Vries eet bijv. kaas.|Lekker."),
        ("pl", "Spotkanie jest 3. maja.|Dobrze."),
        ("ru", "Он жил в г. Москве.|Потом уехал."),
    ],
)
def test_each_language_has_abbreviations_and_ordinals_of_its_own(language: str, sentences: str) -> None:
    assert split(sentences.replace("|", " "), language) == sentences.split("|")


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("zh", "你好。|我是阿达！|你呢？"),
        ("zh", "他说：「你好。」然后走了。|真的？！|是。"),
        ("zh", "“你叫什么名字？”|“我叫阿达。”"),
        ("zh", "一共３．１４元。|对。"),
        ("ja", "「はい。」と言った。|そうですか？|『はい』。"),
        ("ko", "안녕하세요.|저는 에이다입니다."),
        ("hi", "मैं घर पर हूँ।|बारिश हो रही है।"),
        ("sa", "धर्मः॥|अर्थः॥"),
        ("bn", "আমি ভালো আছি।|তুমি?"),
        ("ar", "أين أنت؟|هل أنت بخير؟|نعم."),
        ("ur", "میں گھر پر ہوں۔|بارش ہو رہی ہے۔|کیا؟"),
        ("fa", "می‌خواهم بروم.|کجا؟"),
        ("hy", "Ես տանն եմ։|Անձրև է։"),
        ("am", "ሰላም ነው።|እንዴት ነህ፧|ደህና።"),
        ("my", "နေကောင်းလား။|ကောင်းပါတယ်။"),
        ("km", "ខ្ញុំនៅផ្ទះ។|មេឃភ្លៀង។"),
        ("th", "สวัสดีครับ|วันนี้อากาศดีมากครับ|ไปไหนดี"),
        ("el", "Πού είσαι;|Εδώ."),
        ("he", "איפה אתה?|בבית."),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_each_script_has_stops_of_its_own(language: str, sentences: str, size: int) -> None:
    apart = "" if language in ("zh", "ja") else " "
    assert split(sentences.replace("|", apart), language, size) == sentences.split("|")


@pytest.mark.parametrize("text", ["न्‍याय", "می‌خواهم", "क्‌ष", "👩‍👩‍👧 family"])
def test_joiners_are_kept(text: str) -> None:
    (segment,) = segments_of(text)
    assert segment.text == text
    assert [char for char in segment.spoken_text if char in "\u200c\u200d"] == [c for c in text if c in "\u200c\u200d"]


@pytest.mark.parametrize(
    ("written", "complete"),
    [
        ("It is raining. ", 1), ("Really? ", 1), ("Stop! ", 1), ("Go on.\n", 1), ("你好。我", 1),
        ("Ask Dr. ", 0), ("It is 3. ", 0),
    ],
)
def test_a_stream_that_pauses_holds_no_sentence_back_that_is_surely_over(written: str, complete: int) -> None:
    assert len(ReplySegmenter("en").push(written)) == complete


@pytest.mark.parametrize(
    ("written", "over"),
    [
        ("It is raining.", True), ("Really?", True), ("“It is raining.”", True), ("你好。", True), ("बारिश है।", True),
        ("Ask Dr.", False), ("It is 3.", False), ("Well...", False), ("It is raining", False),
        ("It rains, etc.", False), ("See [the page. It is good.", False), ("`a. good.", False),
        ("| a | good.", False), ("```\nIt is raining.", False), ("*smiles at him.", False),
    ],
)  # fmt: skip
def test_after_a_stop_without_anything_behind_it_a_pause_of_the_stream_decides(written: str, over: bool) -> None:
    segmenter = ReplySegmenter("en")
    assert segmenter.push(written) == []
    assert [one.text for one in segmenter.pause()] == [written] * over
    if over:
        assert [one.text for one in (*segmenter.push(" Then"), *segmenter.flush())] == ["Then"]


def test_a_sentence_is_complete_with_the_first_character_after_it() -> None:
    segmenter = ReplySegmenter()
    assert segmenter.push("Go on.") == []
    assert segmenter.push(" H")[0].text == "Go on."


def test_a_long_first_sentence_starts_with_a_clause() -> None:
    start = "Well, when I think about that question for a while, I would say it depends,"
    segmenter = ReplySegmenter()
    (found,) = segmenter.push(f"{start} mostly on the weather and on how")
    assert found.text == start
    later = "And then, after a while, of course, there is so much more to say about it, as you know, that I"
    (found,) = segmenter.push(f" it goes. {later}")
    assert found.text == "mostly on the weather and on how it goes."


def test_a_long_first_sentence_without_a_comma_starts_before_a_conjunction() -> None:
    words = "I would say that it depends on the weather and on the way that the wind blows over the hills"
    first = ReplySegmenter("en").push(f"{words} because the old mill stands right there with its wings of wood")
    assert [one.text for one in first] == [words]


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (
            "[happy] The sea is a vast and beautiful ocean that covers most of the Earth.",
            "The sea is a vast and beautiful ocean",
        ),
        ("The sky over this town is blue because of the air. Yes.", "The sky over this town is blue"),
        ("Albert Einstein was a German physicist who thought about light.", "Albert Einstein was a German physicist"),
        ("To learn a new language quickly, you can read.", "To learn a new language quickly,"),
        ("I'm sorry to hear that you are tired. Rest.", "I'm sorry to hear that you are tired."),
        ("Hello! What a nice day for a long walk that is.", "Hello!"),
        ("It was 1,000 years ago, I think.", "It was 1,000 years ago,"),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 100])
def test_a_model_that_writes_slowly_begins_with_a_phrase(answer: str, phrase: str, size: int) -> None:
    segmenter = ReplySegmenter("en", early=True)
    pieces = [answer[place : place + size] for place in range(0, len(answer), size)]
    found = [one for piece in pieces for one in segmenter.push(piece)] + segmenter.flush()
    assert found[0].text == phrase
    words = "".join(one.space_before + one.text for one in found).strip()
    assert words == answer.removeprefix("[happy] ")


def test_only_the_first_phrase_is_cut_and_only_for_a_model_that_writes_slowly() -> None:
    answer = "Berlin is a very large city in Germany that many people like, and it has lakes."
    assert [one.text for one in segments_of(answer)] == [answer]
    segmenter = ReplySegmenter("en", early=True)
    found = [*segmenter.push(answer), *segmenter.flush()]
    assert [one.text for one in found] == [
        "Berlin is a very large city in Germany", "that many people like, and it has lakes.",
    ]  # fmt: skip
    german = ReplySegmenter("de", early=True)
    (stadt,) = german.push("Berlin ist eine sehr große Stadt, die viele mögen")
    assert stadt.text == "Berlin ist eine sehr große Stadt,"


@pytest.mark.parametrize("word", ["word ", "слово ", "คำ", "漢", "न्‍या", "x"])
def test_nothing_is_longer_than_the_limit_even_without_a_stop(word: str) -> None:
    text = (word * 700).strip()
    found = segments_of(text)
    assert max(len(one.text) for one in found) <= MAX_LENGTH
    assert "".join(one.space_before + one.text for one in found).strip() == text


@given(st.text(alphabet="aB3 .!?,…\n\"')،。؟「」Dr", max_size=400), st.integers(1, 7))
def test_the_size_of_the_pieces_does_not_matter(text: str, size: int) -> None:
    assert split(text, size=size) == split(text, size=max(1, len(text)))
