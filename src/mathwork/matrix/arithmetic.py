"""The arithmetic that the keywords of this package's functions ask for: floats or a field."""
from __future__ import annotations

import functools
from typing import TYPE_CHECKING, overload

from mathwork.matrix.checks import checked_atol, checked_tol

if TYPE_CHECKING:
    from typing import Literal, SupportsIndex

    from mathwork.matrix.fields import Field
    from mathwork.matrix.modular import PrimeField


@overload
def arithmetic(tol: None, exact: Literal[False], modulus: SupportsIndex, atol: float = 0.0
               ) -> PrimeField: ...
@overload
def arithmetic(tol: float | None, exact: bool, modulus: SupportsIndex | None,
               atol: float = 0.0) -> Field | None: ...
def arithmetic(tol: float | None, exact: bool, modulus: SupportsIndex | None,
               atol: float = 0.0) -> Field | None:
    """Return the field that `exact` or `modulus` asks for; None for floats.

    Raises
    ------
    TypeError
        For a `tol` or `atol` that is not a number, or a `modulus` that is not an integer.
    ValueError
        For `exact` and `modulus` together, a tolerance with either of them, one that is negative
        or NaN, and a `modulus` that is not a prime below 2^31.
    """
    if exact and modulus is not None:
        raise ValueError("exact and modulus exclude each other, got both")
    if not exact and modulus is None:
        checked_tol(tol)
        checked_atol(atol)
        return None
    for name, given, none in (("tol", tol, None), ("atol", atol, 0)):
        if given != none:
            raise ValueError(f"{name} is for floats: exact arithmetic needs none, "
                             f"got {name} {given!r} with {'exact' if exact else 'modulus'}")
    return _field(modulus) if modulus is None or type(modulus) is int else _new_field(modulus)


def _new_field(modulus: SupportsIndex | None) -> Field:
    # Imported here, because most programs ask for neither.
    if modulus is None:
        from mathwork.matrix.exact import RATIONALS

        return RATIONALS
    from mathwork.matrix.modular import PrimeField

    return PrimeField(modulus)


_field = functools.lru_cache(maxsize=256)(_new_field)
