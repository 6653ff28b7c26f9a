"""The whole way from a model's tokens to the words that a voice gets: nothing that carries meaning is lost on it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dialogue.segmenter import ReplySegmenter
from services.tts.text.spoken_form import to_spoken_form
from tests.services.tts.text.test_nothing_is_lost import PIECES


def voiced(reply: str, language: str = "en", sizes: tuple[int, ...] = (1,)) -> str:
    """What the voice says of a reply that comes in pieces of these sizes, over and over."""
    segmenter, place = ReplySegmenter(language), 0
    segments = []
    for size in itertools.cycle(sizes):
        if place >= len(reply):
            break
        segments += segmenter.push(reply[place : place + size])
        place += size
    segments += segmenter.flush()
    said = (to_spoken_form(one.spoken_text, language) for one in segments)
    return " ".join(one for one in said if one)


@pytest.mark.parametrize(
    ("reply", "language", "said"),
    [
        ("It was −12 °C at night.", "en", "It was minus twelve degrees Celsius at night."),
        ("6 × 7 = 42", "en", "six times seven equals forty-two"),
        ("It costs ₹250.", "en", "It costs two hundred and fifty rupees."),
        ("10^6", "en", "ten to the power of six"),
        ("3**4", "en", "three to the power of four"),
        ("№ 3", "en", "number three"),
        ("¼", "en", "a quarter"),
        ("The train leaves (platform 8).", "en", "The train leaves (platform eight)."),
        ("The run took 01:45:20.", "en", "The run took one hour, forty-five minutes and twenty seconds."),
        ("Buy an 8D lens.", "en", "Buy an eight D lens."),
        ("It costs €7 or £9.", "en", "It costs seven euros or nine pounds."),
        ("Wir sehen uns am 3. Oktober.", "de", "Wir sehen uns am dritten Oktober."),
        ("It earned $1.5 million.", "en", "It earned one point five million dollars."),
        ("Call (555) 123-4567.", "en", "Call five five five, one two three, four five six seven."),
        ("It was in the 1990s.", "en", "It was in the nineteen nineties."),
        ("The answer is (none).", "en", "The answer is (none)."),
        ("Press [Enter] now.", "en", "Press [Enter] now."),
        ("**Price:** *€2.50*, 50 % off!", "en", "Price: two euros and fifty cents, fifty percent off!"),
        ("- 5 apples\n- −3 °C\n", "en", "five apples minus three degrees Celsius"),
        ("Dr. Smith paid 3.5 % to Mr. Lee, i.e. £9.", "en", "Doctor Smith paid three point five percent to Mister Lee, "
         "that is nine pounds."),
        ("Das sind z. B. 2,50 € am 1. Mai.", "de", "Das sind zum Beispiel zwei Euro fünfzig am ersten Mai."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sizes", [(1,), (3, 1, 4), (10_000,)])
def test_a_reply_is_said_as_a_person_says_it(reply: str, language: str, said: str, sizes: tuple[int, ...]) -> None:
    assert voiced(reply, language, sizes) == said


@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6),
    st.sampled_from([" and then ", " so ", ". Then ", ".\n\nNow ", "\n- or ", ", 😀 well, "]),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
)
def test_each_piece_of_a_streamed_reply_is_heard_in_its_place(
    pieces: list[tuple[str, str]], between: str, sizes: list[int]
) -> None:
    said = voiced("So " + between.join(written for written, _ in pieces) + " there.", "en", tuple(sizes))
    place = 0
    for written, heard in pieces:
        found = said.find(heard, place)
        assert found >= 0, f"{heard!r} for {written!r} is missing behind {said[:place]!r} in {said!r}"
        place = found + len(heard)
