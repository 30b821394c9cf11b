"""Row reduction of stacks of complex matrices, by the rules of docs/rank.md.

Matrices are planes, as planes.py describes them.

reduce_stack    matrices (count, m, n), piece by piece; returns a Found
Policy          what counts as zero
Planes          a piece under way
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._levels import core as kernels
from mathwork._status import MATRIX_NOT_FINITE, REDUCED
from mathwork.matrix.planes import (
    NONE,
    exchanged,
    exponents_of,
    over_pieces,
    part_exponent,
    planes_of,
    quotient,
    shifts_in_range,
    subtract_multiples,
)

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    from mathwork._types import Float64Array as Floats

    _Mask: TypeAlias = NDArray[np.bool]

NAN = complex(math.nan, math.nan)
# The rounding of the data, by their precision: sqrt(2) times that of reals, for two parts.
UNITS = {single: math.sqrt(2) * kernels.units[char] for single, char in ((True, "f"), (False, "d"))}
TINY = 2.0 ** -900          # a row divided by a pivot of this size may overflow
SPAN = 2.0 ** -44           # an entry this small beside its row may be lost in its rounding
WHOLE = 2 ** 24             # whole numbers below it are exact in float32


class Policy(NamedTuple):
    """The caller's tolerances, tol None by default; `single` for data of complex64."""

    tol: float | None
    atol: float
    single: bool


class Found(NamedTuple):
    """What a reduction of a stack found."""

    matrix: NDArray[np.complex128]      # (count, m, n)
    pivots: NDArray[np.intp]            # (count, most), padded with -1
    rank: NDArray[np.intp]
    accepted: Floats
    rejected: Floats
    status: NDArray[np.int8]
    parity: NDArray[np.int8]
    product: NDArray[np.complex128]     # of the pivots: product 2^exponent
    exponent: NDArray[np.int64]
    # Of augmented columns (count, n - columns), in units of one power of two for each column:
    rest: Floats                        # the largest size in a row without a pivot
    size: Floats                        # the sum of sizes in rows with a pivot
    tol: Floats                         # (count,), relative to a scaled row


def reduce_stack(A: NDArray[np.complex128], columns: int, policy: Policy, reduced: bool = True,
                 workers: int = 1) -> Found:
    """Return the reduced row echelon forms of A (count, m, n), or row echelon forms."""
    count, m, n = A.shape
    found = Found(
        matrix=np.empty(A.shape, np.complex128),
        pivots=np.empty((count, min(m, columns)), np.intp), rank=np.empty(count, np.intp),
        accepted=np.empty(count), rejected=np.empty(count), status=np.empty(count, np.int8),
        parity=np.empty(count, np.int8), product=np.empty(count, np.complex128),
        exponent=np.empty(count, np.int64), rest=np.empty((count, n - columns)),
        size=np.empty((count, n - columns)), tol=np.empty(count))

    def reduce_piece(piece: slice) -> None:
        planes = Planes(A[piece], columns, policy, reduced)
        planes.reduce()
        for name, part in planes.found()._asdict().items():
            getattr(found, name)[piece] = part

    over_pieces(reduce_piece, count, m * n, workers)
    return found


