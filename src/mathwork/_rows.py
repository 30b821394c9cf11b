"""The numbers in a row of text."""
from __future__ import annotations

import re
import reprlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence, Sized
    from typing import Any


def begins_a_number(text: str) -> bool:
    """Return whether `text` is a number or begins like one: 1e5000, 3;4, 1/0."""
    return bool(re.match(r"\s*[+-]?(\.?\d|(nan|inf(inity)?)\s*$)", text, re.IGNORECASE))


def numbers_in(fields: Sequence[str], number: Callable[[str], Any] = float, column: int = 1
               ) -> list[Any]:
    """Return [number(field), ...] for the fields of a row; a ValueError names the first bad one.

    `column` is the number of the first field.
    """
    try:
        return [*map(number, fields)]
    except (ValueError, ArithmeticError):
        for column, field in enumerate(fields, column):     # noqa: B020
            try:
                number(field)
            except (ValueError, ArithmeticError):
                raise ValueError(f"column {column}: {reprlib.repr(field)} is not a number"
                                 ) from None
        raise


def check_length(row: Sized, width: int) -> None:
    """Raise a ValueError unless a row has `width` entries."""
    if len(row) != width:
        raise ValueError(f"a row of length {len(row)}, those above have length {width}")
