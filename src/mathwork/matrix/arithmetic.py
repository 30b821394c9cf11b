"""The arithmetic that the keywords of this package's functions ask for: floats or a field."""
from __future__ import annotations

from typing import TYPE_CHECKING, overload

from mathwork.matrix.checks import checked_tol

if TYPE_CHECKING:
    from typing import Literal, SupportsIndex

    from mathwork.matrix.fields import Field
    from mathwork.matrix.modular import PrimeField


@overload
def arithmetic(tol: None, exact: Literal[False], modulus: SupportsIndex) -> PrimeField: ...
@overload
def arithmetic(tol: float | None, exact: bool, modulus: SupportsIndex | None) -> Field | None: ...
def arithmetic(tol: float | None, exact: bool, modulus: SupportsIndex | None) -> Field | None:
    """Return the field that `exact` or `modulus` asks for; None for floats.

    Raises
    ------
    TypeError
        For a `tol` that is not a number, or a `modulus` that is not an integer.
    ValueError
        For `exact` and `modulus` together, `tol` with either of them, a `tol` that is negative or
        NaN, and a `modulus` that is not a prime below 2^31.
    """
    if exact and modulus is not None:
        raise ValueError("exact and modulus exclude each other, got both")
    if not exact and modulus is None:
        checked_tol(tol)
        return None
    if tol is not None:
        raise ValueError("tol is for floats: exact arithmetic needs none, "
                         f"got tol {tol!r} with {'exact' if exact else 'modulus'}")
    # Imported here, because most programs ask for neither.
    if modulus is None:
        from mathwork.matrix.exact import RATIONALS

        return RATIONALS
    from mathwork.matrix.modular import PrimeField

    return PrimeField(modulus)
