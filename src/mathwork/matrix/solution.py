"""The solutions of a linear system: the result of solve."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mathwork._levels import core as kernels
from mathwork.matrix.elimination import shown
from mathwork.matrix.written import displayed, solution_latex, solution_text, too_long

if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    import numpy as np
    from numpy.typing import NDArray

    from mathwork._types import SolutionWord


class _Parts(NamedTuple):
    status: SolutionWord | NDArray[np.int8]
    x: NDArray[Any] | Any           # Any is None, which only exact arithmetic gives
    null_space: NDArray[Any]


@kernels.solutions
class Solution(_Parts):
    """The result of :func:`solve`; unpacks to its fields.

    Parameters
    ----------
    status : str, or ndarray of int8 for a stack
        ``"unique"`` 0, ``"infinite"`` 1, ``"inconsistent"`` 2, or ``"nan"`` 3 if A or b is not
        finite. With several right-hand sides, the last of these words that applies to one of them.
    x : ndarray, shape (..., n) or (..., n, k), or None
        The solution, or the solution with all free variables zero. It is NaN for a right-hand side
        without a solution. In exact arithmetic and modulo a prime, x is None if there is such a
        right-hand side; in a stack, NaN, or -1 modulo a prime, then fills the slice.
    null_space : ndarray, shape (..., n, nullity)
        As from :func:`null_space`. Any combination of its columns may be added to x.

    Attributes
    ----------
    ambiguous : bool, or ndarray of bool for a stack
        Whether the status depended on a close call. It may be on the rank, as in :class:`Reduced`.
        It may be on a 0 = d: a contradiction by less than 1000 times its bound, or none by less
        than 10. False in exact arithmetic and modulo a prime.
    modulus : int or None
        The prime of the arithmetic.

    Examples
    --------
    >>> from mathwork.matrix import solve
    >>> solution = solve([[2, 3], [4, 5]], [6, 10])
    >>> status, x, null_space = solution
    >>> status, x, solution.ambiguous
    ('unique', array([0., 2.]), False)
    >>> print(solve([[1, 2]], [3]))
    x1 = 3 - 2 t
    x2 = t
    <BLANKLINE>
    (x1, x2) = (3, 0) + t (-2, 1)
    """

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Solution is immutable: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Solution is immutable: {name} cannot be deleted")

    @property
    def ambiguous(self) -> bool | NDArray[np.bool]:
        return self.__dict__.get("ambiguous", False)

    @property
    def modulus(self) -> int | None:
        return self.__dict__.get("modulus")

    def text(self, names: Sequence[str] | None = None) -> str:
        """All solutions as in a book: an equation for each unknown, then as vectors.

        Parameters
        ----------
        names : sequence of str, optional
            Of the n unknowns. By default x1, x2, and so on.

        Returns
        -------
        str
            The free parameters are t, or t1, t2, and so on. Floats have six digits. A complex
            number is 3+2j, with six digits of its larger part.

        Raises
        ------
        ValueError
            If there are not n names.

        Examples
        --------
        >>> from mathwork.matrix import solve
        >>> print(solve([[2, 3, 1]], [6], exact=True).text("xyz"))
        x = 3 - 3/2 t1 - 1/2 t2
        y = t1
        z = t2
        <BLANKLINE>
        (x, y, z) = (3, 0, 0) + t1 (-3/2, 1, 0) + t2 (-1/2, 0, 1)
        """
        return solution_text(self, names)

    def latex(self, names: Sequence[str] | None = None) -> str:
        """The same as LaTeX, for amsmath: without dollars around it.

        Parameters
        ----------
        names : sequence of str, optional
            As for :meth:`text`; digits at the end of a name become its index.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If there are not n names.

        Examples
        --------
        >>> from mathwork.matrix import solve
        >>> print(solve([[3]], [1], exact=True).latex())
        \\begin{aligned}
        x_{1} &= \\frac{1}{3}
        \\end{aligned}
        """
        return solution_latex(self, names)

    def _repr_latex_(self) -> str | None:
        return None if self._is_long() else displayed(self.latex())

    def __str__(self) -> str:
        return repr(self) if self._is_long() else self.text()

    def _is_long(self) -> bool:
        return too_long(*(part.shape for part in self[1:] if part is not None))

    def __repr__(self) -> str:
        return shown(super().__repr__)


def solution_of(status: SolutionWord | NDArray[np.int8], x: NDArray[Any] | None,
              null_space: NDArray[Any], ambiguous: bool | NDArray[np.bool] = False,
              *, modulus: SupportsIndex | None = None) -> Solution:
    made = tuple.__new__(Solution, (status, x, null_space))
    if ambiguous is not False:
        made.__dict__["ambiguous"] = ambiguous
    if modulus is not None:
        made.__dict__["modulus"] = int(modulus)
    return made
