"""Row reduction: one matrix, stacks of small ones, large ones, and exact arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench import closed_forms, peers
from bench.harness import Effort, Rival, Side, Work, measure

SMALL = "One small system, and a few, beside numpy.linalg, float64"
STACKS = "Stacks of small matrices beside numpy.linalg.solve and inv, float64"
FORMULAS = "inv, det and solve of stacks beside numpy.linalg, and formulas by hand in numba"
EXACT_STACKS = "Stacks of small systems in exact arithmetic"
GROWTH = "Growth with n: rref of n x (n + 1) beside LAPACK's factorisation, float64"

# (how many, n): the least ratio against numpy.linalg.solve; None is one matrix, not a stack.
SYSTEMS = {(None, 3): 6, (100_000, 3): 8, (20_000, 8): 3, (None, 1000): 1.2}
INVERSES = {500: 1.5}
FEW = 8
STACKED = {2: 100_000, 3: 100_000, 4: 50_000, 6: 20_000, 8: 20_000, 12: 10_000, 16: 5000}
# n: how many, and the least ratio against numpy.linalg; formulas exist up to n = 4.
UNROLLED = {2: (100_000, None), 3: (100_000, None), 4: (100_000, None), 8: (20_000, 3)}
# n: the most that inv, det and solve of a stack may take for one matrix, in ns.
SLOWEST = {2: 8, 3: 20, 4: 20}
SIZES = (50, 100, 200, 500, 1000, 2000)

# (rows, columns): the least ratio against SymPy, and against python-flint.
EXACT = {(8, 9): (30, 0.2), (32, 33): (30, 0.5)}
PRIME = 1000003
# How many systems, and for galois, which takes a millisecond for each.
EXACT_COUNT, GALOIS_COUNT = 10_000, 100
EXACT_SIZES = (3, 8)

# Solutions of well-conditioned systems; two stable ways agree to the condition number times eps.
TOLERANCE = {"rtol": 1e-6, "atol": 1e-8}


def works() -> Iterator[Work]:
    """Yield every case of the table, then those without a target."""
    for (count, n), target in SYSTEMS.items():
        name = f"rref {n}x{n + 1}" if count is None else f"rref {count:,} of {n}x{n + 1}"
        yield _work(name, partial(_rref, count, n), partial(_solve, count, n), target)
    for n, target in INVERSES.items():
        yield _work(f"rref [A I] {n}x{2 * n}", partial(_rref_inverse, n),
                    partial(_inv, None, n), target)
    for (m, n), targets in EXACT.items():
        yield Work(f"exact rref {m}x{n}", partial(_exact, m, n),
                   (Rival(peers.SYMPY, partial(_sympy, m, n), targets[0]),
                    Rival(peers.FLINT, partial(_flint, m, n), targets[1])), rtol=0.0, atol=0.0)
    yield Work(f"rref modulo {PRIME}, 300x301", _modular,
               (Rival(peers.FLINT, _flint_modular, 2), Rival(peers.GALOIS, _galois)),
               rtol=0.0, atol=0.0)
    for n in EXACT_SIZES:
        for count, peer, theirs in ((EXACT_COUNT, peers.FLINT, _flint_systems),
                                    (GALOIS_COUNT, peers.GALOIS, _galois_systems)):
            yield Work(f"solve {count:,} of {n}x{n} modulo {PRIME}",
                       partial(_exact_systems, count, n, {"modulus": PRIME}),
                       (Rival(peer, partial(theirs, count, n)),), rtol=0.0, atol=0.0,
                       section=EXACT_STACKS)
        yield Work(f"exact solve {EXACT_COUNT:,} of {n}x{n}",
                   partial(_exact_systems, EXACT_COUNT, n, {"exact": True}),
                   (Rival(peers.FLINT, partial(_flint_rationals, EXACT_COUNT, n)),),
                   rtol=0.0, atol=0.0, section=EXACT_STACKS)
    for name, theirs in (("solve", _solve), ("inv", _inv), ("det", _det)):
        yield _work(f"{name} 3x3", partial(_ours, name, None, 3), partial(theirs, None, 3),
                    section=SMALL)
    for form in ("lists", "integers", "A.T", "singular"):
        yield _work(f"solve 3x3, {form}", partial(_as_they_come, "ours", form),
                    partial(_as_they_come, "numpy", form), section=SMALL)
    for name, theirs in (("solve", _solve), ("inv", _inv), ("det", _det)):
        yield _work(f"{name} {FEW} of 3x3", partial(_ours, name, FEW, 3), partial(theirs, FEW, 3),
                    section=SMALL)
    yield from _unrolled()
    for n, count in STACKED.items():
        if (count, n) not in SYSTEMS:
            yield _work(f"rref {count:,} of {n}x{n + 1}", partial(_rref, count, n),
                        partial(_solve, count, n), section=STACKS)
        yield _work(f"inv {count:,} of {n}x{n}", partial(_ours, "inv", count, n),
                    partial(_inv, count, n), section=STACKS)
    for n in SIZES:
        yield Work(f"rref {n}x{n + 1} and lu", partial(_rref, None, n, _nothing),
                   (Rival(peers.SCIPY, partial(_lu, n)),), rtol=0.0, atol=0.0, section=GROWTH)


def _work(name, ours, theirs, target=None, section=None) -> Work:
    more = {} if section is None else {"section": section}
    return Work(name, ours, (Rival(peers.NUMPY, theirs, target),), **TOLERANCE, **more)


def _unrolled() -> Iterator[Work]:
    """inv, det and solve of stacks; both dtypes."""
    for n, (count, target) in UNROLLED.items():
        for dtype in ("float64", "float32"):
            for name, theirs in (("inv", _inv), ("det", _det), ("solve", _solve)):
                rivals = [Rival(peers.NUMPY, partial(theirs, count, n, dtype), target)]
                if n <= 4:
                    rivals.append(Rival(peers.NUMBA, partial(_formula, name, count, n, dtype), 1))
                # The formulas lose digits in float32.
                loose = TOLERANCE if dtype == "float64" else {"rtol": 0.02, "atol": 0.02}
                yield Work(f"{name} {count:,} of {n}x{n}, {dtype}",
                           partial(_ours, name, count, n, dtype), tuple(rivals),
                           section=FORMULAS, **loose)


def slowest(n: int, effort: Effort) -> float:
    """Return the time of one matrix of a stack in ns, in the slowest of inv, det and solve."""
    count = 100_000
    sides = [_ours(name, count, n, dtype) for name in ("inv", "det", "solve")
             for dtype in ("float64", "float32")]
    return max(1e9 * measure(side, side, effort).ours / count for side in sides)


# ---- floats ----

def systems(count: int | None, n: int, dtype: str = "float64") -> tuple[np.ndarray, np.ndarray]:
    """Return A and b as columns of normal numbers; the matrices of a stack are well conditioned."""
    random = np.random.default_rng(7)
    shape = () if count is None else (count,)
    A, b = random.standard_normal((*shape, n, n)), random.standard_normal((*shape, n, 1))
    if dtype == "float32":      # float32 that is close to singular would be reduced in float64
        A += np.sign(np.einsum("...ii->...i", A))[..., None] * 3 * np.eye(n)
    return A.astype(dtype), b.astype(dtype)


def _solution(reduced: Any) -> np.ndarray:
    return reduced.matrix[..., -1:]


def _nothing(answer: Any) -> np.ndarray:
    """Return nothing to compare: the two sides answer different questions."""
    return np.zeros(0)


def _rref(count, n, result=_solution) -> Side:
    from mathwork.matrix import rref

    augmented = np.concatenate(systems(count, n), axis=-1)
    return Side("rref(augmented, columns=n)", {"rref": rref, "augmented": augmented, "n": n},
                result)


def _solve(count, n, dtype="float64") -> Side:
    A, b = systems(count, n, dtype)
    return Side("solve(A, b)", {"solve": np.linalg.solve, "A": A, "b": b})


def _rref_inverse(n) -> Side:
    from mathwork.matrix import rref

    A, _ = systems(None, n)
    return Side("rref(augmented, columns=n)",
                {"rref": rref, "augmented": np.hstack([A, np.eye(n)]), "n": n},
                lambda reduced: reduced.matrix[:, n:])


def _ours(name, count, n, dtype="float64") -> Side:
    from mathwork import matrix

    A, b = systems(count, n, dtype)
    arguments = {"A": A, "b": b} if name == "solve" else {"A": A}
    return Side(f"{name}({', '.join(arguments)})", {name: getattr(matrix, name), **arguments},
                lambda answer: answer.x if name == "solve" else np.asarray(answer))


def _inv(count, n, dtype="float64") -> Side:
    return Side("inv(A)", {"inv": np.linalg.inv, "A": systems(count, n, dtype)[0]})


def _det(count, n, dtype="float64") -> Side:
    return Side("det(A)", {"det": np.linalg.det, "A": systems(count, n, dtype)[0]}, np.asarray)


def _formula(name, count, n, dtype) -> Side:
    return closed_forms.by_formula(name, *systems(count, n, dtype))


def _as_they_come(whose, form) -> Side:
    """solve of one system whose arrays are not plain; NumPy solves another where it is singular."""
    from mathwork import matrix

    A, b = np.array([[2.0, 3, 1], [4, 5, 7], [1, 0, 5]]), np.array([[6.0], [10], [3]])
    if form == "singular":
        if whose == "ours":
            A = np.array([[1.0, 2, 3], [2, 4, 6], [1, 0, 1]])
        return Side("solve(A, b)", {"solve": matrix.solve if whose == "ours" else np.linalg.solve,
                                    "A": A, "b": b}, _nothing)
    A, b = {"lists": lambda: (A.tolist(), b.tolist()), "A.T": lambda: (A.T, b),
            "integers": lambda: (A.astype(int), b.astype(int))}[form]()
    if whose == "ours":
        return Side("solve(A, b)", {"solve": matrix.solve, "A": A, "b": b}, lambda found: found.x)
    return Side("solve(A, b)", {"solve": np.linalg.solve, "A": A, "b": b})


def _lu(n) -> Side:
    from scipy.linalg import lu

    return Side("lu(A, p_indices=True)", {"lu": lu, "A": systems(None, n)[0]}, _nothing)


# ---- exact ----

def integers(m: int, n: int, largest: int) -> np.ndarray:
    return np.random.default_rng(11).integers(-largest, largest + 1, (m, n))


def _exact(m, n) -> Side:
    from mathwork.matrix import rref

    return Side("rref(A, exact=True)", {"rref": rref, "A": integers(m, n, 9)},
                lambda reduced: reduced.matrix.astype(float))


def _sympy(m, n) -> Side:
    from sympy import QQ
    from sympy.polys.matrices import DomainMatrix

    A = DomainMatrix(integers(m, n, 9).tolist(), (m, n), QQ)
    return Side("A.rref()", {"A": A}, lambda found: np.array(
        [[float(entry) for entry in row] for row in found[0].to_list()]))


def _flint(m, n) -> Side:
    from flint import fmpz_mat

    A = fmpz_mat(integers(m, n, 9).tolist())
    return Side("A.rref()", {"A": A}, lambda found: np.array(
        [[int(entry) / int(found[1]) for entry in row] for row in found[0].tolist()]))


def _modular() -> Side:
    from mathwork.matrix import rref

    return Side("rref(A, modulus=p)", {"rref": rref, "A": integers(300, 301, PRIME), "p": PRIME},
                lambda reduced: reduced.matrix)


def _flint_modular() -> Side:
    from flint import nmod_mat

    A = nmod_mat(300, 301, (integers(300, 301, PRIME) % PRIME).ravel().tolist(), PRIME)
    return Side("A.rref()", {"A": A}, lambda found: np.array(
        [[int(entry) for entry in row] for row in found[0].tolist()]))


def _galois() -> Side:
    from galois import GF

    A = GF(PRIME)(integers(300, 301, PRIME) % PRIME)
    return Side("A.row_reduce()", {"A": A}, lambda found: np.array(found, np.int64))


def integer_systems(count: int, n: int, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return regular A and b as columns, both of integers."""
    random = np.random.default_rng(13)
    A = random.integers(-largest, largest + 1, (count, n, n))
    return A + 3 * n * largest * np.eye(n, dtype=int), random.integers(
        -largest, largest + 1, (count, n, 1))


