"""Markdown as WhatsApp shows it."""

from __future__ import annotations

import pytest

from services.channels.whatsapp.formatting import whatsapp_text

CASES = [
    ("plain", "plain"),
    ("**bold** *it* ~~gone~~ `x`", "*bold* _it_ ~gone~ `x`"),
    ("__bold__ _it_ ***both***", "*bold* _it_ _*both*_"),
    ("# The **big** one\n\nText", "*The big one*\n\nText"),
    ("```python\na = 1\n```", "```a = 1```"),
    ("    code", "```code```"),
    ("- a\n- b\n  - c", "- a\n- b\n  - c"),
    ("3. a\n4. b", "3. a\n4. b"),
    ("> said\n> **so**", "> said\n> *so*"),
    ("[here](https://x.org/a)", "here (https://x.org/a)"),
    ("<https://x.org/a> <me@x.org>", "https://x.org/a me@x.org"),
    ("https://x.org/a_b_c", "https://x.org/a_b_c"),
    ("![cat](https://x.org/c.png)", "cat (https://x.org/c.png)"),
    ("a\nb  \nc", "a\nb\nc"),
    ("a\n\n---\n\nb", "a\n\n———\n\nb"),
    ("5 * 3 < 4 & <b>x</b>", "5 * 3 < 4 & <b>x</b>"),
    ("<div>x</div>", "<div>x</div>"),
    ("", ""),
]


@pytest.mark.parametrize(("markdown", "text"), CASES)
def test_marks_are_those_of_whatsapp(markdown: str, text: str) -> None:
    assert whatsapp_text(markdown) == text
