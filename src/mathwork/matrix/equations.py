"""Linear equations in text, such as 2x + 3y = 6, as coefficients.

An expression is a dict {name: coefficient}, with the constant under the name "". Products are read
from left to right: 3/4 x is three quarters of x. Time and memory are bounded whatever is in the
text, by the numbers below.
"""
from __future__ import annotations

import re
import sys
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from mathwork.matrix.rationals import LARGEST_EXPONENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    _Expression: TypeAlias = dict[str, Fraction]

DEEPEST = 50                # parentheses in parentheses: Python's stack is limited
LARGEST_INTEGER = sys.get_int_max_str_digits() or "any number of"      # digits
MOST_BITS = 1 << 14         # of a coefficient: products of numbers would grow without end
LONGEST = 4_000_000         # characters of all equations together
MOST_EXACT = 4_000_000      # exact numbers in a matrix: each takes some hundred bytes
TOO_MANY = f"at most {MOST_EXACT:,} numbers are read exactly; without exact arithmetic, any number"
SHOWN = 60                  # characters of an equation in a message
CONSTANT = ""
OTHERS = "SymPy solves equations that are not linear"
IMAGINARY = ("i", "j")
COMPLEX = ("{} is an unknown here, and no unknown is multiplied by another: complex numbers stand "
           "in a matrix, such as 10-20j 20j | 100")
REACTION = ("{!r} belongs to a chemical reaction: write an equation for each element, such as "
            "4 KMnO4 = H2O for oxygen")

TOKEN = re.compile(r"""\s*(?:
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]\d+)?)
  | (?P<name>[^\W\d_]\w*'*)
  | (?P<sign>\*\*|[-+*/^()=])
  | (?P<other>\S))""", re.VERBOSE)

ARROW = re.compile("<?[-=]{1,9}>|[\u2190-\u21ff\u27f5-\u27ff]")
UNCLEAR = re.compile(r"(?<![\w.])([\d.]+)([eE]\d\w*)")      # 2e3


def fraction(text: str) -> Fraction:
    """Return a number in text, such as 3/4 or 1e-3, as a Fraction."""
    _, _, exponent = text.lower().partition("e")
    if exponent and abs(int(exponent)) > LARGEST_EXPONENT:
        raise ValueError(f"{text} is too large or too small")
    return Fraction(text)


def read_equations(parts: Iterable[str], exact: bool
                   ) -> tuple[NDArray[Any], NDArray[Any], tuple[str, ...]]:
    """Return (A, b, names) of equations in parts of a text; ; or a comma separates those of a part.

    Raises
    ------
    ValueError
        For text that is not of linear equations, and for more than can be read.
    """
    zero: Any = Fraction(0) if exact else 0.0
    equations, length = [], 0
    for part in parts:
        length += len(part)
        if length > LONGEST:
            raise ValueError(f"equations may have {LONGEST:,} characters together")
        equations += [_equation(text, exact) for text in re.split("[;,]", part.replace("&", " "))
                      if text.strip()]
    names = dict.fromkeys(name for equation in equations for name in equation if name != CONSTANT)
    if len(equations) * len(names) > MOST_EXACT:
        raise ValueError(f"{len(equations):,} equations in {len(names):,} unknowns make a matrix "
                         f"of {len(equations) * len(names):,} numbers; at most {MOST_EXACT:,} are "
                         "made")
    dtype = object if exact else np.float64
    A, b = np.empty((len(equations), len(names)), dtype), np.empty(len(equations), dtype)
    for row, equation in enumerate(equations):
        A[row] = [equation.get(name, zero) for name in names]
        b[row] = -equation[CONSTANT]
    return A, b, tuple(names)


def _equation(text: str, exact: bool) -> dict[str, Any]:
    """Return {name: coefficient} of ``left - right``, in the order of the names' appearance"""
    try:
        found = _Parser(text).equation()
        return found if exact else {name: _float(factor) for name, factor in found.items()}
    except ValueError as error:
        reason, shown = str(error), text.strip()
        if len(shown) > SHOWN:
            shown = shown[:SHOWN] + "..."
        if len(reason) > 4 * SHOWN:         # it quotes a name or a number
            reason = f"{reason[:2 * SHOWN]}...{reason[-2 * SHOWN:]}"
        raise ValueError(f"{reason}, in {shown!r}") from None


def _float(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        raise ValueError("a coefficient is too large for a float: exact=True reads it") from None


class _Parser:
    """A recursive descent: equation, sum, product, factor. `kind` and `next` are the next token."""

    def __init__(self, text: str) -> None:
        text = text.strip()
        if arrow := ARROW.search(text):
            raise ValueError(REACTION.format(arrow[0]))
        if other := next((value for kind, value in _tokens(text) if kind == "other"), None):
            raise ValueError(f"{other!r} has no meaning in an equation")
        if unclear := UNCLEAR.search(text):
            value, name = unclear.groups()
            raise ValueError(f"{value}{name} may be a number or a product: write "
                             f"{value}e+{name[1:]} or {value}*{name}")
        self.tokens = _tokens(text)
        self.kind, self.next = next(self.tokens)
        self.depth = 0

    def take(self) -> str:
        taken = self.next
        self.kind, self.next = next(self.tokens, ("end", "the end"))
        return taken

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
        _add(left, right, -1)
        return left

    def sum(self) -> _Expression:
        total = {CONSTANT: Fraction(0)}
        negative = self.take() == "-" if self.next in ("+", "-") else False
        while True:
            _add(total, self.product(), -1 if negative else 1)
            if self.next not in ("+", "-"):
                return total
            negative = self.take() == "-"

    def product(self) -> _Expression:
        # The constants are multiplied apart: every one into all unknowns would take too long.
        value, constant = self.factor(), Fraction(1)
        while True:
            if self.next in ("*", "/"):
                sign = self.take()
                other = self.factor()
            elif self.kind in ("number", "name") or self.next == "(":
                sign, other = "*", self.factor()
            else:
                return _times(value, constant)
            if sign == "/":
                constant /= _divisor(other)
            elif len(other) == 1:
                constant *= other[CONSTANT]
            elif len(value) == 1:
                constant *= value[CONSTANT]
                value = other
            else:
                if name := next((each for each in IMAGINARY if each in value or each in other), ""):
                    raise ValueError(COMPLEX.format(name))
                raise ValueError(f"there is a product of unknowns: {OTHERS}")
            _check_size(constant)

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


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) of all tokens, one at a time: a list of them takes far more memory"""
    for match in TOKEN.finditer(text):
        if kind := match.lastgroup:
            yield kind, match[kind]


def _add(total: _Expression, value: _Expression, sign: int) -> None:
    for name, factor in value.items():
        total[name] = total.get(name, 0) + sign * factor
        _check_size(total[name])


def _times(value: _Expression, factor: Fraction | int) -> _Expression:
    if factor == 1:
        return value
    found = {name: factor * entry for name, entry in value.items()}
    for number in found.values():
        _check_size(number)
    return found


def _divisor(value: _Expression) -> Fraction:
    if len(value) > 1:
        raise ValueError(f"there is a division by an unknown: {OTHERS}")
    if not value[CONSTANT]:
        raise ValueError("there is a division by zero")
    return value[CONSTANT]


def _check_size(number: Fraction) -> None:
    if number.numerator.bit_length() + number.denominator.bit_length() > MOST_BITS:
        raise ValueError(f"a coefficient has more than {MOST_BITS:,} bits")
