"""One linear equation in text, such as 2x + 3y = 6, as coefficients.

An expression is a dict {name: coefficient}, with the constant under the name "". Products are read
from left to right: 3/4 x is three quarters of x.
"""
from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from mathwork.matrix.rationals import LARGEST_EXPONENT

if TYPE_CHECKING:
    from typing import TypeAlias

    _Expression: TypeAlias = dict[str, Fraction]

DEEPEST = 50                # parentheses in parentheses: Python's stack is limited
SHOWN = 60                  # characters of an equation in a message
CONSTANT = ""
OTHERS = "SymPy solves equations that are not linear"

TOKEN = re.compile(r"""\s*(?:
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]\d+)?)
  | (?P<name>[^\W\d_]\w*'*)
  | (?P<sign>\*\*|[-+*/^()=])
  | (?P<other>\S))""", re.VERBOSE)

UNCLEAR = re.compile(r"(?<![\w.])([\d.]+)([eE]\d\w*)")      # 2e3


def fraction(text: str) -> Fraction:
    """Return a number in text, such as 3/4 or 1e-3, as a Fraction."""
    _, _, exponent = text.lower().partition("e")
    if exponent and abs(int(exponent)) > LARGEST_EXPONENT:
        raise ValueError(f"{text} is too large or too small")
    return Fraction(text)


def read_equation(text: str) -> _Expression:
    """Return {name: coefficient} of ``left - right``, in the order of the names' appearance.

    Raises
    ------
    ValueError
        For text that is not one linear equation.
    """
    try:
        return _Parser(text).equation()
    except ValueError as error:
        shown = text.strip()
        if len(shown) > SHOWN:
            shown = shown[:SHOWN] + "..."
        raise ValueError(f"{error}, in {shown!r}") from None


class _Parser:
    """A recursive descent: equation, sum, product, factor."""

    def __init__(self, text: str) -> None:
        text = text.strip()
        self.tokens = [(kind, match[kind]) for match in TOKEN.finditer(text)
                       if (kind := match.lastgroup)]
        if other := next((value for kind, value in self.tokens if kind == "other"), None):
            raise ValueError(f"{other!r} has no meaning in an equation")
        if unclear := UNCLEAR.search(text):
            value, name = unclear.groups()
            raise ValueError(f"{value}{name} may be a number or a product: write "
                             f"{value}e+{name[1:]} or {value}*{name}")
        self.tokens.append(("end", "the end"))
        self.at = self.depth = 0

    @property
    def next(self) -> str:
        return self.tokens[self.at][1]

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0]

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1][1]

    def equation(self) -> _Expression:
        left = self.sum()
        if self.next != "=":
            raise ValueError("there is no =" if self.kind == "end" else self._unexpected())
        self.take()
        right = self.sum()
        if self.next == "=":
            raise ValueError("there is more than one =")
        if self.kind != "end":
            raise ValueError(self._unexpected())
        return _plus(left, _times(right, -1))

    def sum(self) -> _Expression:
        total = {CONSTANT: Fraction(0)}
        negative = self.take() == "-" if self.next in ("+", "-") else False
        while True:
            total = _plus(total, _times(self.product(), -1 if negative else 1))
            if self.next not in ("+", "-"):
                return total
            negative = self.take() == "-"

    def product(self) -> _Expression:
        value = self.factor()
        while True:
            if self.next in ("*", "/"):
                sign = self.take()
                other = self.factor()
            elif self.kind in ("number", "name") or self.next == "(":
                sign, other = "*", self.factor()
            else:
                return value
            value = _divided(value, other) if sign == "/" else _product(value, other)

    def factor(self) -> _Expression:
        sign = 1
        while self.next in ("+", "-"):
            sign = -sign if self.take() == "-" else sign
        return _times(self.unsigned(), sign)

    def unsigned(self) -> _Expression:
        if self.kind == "number":
            value = {CONSTANT: fraction(self.take())}
        elif self.kind == "name":
            name = self.take()
            if self.next == "(":
                raise ValueError(f"{name}(...) is a function, or a product without *: {OTHERS}")
            value = {CONSTANT: Fraction(0), name: Fraction(1)}
        elif self.next == "(":
            self.take()
            self.depth += 1
            if self.depth > DEEPEST:
                raise ValueError("parentheses are nested too deeply")
            value = self.sum()
            if self.next != ")":
                raise ValueError(f"there is {self._here()} where ) is wanted")
            self.take()
            self.depth -= 1
        else:
            raise ValueError(f"there is {self._here()} where a number or an unknown is wanted")
        if self.next in ("^", "**"):
            raise ValueError(f"there is a power: {OTHERS}")
        return value

    def _here(self) -> str:
        return self.next if self.kind == "end" else repr(self.next)

    def _unexpected(self) -> str:
        return f"{self._here()} is not expected"


def _plus(left: _Expression, right: _Expression) -> _Expression:
    return left | {name: left.get(name, 0) + factor for name, factor in right.items()}


def _times(value: _Expression, factor: Fraction | int) -> _Expression:
    return {name: factor * entry for name, entry in value.items()}


def _product(left: _Expression, right: _Expression) -> _Expression:
    if len(left) > 1 and len(right) > 1:
        raise ValueError(f"there is a product of unknowns: {OTHERS}")
    if len(left) > 1:
        left, right = right, left
    return _times(right, left[CONSTANT])


def _divided(value: _Expression, divisor: _Expression) -> _Expression:
    if len(divisor) > 1:
        raise ValueError(f"there is a division by an unknown: {OTHERS}")
    if not divisor[CONSTANT]:
        raise ValueError("there is a division by zero")
    return _times(value, 1 / divisor[CONSTANT])
