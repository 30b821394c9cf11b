"""Lines of text cut into rows or equations, without the LaTeX around these."""
from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# LaTeX around numbers and signs, and its meaning.
SPECIAL = re.compile("[\\\\_$\u00b7\u00d7]")
UNUSUAL = re.compile("[#\\\\_$\u00b7\u00d7\u2212]")     # in a line that is not taken as it is
BREAK = re.compile(r"\\\\(?:\[[^][]*\])?")
ARRAY = re.compile(r"\\begin\s*\{array\}\s*\{([^}]*)\}")
LATEX = (
    (re.compile(r"\\(begin|end)\s*\{[^{}]*\}(\[[^][]*\])?"), " "),
    (re.compile(r"\\(left|right|big|Big)\b\s*(\\?[.()|{}\[\]])?"), " "),
    (re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}"), r"(\1)/(\2)"),
    (re.compile(r"\\(cdot|times)\b|[\u00b7\u00d7]"), "*"),
    (re.compile(r"\\(hline|quad|qquad|displaystyle)\b|\\[,;:!]|\$"), " "),
    (re.compile(r"_\{(\w+)\}"), r"_\1"),
    (re.compile(r"\\([A-Za-z]+)"), r"\1"),              # \lambda
)
MINUS = "\u2212"        # the minus sign of typeset pages


class Parts:
    r"""The rows or equations in lines: without LaTeX around them, cut at its \\, never empty.

    `lines` are those that are not yet taken. `bar` is the number of columns before the bar of a
    LaTeX array, or None.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = iter(lines)
        self.bar: int | None = None

    def __iter__(self) -> Iterator[str]:
        for line in self.lines:
            yield from self.cut(line)

    def first(self) -> str | None:
        """Return the first part, or None; its line is not taken"""
        for line in self.lines:
            for part in self.cut(line):
                self.lines = itertools.chain([line], self.lines)
                return part
        return None

    def cut(self, line: str) -> Iterator[str]:
        """Yield the parts of a line"""
        if not UNUSUAL.search(line):
            if part := line.strip():
                yield part
            return
        line = line.partition("#")[0]
        array = ARRAY.search(line)
        if array:
            before, bar, _ = array[1].strip().strip("|").partition("|")
            self.bar = sum(map(str.isalpha, before)) if bar else None
            line = line[:array.start()] + line[array.end():]
        for part in BREAK.split(line.replace(MINUS, "-")):
            for pattern, meaning in LATEX if SPECIAL.search(part) else ():
                part = pattern.sub(meaning, part)
            if part := part.strip():
                yield part
