"""The numbers in a row of text."""
import re
import reprlib


def begins_a_number(text):
    """Return whether `text` is a number or begins like one: 1e5000, 3;4, 1/0."""
    return bool(re.match(r"\s*[+-]?(\.?\d|(nan|inf(inity)?)\s*$)", text, re.IGNORECASE))


def numbers_in(fields, number=float):
    """Return [number(field), ...] for the fields of a row; a ValueError names the first bad one."""
    row = []
    for column, field in enumerate(fields, 1):
        try:
            row.append(number(field))
        except (ValueError, ArithmeticError):
            raise ValueError(f"column {column}: {reprlib.repr(field)} is not a number") from None
    return row


def check_length(row, width):
    """Raise a ValueError unless a row has `width` entries."""
    if len(row) != width:
        raise ValueError(f"a row of length {len(row)}, those above have length {width}")
