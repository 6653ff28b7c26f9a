"""Reads Telegram's HTML as strictly as its server: other tags, and tags that are not closed, are refused."""

from __future__ import annotations

from html.parser import HTMLParser

TAGS = (
    "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "tg-spoiler", "a", "tg-emoji", "code", "pre",
    "blockquote",
)  # fmt: skip


class EntityError(Exception):
    """The server's words for markup that it refuses."""


def plain_text(html: str) -> str:
    """The text of a message in HTML.

    Raises:
        EntityError: it is refused.
    """
    parser = _Parser()
    parser.feed(html)
    parser.close()
    if parser.open:
        raise EntityError(f'Can\'t find end tag corresponding to start tag "{parser.open[-1]}"')
    return "".join(parser.text).strip()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            raise EntityError(f'Unsupported start tag "{tag}" at byte offset {self.getpos()[1]}')
        if tag == "blockquote" and tag in self.open:
            raise EntityError("Nested blockquotes are not allowed")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            raise EntityError(f'Unmatched end tag at byte offset {self.getpos()[1]}, expected "{self.open[-1:]}"')
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise EntityError(f'Unsupported start tag "!--" at byte offset {self.getpos()[1]}')
