"""What the page's own fold is tested with is what the projection really does."""

from __future__ import annotations

from bus import events
from tests.visavis import page_fold


def test_the_page_is_held_against_the_projection_of_today() -> None:
    current = page_fold.TARGET.read_text(encoding="utf-8")
    assert current == page_fold.fixture(), "out of date; run: python -m tests.visavis.page_fold"


def test_every_fact_occurs_in_it() -> None:
    assert {type(event.body) for _, event in page_fold.log()} == set(events.Fact.__args__)
