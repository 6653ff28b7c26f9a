"""Markdown as the HTML that Telegram takes. Pure.

Telegram knows a dozen tags and refuses the whole message for any other, or for one that is not closed.
https://core.telegram.org/bots/api#html-style
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_TAGS = {
    "strong_open": "<b>", "strong_close": "</b>", "em_open": "<i>", "em_close": "</i>",
    "s_open": "<s>", "s_close": "</s>", "heading_open": "<b>", "heading_close": "</b>\n\n",
    "paragraph_close": "\n\n", "softbreak": "\n", "hardbreak": "\n", "hr": "———\n\n",
    "thead_open": "<b>", "thead_close": "</b>", "th_close": "  ", "td_close": "  ", "tr_close": "\n",
    "table_close": "\n",
}  # fmt: skip
_LINKS = ("https://", "http://", "mailto:", "tg://")


def telegram_html(markdown: str) -> str:
    """The HTML of a text; "" where there would be nothing to see."""
    writer = _Writer()
    writer.blocks(_PARSER.parse(markdown))
    return "".join(writer.parts).strip()


class _Writer:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self._lists: list[int | None] = []
        """The number of the next item of each open list; None: with bullets."""
        self._quotes = 0
        self._links: list[bool] = []

    def blocks(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            match token.type:
                case "inline":
                    self.blocks(token.children or [])
                case "text" | "html_inline" | "html_block":
                    self._write(escape(token.content, quote=False))
                case "image":
                    self._write(escape(token.content, quote=False))
                case "code_inline":
                    self._write(f"<code>{escape(token.content, quote=False)}</code>")
                case "code_block" | "fence":
                    self._write(f"<pre>{escape(token.content.rstrip(), quote=False)}</pre>\n\n")
                case "paragraph_close" if token.hidden or self._lists:
                    self._write("\n")
                case "link_open":
                    self._open_link(str(token.attrGet("href") or ""))
                case "link_close":
                    self._write("</a>" if self._links.pop() else "")
                case "blockquote_open" | "blockquote_close":
                    self._quote(token.nesting)
                case "bullet_list_open":
                    self._open_list(None)
                case "ordered_list_open":
                    self._open_list(int(token.attrGet("start") or 1))
                case "bullet_list_close" | "ordered_list_close":
                    self._lists.pop()
                    self._write("" if self._lists else "\n")
                case "list_item_open":
                    self._item()
                case kind:
                    self._write(_TAGS.get(kind, ""))

    def _write(self, text: str) -> None:
        self.parts.append(text)

    def _open_link(self, href: str) -> None:
        taken = href.startswith(_LINKS)
        self._links.append(taken)
        if taken:
            self._write(f'<a href="{escape(href)}">')

    def _quote(self, nesting: int) -> None:
        # One within another is refused.
        if nesting > 0:
            self._quotes += 1
            self._write("<blockquote>" if self._quotes == 1 else "")
        else:
            self._quotes -= 1
            while self.parts and not self.parts[-1].strip():
                self.parts.pop()
            self._write("</blockquote>\n\n" if self._quotes == 0 else "\n")

    def _open_list(self, first: int | None) -> None:
        if self._lists and self.parts and not self.parts[-1].endswith("\n"):
            self._write("\n")
        self._lists.append(first)

    def _item(self) -> None:
        number = self._lists[-1]
        indent = "    " * (len(self._lists) - 1)
        if number is None:
            self._write(f"{indent}• ")
        else:
            self._write(f"{indent}{number}. ")
            self._lists[-1] = number + 1
