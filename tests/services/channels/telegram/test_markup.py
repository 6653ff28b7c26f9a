"""Markdown becomes HTML that Telegram takes, whatever a language model writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.channels.telegram.markup import telegram_html
from tests.services.channels.telegram_double.html import plain_text


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("plain", "plain"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
        ("**bold** *it* ~~gone~~ `x<y`", "<b>bold</b> <i>it</i> <s>gone</s> <code>x&lt;y</code>"),
        ("# Title\n\ntext", "<b>Title</b>\n\ntext"),
        ("- one\n- two\n  - deep\n\nafter", "• one\n• two\n    • deep\n\nafter"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("```python\nif a < b:\n    pass\n```", "<pre>if a &lt; b:\n    pass</pre>"),
        ('[here](https://e.org/?a=1&b="2")', '<a href="https://e.org/?a=1&amp;b=%222%22">here</a>'),
        ("[here](ftp://e.org)", "here"),
        ("> said\n> > deeper", "<blockquote>said\n\ndeeper</blockquote>"),
        ("![a cat](https://e.org/cat.png)", "a cat"),
        ("one  \ntwo\nthree", "one\ntwo\nthree"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<b>a  b  \n</b>1  2"),
        ("**open", "**open"),
        ("[x]: https://e.org", ""),
    ],
)
def test_each_mark(markdown: str, html: str) -> None:
    assert telegram_html(markdown) == html


@given(st.text(alphabet="ab *_~`[]()<>&\n#->|1.!\"':/\\", max_size=120))
def test_what_is_written_is_never_refused(markdown: str) -> None:
    plain_text(telegram_html(markdown))
