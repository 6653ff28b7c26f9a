"""Markdown as WhatsApp shows it: *bold*, _italic_, ~struck~, ```code```; addresses stand as they are. Pure."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_MARKDOWN = MarkdownIt("commonmark").enable("strikethrough")
_MARKS = {"strong": "*", "em": "_", "s": "~"}


def whatsapp_text(markdown: str) -> str:
    """A language model's Markdown as text with WhatsApp's marks."""
    return _blocks(SyntaxTreeNode(_MARKDOWN.parse(markdown)), "\n\n")


def _blocks(node: SyntaxTreeNode, between: str) -> str:
    return between.join(filter(None, (_block(one) for one in node.children)))


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "paragraph":
            return _inlines(node)
        case "heading":
            words = _inlines(node, within="*")
            return f"*{words}*" if words else ""
        case "bullet_list":
            return "\n".join(_item("- ", one) for one in node.children)
        case "ordered_list":
            first = int(node.attrs.get("start", 1))
            return "\n".join(_item(f"{number}. ", one) for number, one in enumerate(node.children, first))
        case "blockquote":
            return "\n".join(f"> {line}".rstrip() for line in _blocks(node, "\n\n").splitlines())
        case "fence" | "code_block":
            return f"```{node.content.rstrip()}```"
        case "hr":
            return "———"
    return node.content.strip()


def _item(mark: str, node: SyntaxTreeNode) -> str:
    return mark + _blocks(node, "\n").replace("\n", "\n" + " " * len(mark))


def _inlines(node: SyntaxTreeNode, within: str = "") -> str:
    """The words below a node.

    Args:
        within: marks that hold already; WhatsApp shows them where they are repeated.
    """
    return "".join(_inline(one, within) for one in node.children)


def _inline(node: SyntaxTreeNode, within: str) -> str:
    match node.type:
        case "inline":
            return _inlines(node, within)
        case "strong" | "em" | "s":
            mark = _MARKS[node.type]
            if mark in within:
                return _inlines(node, within)
            return f"{mark}{_inlines(node, within + mark)}{mark}"
        case "softbreak" | "hardbreak":
            return "\n"
        case "code_inline":
            return f"`{node.content}`"
        case "link":
            words, address = _inlines(node, within), str(node.attrs.get("href", ""))
            return words if words in (address, address.removeprefix("mailto:")) else f"{words} ({address})"
        case "image":
            return f"{node.content} ({node.attrs.get('src', '')})"
    return node.content
