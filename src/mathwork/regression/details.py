"""What few fits have beside their numbers: rows left out, names, numbers counted from a base."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mathwork._types import IntOrArray
    from mathwork.regression.columns import Base, Pairs
    from mathwork.regression.formulas import Formula


class Details(NamedTuple):
    """All of it is optional. A fit without any of it has None in place of its Details.

    A fit of large integers or times is one of their differences from a base, and keeps it, so that
    it can predict by differences.
    """

    n_omitted: IntOrArray = 0
    names: tuple[str, ...] | None = None        # of the columns of X
    targets: tuple[str, ...] | None = None      # of the columns of y
    x_base: Base | None = None
    y_base: Base | None = None
    level: Pairs | None = None                  # y of the fit at the base of x
    with_data: bool | None = None               # whether pickles carry X and y
    formula: Formula | None = None              # what makes X from a frame


def details_or_none(details: Details) -> Details | None:
    """Return the details if there are any, of all numbers in them or of one."""
    nothing = all(part is None for part in details[1:])
    omitted = details.n_omitted
    some = omitted.any() if hasattr(omitted, "any") else omitted
    return None if nothing and not some else details
