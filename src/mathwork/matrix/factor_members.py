"""What the factors of a real and of a complex matrix have in common."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import mathwork._html as html
from mathwork._arrays import COMPLEX64, COMPLEX128, FLOAT32, FLOAT64, in_dtype
from mathwork._status import DEFICIENT, MATRIX_NOT_FINITE, REDUCED
from mathwork._warnings import REMEDY, why_singular
from mathwork._workers import checked_workers
from mathwork.matrix.determinants import SlogDet, products
from mathwork.matrix.elimination import Margin, shown
from mathwork.matrix.verdicts import is_ambiguous
from mathwork.matrix.written import (
    aligned,
    as_text,
    displayed,
    matrix_latex,
    sentence_latex,
    too_long,
)

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from mathwork._types import CodeOrArray


STATUS_WORDS = {REDUCED: "full rank", MATRIX_NOT_FINITE: "not finite", DEFICIENT: "deficient"}
LARGE_LOG = 300.0       # of a determinant that is shown by its logarithm


class FactorMembers:
    """The members of factors that need no more than these, which a class of factors has:

    shape, L, U, permutation
    _single             whether the data are float32 or complex64
    _verdict            (rank, accepted, rejected, status, parity) in arrays
    _solve_stack        the solutions for plain columns, whose stack broadcasts
    _determinants       their (mantissas, exponents)
    _signs_and_logs     their (signs, logarithms)
    _remedy             what to do about a close call
    """

    __slots__ = ()

    _remedy = REMEDY

    # ---- the verdict ----

    @property
    def rank(self: Any) -> int | NDArray[np.intp]:
        return _one_or_all(self._verdict[0])

    @property
    def margin(self: Any) -> Margin:
        return Margin(*map(_one_or_all, self._verdict[1:3]))

    @property
    def status(self: Any) -> CodeOrArray:
        rank, _, _, codes, _ = self._verdict
        return _one_or_all(_status(codes, rank, self.shape))

    @property
    def ambiguous(self: Any) -> bool | NDArray[np.bool]:
        return is_ambiguous(self.margin, self._single)

    # ---- what follows ----

    def det(self: Any) -> Any:
        """The determinant of a square A.

        Returns
        -------
        number in the dtype of L; ndarray for a stack
            0 if the rank is below n, NaN if A is not finite. Only the whole product of the pivots
            can overflow or underflow.

        Raises
        ------
        ValueError
            If A is not square.

        Examples
        --------
        >>> from mathwork.matrix import lu
        >>> lu([[2, 3], [4, 5]]).det()
        np.float64(-2.0)
        """
        return self._rounded(products(*self._determinants()))[()]

    def slogdet(self: Any) -> SlogDet:
        """The determinant of a square A, as sign and logarithm.

        Returns
        -------
        SlogDet
            Unpacks to ``(sign, logabsdet)``, as from :func:`slogdet`.

        Raises
        ------
        ValueError
            If A is not square.

        Examples
        --------
        >>> import numpy as np
        >>> from mathwork.matrix import lu
        >>> float(lu(np.diag([1e200, 1e200])).slogdet().logabsdet)
        921.0340371976183
        """
        found = self._signs_and_logs()
        return SlogDet(*(self._rounded(part)[()] for part in found))

    def inv(self: Any, *, workers: int = 1) -> NDArray[Any]:
        """The inverse of a square A.

        Parameters
        ----------
        workers : int
            The number of threads that share a stack.

        Returns
        -------
        ndarray, shape (..., n, n)
            In a stack, NaN for a slice without an inverse.

        Raises
        ------
        numpy.linalg.LinAlgError
            If one matrix has no inverse: its rank is below n, or it is not finite.
        ValueError
            If A is not square.

        Examples
        --------
        >>> from mathwork.matrix import lu
        >>> lu([[2, 0], [0, 4]]).inv()
        array([[0.5 , 0.  ],
               [0.  , 0.25]])
        """
        identity = np.eye(self._regular_side(), dtype=self._dtype())
        return self._solve_stack(identity, checked_workers(workers))

    # ---- shared parts ----

    def _dtype(self: Any) -> np.dtype[Any]:
        """Return the dtype of results"""
        return FLOAT32 if self._single else FLOAT64

    def _rounded(self: Any, numbers: Any) -> Any:
        """Return real or complex results in the precision of the data"""
        narrow, wide = ((COMPLEX64, COMPLEX128) if numbers.dtype.kind == "c"
                        else (FLOAT32, FLOAT64))
        return in_dtype(numbers, narrow if self._single else wide)

    def _regular_side(self: Any) -> int:
        """Return n; raise unless A is square, and one matrix regular"""
        m, n = self.shape[-2:]
        if m != n:
            raise ValueError(f"A must be square, got shape {self.shape}")
        if len(self.shape) == 2 and self._verdict[0] < n:
            raise np.linalg.LinAlgError(why_singular(
                int(self._verdict[0]), n, self.status != MATRIX_NOT_FINITE, bool(self.ambiguous),
                self._remedy))
        return n

    # ---- what is shown ----

    def _repr_latex_(self: Any) -> str | None:
        """One matrix, if it is not long, as a product; all others are a table"""
        if not self._is_short():
            return None
        L, U = (matrix_latex(factor.tolist(), factor.shape[1], factor.shape[1])
                for factor in (self.L, self.U))
        rows = ", ".join(str(row + 1) for row in self.permutation)
        facts = ", ".join(f"{name} {value}" for name, value in self._facts())
        return displayed(aligned([f"& A_{{({rows})}} = {L} {U}", f"& {sentence_latex(facts)}"]))

    def _repr_html_(self: Any) -> str | None:
        if self._is_short():
            return None
        if len(self.shape) == 2:
            return html.fields(self._facts(), type(self).__name__)
        count = math.prod(self.shape[:-2])
        ranks, codes = (self._verdict[part].reshape(-1)[:html.MOST_ROWS] for part in (0, 3))
        codes = _status(codes, ranks, self.shape)
        words = [STATUS_WORDS[code] for code in codes.tolist()]
        rows = zip(html.indices(self.shape[:-2]), ranks, words, strict=True)
        return html.table(("", "rank", "status"), rows, f"{type(self).__name__} of {count:,} "
                          f"matrices, {_size(self.shape)}") + html.notes(html.more(count))

    def _is_short(self: Any) -> bool:
        return len(self.shape) == 2 and not too_long(self.shape, self.shape)

    def _facts(self: Any) -> list[tuple[str, str]]:
        """Return names and values that describe the factors of one matrix"""
        m, n = self.shape
        facts = [("shape", _size(self.shape)), ("rank", str(self.rank))]
        if self.ambiguous:
            facts.append(("margin", f"{self.margin.accepted:.3g} over {self.margin.rejected:.3g}"))
        if m == n:
            sign, logabsdet = self.slogdet()
            large = LARGE_LOG < abs(logabsdet) < math.inf
            facts.append(("determinant", f"{as_text(sign)} * exp({as_text(logabsdet)})" if large
                          else as_text(self.det())))
        return facts

    def __repr__(self: Any) -> str:
        kind = type(self).__name__
        parts = []
        for name, value in (("L", self.L), ("U", self.U), ("permutation", self.permutation)):
            indent = " " * len(f"{kind}({name}=")
            parts.append(f"{name}=" + shown(value.__repr__).replace("\n", "\n" + indent).replace(
                "\n" + indent + "\n", "\n\n"))
        return f"{kind}(" + (",\n" + " " * len(f"{kind}(")).join(parts) + ")"


def _status(codes: NDArray[np.int8], rank: Any, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """Return the codes of reductions as those of factors"""
    deficient = (codes == REDUCED) & (rank < min(shape[-2:]))
    return np.where(deficient, np.int8(DEFICIENT), codes)


def _size(shape: tuple[int, ...]) -> str:
    """Return rows and columns as text"""
    return f"{shape[-2]} x {shape[-1]}"


def _one_or_all(numbers: Any) -> Any:
    """Return a number of Python for one matrix, else the array"""
    return numbers if numbers.ndim else numbers.item()