class Planes:
    """A piece of a stack under way: re, im (m, n, count) are its rows scaled by powers of two.

    scale (m, count) has the exponents of the rows: row i of the matrix is 2^scale[i] times that in
    the planes. shift (n, count) is not 0 only for augmented columns: they are 2^shift too large.
    """

    def __init__(self, A: NDArray[np.complex128], columns: int, policy: Policy, reduced: bool
                 ) -> None:
        self.A, self.columns, self.policy, self.reduced = A, columns, policy, reduced
        self.count, self.m, self.n = A.shape
        self.rows = np.arange(self.m)[:, None]
        self.re, self.im = planes_of(A)
        self.pivots = np.full((min(self.m, columns), self.count), -1, np.intp)
        self.rank = np.zeros(self.count, np.intp)
        self.accepted = np.full(self.count, math.inf)
        self.rejected = np.zeros(self.count)
        self.parity = np.ones(self.count, np.int8)
        self.product = np.ones(self.count), np.zeros(self.count)
        self.exponent = np.zeros(self.count, np.int64)
        self.status = self._equilibrate()
        self.tol, self.dust = self._tolerance()
        if not reduced:
            self.echelon = self.re.copy(), self.im.copy()

    # ---- scales ----

    def _equilibrate(self) -> NDArray[np.int8]:
        """Scale rows so that their largest entries for pivots are in [1, 2); return the status"""
        left = slice(self.columns)
        largest = np.maximum(np.abs(self.re[:, left]), np.abs(self.im[:, left])).max(
            axis=1, initial=0)
        lost = ~np.isfinite(largest).all(axis=0)
        for part in (self.re, self.im, largest):
            part[..., lost] = 0
        scale = np.where(largest > 0, exponents_of(largest), np.intc(0))
        for part in (self.re, self.im):
            part[:, left] = np.ldexp(part[:, left], -scale[:, None])
        sizes = np.hypot(self.re[:, left], self.im[:, left])
        large = (sizes.max(axis=1, initial=0) >= 2).astype(np.intc)     # 1 + i has size 1.4
        for part in (self.re, self.im, sizes):
            part[:, left] = np.ldexp(part[:, left], -large[:, None])
        self.sizes, self.scale = sizes, scale + large
        self._shift_sides()
        return np.where(lost, MATRIX_NOT_FINITE, REDUCED).astype(np.int8)

    def _shift_sides(self) -> None:
        """Scale augmented columns as their rows, and by a shift that keeps them in range"""
        right = slice(self.columns, None)
        self.shift = np.zeros((self.n, self.count), np.intc)
        self.shift[right], high = shifts_in_range(self.re[:, right], self.im[:, right], self.scale)
        # Where a column is shifted, its largest number counts as 1.
        self.unit = np.where(self.shift[right] != 0, high + self.shift[right], 0)
        for part in (self.re, self.im):
            part[:, right] = np.ldexp(part[:, right], self.shift[right] - self.scale[:, None])

    def _tolerance(self) -> tuple[Floats, Floats]:
        """Return (tol for each matrix, size of a row of dust over what would be clear)"""
        none = np.full(self.count, math.inf)
        if self.policy.tol is not None:
            return np.full(self.count, self.policy.tol), none
        sums = np.zeros((self.m, self.count))
        for j in range(self.columns):
            sums += self.sizes[:, j]
        unit = np.full(self.count, UNITS[self.policy.single])
        whole = np.zeros(self.count, bool)
        if self.policy.single:
            whole = self._is_whole()
            unit[whole] = UNITS[False]
        tol = unit * np.sqrt(sums.max(axis=0, initial=0))
        return tol, np.where(whole, none, self._dust(tol))

    def _is_whole(self) -> _Mask:
        """Return whether entries for pivots are whole numbers that are exact in float32"""
        left = self.A[..., :self.columns]
        return np.logical_and.reduce([
            ((np.abs(part) < WHOLE) & (part == np.trunc(part))).all(axis=(1, 2))
            for part in (left.real, left.imag)])

    def _dust(self, tol: Floats) -> Floats:
        """Return how clear the smallest row is that cancellation may have left; else infinity

        It is a few units in the last place of the largest entry of the matrix, all of it.
        """
        dust = np.full(self.count, math.inf)
        exists = (self.sizes != 0).any(axis=1)
        top = np.where(exists, self.scale, -NONE).max(axis=0, initial=-NONE)
        unit = np.ldexp(tol, top)
        grain = np.where(unit > 0, np.ldexp(1.0, exponents_of(unit) - 10), 0)
        undo = np.ldexp(1.0, self.scale)
        for i, k in np.argwhere((grain > 0) & (grain <= undo) & (undo <= unit) & exists):
            row = self.A[k, i, :self.columns]
            grains = np.concatenate((row.real, row.imag)) / grain[k]
            if (grains == np.floor(grains)).all():
                dust[k] = min(dust[k], undo[i, k] / unit[k])
        return dust

    # ---- elimination ----

    def reduce(self) -> None:
        """Gauss-Jordan elimination with partial pivoting, column by column."""
        for c in range(self.columns):
            if (self.rank == self.m).all():
                break
            size = np.hypot(self.re[:, c], self.im[:, c])
            below = self.rows >= self.rank
            kept = below & (size >= 0)          # not NaN, where numbers overflowed
            if self.policy.atol > 0:
                kept &= np.ldexp(size, self.scale) > self.policy.atol
            candidates = np.where(kept, size, -1.0)
            at = candidates.argmax(axis=0)
            best = np.maximum(candidates.max(axis=0), 0)
            total = np.add.accumulate(np.where(below, 0, size), axis=0)[-1]
            bound = np.where(self.tol > 0, self.tol * (1 + total), 0)
            searched = self.rank < self.m
            taken = searched & (best > bound)
            rejected = searched & ~taken
            if rejected.any():
                self._reject(c, rejected, np.where(best > 0, best / bound, 0), total)
            if taken.any():
                self.accepted[taken] = np.minimum(self.accepted, np.where(
                    best > TINY, best / bound, math.nan))[taken]
                self._take(c, np.flatnonzero(taken), at[taken], bool((best <= TINY).any()))

    def _reject(self, c: int, rejected: _Mask, closeness: Floats, total: Floats) -> None:
        """Write zeros for candidates, and note how close the call was"""
        closeness = np.where(total < math.inf, closeness, math.nan)
        if self.policy.tol is None:
            entries = np.where(self.A[..., c].T != 0, self.sizes[:, c], math.inf)
            least, most = entries.min(axis=0), self.sizes[:, c].max(axis=0)
            apart = (least <= SPAN) | ((least < math.inf)
                                       & (most <= kernels.close_accepted * self.tol))
            closeness = np.where(apart, np.maximum(closeness, 1), closeness)
        self.rejected[rejected] = np.maximum(self.rejected, closeness)[rejected]
        zero = rejected & (self.rows >= self.rank)
        self.re[:, c][zero] = 0
        self.im[:, c][zero] = 0

    def _take(self, c: int, which: NDArray[np.intp], at: NDArray[np.intp], tiny: bool) -> None:
        """Make row `at` the next row with a pivot, and take it from all others"""
        everything = len(which) == self.count
        re, im = (part if everything else part[..., which] for part in (self.re, self.im))
        to = self.rank[which]
        row_re, row_im = (exchanged(part, at, to) for part in (re, im))
        scale = self.scale[:, which]
        exponent = exchanged(scale[:, None], at, to)[0]
        np.put_along_axis(scale, to[None], exponent[None], axis=0)
        self.scale[:, which] = scale
        if not self.reduced:
            for part, row in zip(self.echelon, (row_re, row_im), strict=True):
                part[to, :, which] = row.T
        pivot = row_re[c], row_im[c]
        self.parity[which[at != to]] *= -1
        self._multiply_product(which, pivot, exponent)
        self.pivots[to, which] = c

        right = slice(c + 1, None)
        f, g = quotient(re[:, c], im[:, c], *pivot)
        np.put_along_axis(f, to[None], 0, axis=0)
        np.put_along_axis(g, to[None], 0, axis=0)
        self._keep(which, at, to, f, g)
        subtract_multiples(re[:, right], im[:, right], f, g, row_re[right], row_im[right], tiny)
        re[:, c] = im[:, c] = 0
        row_re[right], row_im[right] = quotient(row_re[right], row_im[right], *pivot)
        row_re[c], row_im[c] = 1, 0
        for whole, part, row in ((self.re, re, row_re), (self.im, im, row_im)):
            np.put_along_axis(part, to[None, None], row[None], axis=0)
            if not everything:
                whole[..., which] = part
        self.rank[which] += 1

    def _keep(self, which: NDArray[np.intp], at: NDArray[np.intp], to: NDArray[np.intp],
              f: Floats, g: Floats) -> None:
        """Take note that rows `at` and `to` were exchanged, and of the factors f + i g of rows"""

    def _multiply_product(self, which: NDArray[np.intp], pivot: tuple[Floats, Floats],
                          scale: NDArray[np.intc]) -> None:
        """Multiply the products of the pivots, kept in [1, 2), by one more"""
        exponent = part_exponent(*pivot)
        p, q = (np.ldexp(part, -exponent) for part in pivot)
        x, y = (part[which] for part in self.product)
        x, y = x * p - y * q, x * q + y * p
        more = part_exponent(x, y)
        for whole, part in zip(self.product, (x, y), strict=True):
            whole[which] = np.ldexp(part, -more)
        self.exponent[which] += exponent + scale + more

    # ---- results ----

    def found(self) -> Found:
        """Return what the reduction found; matrices that are not finite become NaN."""
        lost = self.status != REDUCED
        parts = (self.re, self.im) if self.reduced else self._echelon_rows()
        back = -self.shift if self.reduced else np.zeros_like(self.shift)
        matrix = np.empty(self.A.shape, np.complex128)
        matrix.real, matrix.imag = (np.ldexp(part, back).transpose(2, 0, 1) + 0.0
                                    for part in parts)
        matrix[lost] = NAN
        sizes = np.hypot(self.re[:, self.columns:], self.im[:, self.columns:])
        beyond = (self.rows >= self.rank)[:, None]
        rest = np.where(beyond, sizes, 0).max(axis=0, initial=0)
        size = np.where(beyond, 0, sizes)
        size = np.add.accumulate(size, axis=0)[-1] if self.m else np.zeros(size.shape[1:])
        product = self.product[0] + 1j * self.product[1]
        return Found(matrix, self.pivots.T, self.rank,
                     np.where(lost, math.nan, np.minimum(self.accepted, self.dust)),
                     np.where(lost, math.nan, self.rejected), self.status, self.parity, product,
                     self.exponent, np.ldexp(rest, -self.unit).T, np.ldexp(size, -self.unit).T,
                     self.tol)

    def _echelon_rows(self) -> list[Floats]:
        """Return the rows of a row echelon form at their scale, or near it if that is out of range

        Then a row keeps its scale as nearly as its bits allow; see `_scale_in_range`.
        """
        has_pivot = (self.rows < self.rank)[:, None]
        parts = [np.where(has_pivot, *pair) for pair in zip(self.echelon, (self.re, self.im),
                                                            strict=True)]
        if self.policy.single:
            # Round each entry at its own scale: then the row keeps all that float32 can hold.
            parts = [np.ldexp(digits.astype(np.float32).astype(float), exponent)
                     for digits, exponent in map(np.frexp, parts)]
        exponent = self.scale[:, None] - self.shift
        scaled = [np.ldexp(part, exponent) for part in parts]
        if self.policy.single:
            scaled = [part.astype(np.float32).astype(float) for part in scaled]
        rounded = np.logical_or.reduce([
            (np.ldexp(after, -exponent) != before) & np.isfinite(before)
            for before, after in zip(parts, scaled, strict=True)])
        for i, k in np.argwhere(rounded.any(axis=1)):
            row = np.array([part[i, :, k] for part in parts])
            wanted = _scale_in_range(row, self.columns, self.shift[:, k], self.scale[i, k],
                                     self.policy.single)
            for part, entries in zip(scaled, row, strict=True):
                part[i, :, k] = np.ldexp(entries, wanted - self.shift[:, k])
        return scaled


def _scale_in_range(row: Floats, columns: int, shift: NDArray[np.intc], wanted: int,
                    single: bool) -> int:
    """Return the e nearest to `wanted` for which no part of row 2^(e - shift) is rounded

    row (2, n) has both parts. Where it spans more than the range, its largest part stays in the
    range, but first of all the pivot keeps its bits: as kernels/matrix/elimination.pxi has it.
    """
    most, least = (127, -149) if single else (1023, -1074)
    used = (row != 0) & np.isfinite(row)
    if not used.any():
        return wanted
    digits, exponents = np.frexp(row)
    whole = np.ldexp(np.abs(np.where(used, digits, 0)), 53).astype(np.int64)
    lowest = exponents - 53 + exponents_of((whole & -whole).astype(float)) - shift
    high = (exponents - 1 - shift)[used].max()
    low = lowest[used].min()
    c = int(used.any(axis=0).argmax())
    pivot = lowest[:, c][used[:, c]].min() if c < columns else NONE
    return max(least - pivot, min(max(wanted, least - low), most - high))
