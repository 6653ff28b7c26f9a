"""The plain text of Markdown for a voice, with all its signs, without code blocks, tables, rules and link targets.

CommonMark with tables, by markdown-it-py; formulas in the marks that models write round them. Pure.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.emphasis import tokenize as tokenize_emphasis
from markdown_it.token import Token


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_START = "\u2e19"
"""Marks where the wanted part of a paragraph begins. Punctuation, so that it opens and closes no emphasis."""
_REACH = 600
"""Characters of a paragraph that are read again for the marks that are open."""
HTML_NAMES = _set(
    "a abbr b bdi bdo big blockquote body br button caption center cite code col dd del details dfn div "
    "dl dt em figure figcaption font footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img input "
    "ins kbd label li link main mark math meta nav ol option p pre q rp rt ruby s samp script section "
    "select small source span strike strong style sub summary sup svg table tbody td textarea tfoot th "
    "thead time title tr tt u ul var video wbr"
)
"""What is a tag between angle brackets; "a < b and c > d" has none."""
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)[^<>]*>|<[!?]")
_DOLLARS = re.compile(r"\$\$(?=\S)(.+?)(?<=\S)\$\$|\$(?=[^\s$])([^$\n]*?[^\s$])?\$(?![\d$])", re.DOTALL)
_BRACKETS = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_WORDS = re.compile(r"[^\W\d_]{2,}[ ,.]+[^\W\d_]{2,}")
_TASK = re.compile(r"^\[[ xX]\] ")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,32}\]:?")


def spoken_words(source: str, start: int, env: MutableMapping[str, Any]) -> tuple[str, int]:
    """The plain text of the part of a document from `start` to its end.

    The part may begin and end in mid-paragraph; emphasis that is open at its end counts as emphasis.

    Args:
        source: Markdown, from the beginning of a block at the outermost level.
        start: index in it.
        env: link definitions of the blocks before; those of this source are added.

    Returns:
        The text on one line, and the index where the newest outermost block begins.
    """
    tokens = _blocks(source, env)
    line = source.count("\n", 0, start)
    line_start = source.rfind("\n", 0, start) + 1
    begins_line = not source[line_start:start].strip()
    parts: list[str] = []
    number = ""
    marked = line_start
    for token in tokens:
        if token.map is None or token.map[1] <= line:
            continue
        if token.type == "list_item_open":
            mark = f"{token.info}{token.markup}"
            if token.map[0] == line:  # several points may begin in one line, some of them before the wanted part
                marked = source.find(mark, marked) + len(mark)
            if token.info and (token.map[0] > line or (token.map[0] == line and marked > start)):
                number += f"{mark} "
        elif token.type == "inline":
            within = token.map[0] < line or (token.map[0] == line and not begins_line)
            content = _content_from(token, source, start, line) if within else token.content
            parts += [number, _TASK.sub("", _FOOTNOTE.sub("", _text(_inlines(content, env))))]
            number = ""
    # A point of a list, or a block of a quotation, can be read without those before it.
    begins = [token.map[0] for token in tokens if token.level <= 1 and token.map is not None and token.nesting >= 0]
    newest = _offset_of_line(source, begins[-1]) if begins else len(source)
    return " ".join(" ".join(parts).split()), newest


def _blocks(source: str, env: MutableMapping[str, Any]) -> list[Token]:
    """The blocks of Markdown; their text is not parsed yet."""
    tokens: list[Token] = []
    _PARSER.block.parse(source, _PARSER, env, tokens)
    return tokens


def _inlines(content: str, env: MutableMapping[str, Any]) -> list[Token]:
    """The parts of the text of a block."""
    tokens: list[Token] = []
    _PARSER.inline.parse(content, _PARSER, env, tokens)
    return tokens


def is_in_table(source: str) -> bool:
    """Whether the last line of Markdown belongs to a table."""
    tokens = _blocks(source, {})
    last = source.rstrip("\n").count("\n")
    return any(token.type == "table_open" and token.map is not None and token.map[1] > last for token in tokens)


def is_indented_code(source: str) -> bool:
    """Whether the last line of Markdown is code by its indentation."""
    tokens = _blocks(source, {})
    return bool(tokens) and next(token for token in reversed(tokens) if token.map is not None).type == "code_block"


def _offset_of_line(source: str, line: int) -> int:
    offset = 0
    for _ in range(line):
        offset = source.index("\n", offset) + 1
    return offset


def _content_from(token: Token, source: str, start: int, line: int) -> str:
    """The text of a paragraph with a mark behind which the wanted part begins; its beginning tells what is open."""
    assert token.map is not None
    content = token.content
    lines = content.split("\n")
    place = min(line - token.map[0], len(lines) - 1)
    before = sum(len(one) + 1 for one in lines[:place])
    line_start, line_end = source.rfind("\n", 0, start) + 1, source.find("\n", start)
    whole = source[line_start : line_end if line_end >= 0 else len(source)]
    # The marks of lists, quotations and headings before the text, and those after it, are not in it.
    indent = len(lines[place]) - len(lines[place].lstrip())
    column = start - line_start - max(0, whole.find(lines[place].strip())) + indent
    offset = before + min(max(0, column), len(lines[place]))
    while offset > 0 and content[offset - 1].isspace():
        offset -= 1  # before the space, which decides whether a star opens or closes
    return f"{content[max(0, offset - _REACH) : offset]}{_START}{content[offset:]}"


def _text(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    for token in tokens:
        match token.type:
            case "text" | "text_special" | "code_inline":
                parts.append(token.content)
            case "math_inline":
                parts.append(plain_formula(token.content))
            case "softbreak" | "hardbreak":
                parts.append(" ")
            case "image":
                parts.append(token.content)
            case "html_inline":
                name = _TAG.match(token.content)
                known = name is not None and (name[1] is None or name[1].lower() in HTML_NAMES)
                parts.append((" " if name and name[1] == "br" else "") if known else token.content)
    return "".join(parts).rpartition(_START)[2]


# Formulas

_COMMANDS = {
    "times": "×", "cdot": "·", "div": "÷", "pm": "±", "mp": "∓", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "ne": "≠", "neq": "≠", "approx": "≈", "equiv": "≡", "infty": "∞", "to": "→", "rightarrow": "→", "degree": "°",
    "circ": "°", "sum": "∑", "int": "∫", "pi": "π", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ",
    "Delta": "Δ", "epsilon": "ε", "theta": "θ", "lambda": "λ", "mu": "μ", "sigma": "σ", "omega": "ω", "Omega": "Ω",
    "phi": "φ", "rho": "ρ", "tau": "τ", "percent": "%",
}  # fmt: skip
_LAYOUT = _set("text mathrm mathbf mathit operatorname left right big Big quad qquad displaystyle")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]*)\}")


def plain_formula(formula: str) -> str:
    r"""A LaTeX formula as signs on a line: `\frac{a}{b} \times 2^{10}` is "a / b × 2^10"."""
    for _ in range(4):
        formula = _ROOT.sub(r"√\1", _FRACTION.sub(r"\1 / \2", formula))
    formula = re.sub(r"\^\s*\\circ|\^\{\s*\\circ\s*\}", "°", formula)
    formula = re.sub(r"\\([a-zA-Z]+)", lambda found: _command(found[1]), formula)
    formula = re.sub(r"\\([%$&#_{}])", r"\1", formula)
    return " ".join(re.sub(r"\\[,;:! \\]|[{}]", " ", formula.replace("^{", "^").replace("_", " ")).split())


def _command(name: str) -> str:
    return _COMMANDS.get(name, "" if name in _LAYOUT else f" {name} ")


# The parser


def _formula(state: StateInline, silent: bool) -> bool:
    """Formulas between dollars or escaped brackets; sums of money are none."""
    if state.src[state.pos] not in "$\\":
        return False
    pattern = _DOLLARS if state.src[state.pos] == "$" else _BRACKETS
    found = pattern.match(state.src, state.pos)
    content = next((group for group in found.groups() if group is not None), "") if found else ""
    before = state.src[state.pos - 1] if state.pos else " "
    if found is None or not content or before.isalnum() or before == "$":
        return False
    if pattern is _DOLLARS and content[0].isdigit() and _WORDS.search(content):
        return False
    if not silent:
        state.push("math_inline", "math", 0).content = content
    state.pos = found.end()
    return True


_STARS = re.compile(r"\*+")
_FACTOR_BEFORE = re.compile(r"(?:[\d)]|(?<![A-Za-z])[A-Za-z])$")
_FACTOR_AFTER = re.compile(r"[\d(]|-\d|[A-Za-z](?![A-Za-z])")


def _emphasis(state: StateInline, silent: bool) -> bool:
    """As CommonMark, but stars between digits or single letters are signs: 3**4, a*b*c."""
    stars = _STARS.match(state.src, state.pos)
    if stars is None or silent:
        return tokenize_emphasis(state, silent)
    before = state.src[max(0, state.pos - 2) : state.pos]
    if _FACTOR_BEFORE.search(before) and _FACTOR_AFTER.match(state.src, stars.end()):
        state.push("text", "", 0).content = stars[0]
        state.pos = stars.end()
        return True
    return tokenize_emphasis(state, silent)


def _open_emphasis(state: StateInline) -> None:
    """Drop marks of emphasis before a word that are not closed (yet), and their belated partners."""
    partners = {one.end for one in state.delimiters if one.end >= 0}
    for place, one in enumerate(state.delimiters):
        token = state.tokens[one.token]
        if one.end >= 0 or place in partners or token.content[:1] not in ("*", "_", "~"):
            continue
        if one.open and _is_before_word(state.tokens, one.token + 1):
            token.content = ""


def _is_before_word(tokens: Sequence[Token], place: int) -> bool:
    while place < len(tokens):
        if content := tokens[place].content.lstrip("*_~"):
            return content[0].isalpha()
        place += 1
    return False


class _Parser(MarkdownIt):
    """Knows every link as one, to say its words: the page decides which of them can be followed."""

    def validateLink(self, url: str) -> bool:
        return True


def _make_parser() -> MarkdownIt:
    parser = _Parser("commonmark").enable(["table", "strikethrough"]).disable(["html_block"])
    parser.inline.ruler.before("escape", "formula", _formula)
    parser.inline.ruler.at("emphasis", _emphasis)
    parser.inline.ruler2.before("fragments_join", "open_emphasis", _open_emphasis)
    return parser


_PARSER = _make_parser()