def _exact_systems(count, n, arithmetic) -> Side:
    from mathwork.matrix import solve

    A, b = integer_systems(count, n, PRIME // 100 if "modulus" in arithmetic else 9)
    call = ", ".join(f"{name}={value}" for name, value in arithmetic.items())
    return Side(f"solve(A, b, {call})", {"solve": solve, "A": A, "b": b},
                lambda solution: solution.x.astype(float))


def _flint_systems(count, n) -> Side:
    from flint import nmod_mat

    pairs = [(nmod_mat(n, n, A.ravel().tolist(), PRIME), nmod_mat(n, 1, b.ravel().tolist(), PRIME))
             for A, b in zip(*integer_systems(count, n, PRIME // 100), strict=True)]
    return Side("[A.solve(b) for A, b in pairs]", {"pairs": pairs}, lambda found: np.array(
        [[[int(entry)] for entry in x.entries()] for x in found], float))


def _flint_rationals(count, n) -> Side:
    from flint import fmpz_mat

    pairs = [(fmpz_mat(A.tolist()), fmpz_mat(b.tolist()))
             for A, b in zip(*integer_systems(count, n, 9), strict=True)]
    return Side("[A.solve(b) for A, b in pairs]", {"pairs": pairs}, lambda found: np.array(
        [[[int(entry.p) / int(entry.q)] for entry in x.entries()] for x in found]))


def _galois_systems(count, n) -> Side:
    from galois import GF

    A, b = (GF(PRIME)(part % PRIME) for part in integer_systems(count, n, PRIME // 100))
    return Side("[solve(one, side) for one, side in zip(A, b)]",
                {"solve": np.linalg.solve, "A": A, "b": b[:, :, 0]},
                lambda found: np.array(found, np.int64)[..., None].astype(float))
