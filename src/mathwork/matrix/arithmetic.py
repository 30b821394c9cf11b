"""The arithmetic of a call, by its keywords and its numbers: floats, complex numbers or a field."""
from __future__ import annotations

import functools
from typing import TYPE_CHECKING, overload

from mathwork._arguments import flag, shown
from mathwork._arrays import holds_complex
from mathwork.matrix.checks import checked_atol, checked_tol

if TYPE_CHECKING:
    from typing import Literal, SupportsIndex

    from mathwork.matrix.complexes import ComplexFloats
    from mathwork.matrix.fields import Field
    from mathwork.matrix.modular import PrimeField


@overload
def arithmetic(tol: None, exact: Literal[False], modulus: SupportsIndex, atol: float = 0.0
               ) -> PrimeField: ...
@overload
def arithmetic(tol: float | None, exact: bool, modulus: SupportsIndex | None,
               atol: float = 0.0, *values: object) -> Field | ComplexFloats | None: ...
def arithmetic(tol: float | None, exact: bool, modulus: SupportsIndex | None,
               atol: float = 0.0, *values: object) -> Field | ComplexFloats | None:
    """Return the field that `exact` or `modulus` asks for; None for floats.

    Without these it is ComplexFloats if one of the arguments `values` is complex.

    Raises
    ------
    TypeError
        For a `tol` or `atol` that is not a number, or a `modulus` that is not an integer.
    ValueError
        For `exact` and `modulus` together, a tolerance with either of them, one that is negative
        or NaN, and a `modulus` that is not a prime below 2^31.
    """
    exact = flag(exact, "exact")
    if exact and modulus is not None:
        raise ValueError("exact and modulus exclude each other, got both")
    if not exact and modulus is None:
        checked_tol(tol)
        checked_atol(atol)
        # Imported here, as the fields are, because most programs ask for none.
        if not any(map(holds_complex, values)):
            return None
        from mathwork.matrix.complexes import ComplexFloats

        return ComplexFloats(tol, atol)
    for name, given, none in (("tol", tol, None), ("atol", atol, 0)):
        if checked_tol(given, name) != none:
            raise ValueError(f"{name} is for floats: exact arithmetic needs none, "
                             f"got {name} {shown(given)} with {'exact' if exact else 'modulus'}")
    return _field(modulus) if modulus is None or type(modulus) is int else _new_field(modulus)


def _new_field(modulus: SupportsIndex | None) -> Field:
    if modulus is None:
        from mathwork.matrix.exact import RATIONALS

        return RATIONALS
    from mathwork.matrix.modular import PrimeField

    return PrimeField(modulus)


_field = functools.lru_cache(maxsize=256)(_new_field)
