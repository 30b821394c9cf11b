"""Sets of matrices whose rank is known, for the decision of rank: tests take a share of them.

Each set is a generator of cases ``(A, rank, pivots)``: A real or complex, the rank that it
should have, and the columns of its pivots or None where they are not asked for. The rank is that
of the integers that a set is made of, found modulo a prime, or is known by construction; None
where the matrix is only known to be singular.

``python -m bench.accuracy --rank [SHARE]`` counts what mathwork makes of all of them.
"""
import math
from functools import partial

import numpy as np

PRIME = 2147483647      # products of two residues fit in int64
# Modulo this prime 2 to the power (p - 1) / 4 is a square root of -1.
GAUSSIAN_PRIME = 2147483629
WHOLE = 2 ** 24         # whole numbers below it are exact in float32
ROOT = pow(2, (GAUSSIAN_PRIME - 1) // 4, GAUSSIAN_PRIME)


def pivots_modulo(A, p=PRIME):
    """The columns of the pivots of integers A modulo a prime."""
    A = A.astype(np.int64) % p
    pivots = []
    for c in range(A.shape[1]):
        rank = len(pivots)
        found = np.flatnonzero(A[rank:, c])
        if not len(found):
            continue
        A[[rank, rank + found[0]]] = A[[rank + found[0], rank]]
        A[rank, c:] = A[rank, c:] * pow(int(A[rank, c]), -1, p) % p
        A[rank + 1:, c:] = (A[rank + 1:, c:] - A[rank + 1:, c, None] * A[rank, c:] % p) % p
        pivots.append(c)
    return tuple(pivots)


def exact_pivots(K):
    """The columns of the pivots of integers"""
    K = np.asarray(K)
    if K.dtype == object:
        K = np.array([[int(x) % PRIME for x in row] for row in K], np.int64).reshape(K.shape)
    return pivots_modulo(K)


def case(A, K):
    pivots = exact_pivots(K)
    return A, len(pivots), pivots


# ---- matrices of full rank ----

def full_rank(rng, dtype, n, count, kind="normal"):
    """Random square matrices: of full rank with probability 1"""
    for _ in range(count):
        A = rng.normal(size=(n, n)) if kind == "normal" else rng.random((n, n))
        yield A.astype(dtype), n, tuple(range(n))


# ---- integers and decimals ----

def integer_matrix(rng, m, n):
    """Of any rank, most from factors; rows or columns repeated, zero, or of other scales"""
    rank = rng.integers(0, min(m, n) + 1)
    largest = rng.choice([1, 2, 5, 9])
    left = rng.integers(-largest, largest + 1, (m, rank))
    K = left @ rng.integers(-largest, largest + 1, (rank, n))
    kind = rng.integers(6)
    if kind == 0:
        K = rng.integers(-largest, largest + 1, (m, n))
    elif kind == 1 and m > 1:
        K[rng.integers(m)] = K[rng.integers(m)]
    elif kind == 2:
        K[:, rng.integers(n)] = 0
    elif kind == 3:
        K = K * rng.choice([1, 3, 1000, 10 ** 6], (m, 1))
    return K


def as_floats(rng, K, kind, dtype):
    if kind == "integers":
        return K.astype(dtype)
    digits = int(rng.integers(1, 4))
    if kind == "quotients":                         # the floats nearest to decimals
        return (K / 10.0 ** digits).astype(dtype)
    if kind == "multiples":                         # 0.1 * k: another rounding
        return K.astype(dtype) * dtype(10.0 ** -digits)
    raise ValueError(kind)


def small_exact(rng, count, kind, dtype=np.float64, shape=None):
    """Up to 12 x 14, or of one shape"""
    for _ in range(count):
        m, n = shape or (int(rng.integers(1, 13)), int(rng.integers(1, 15)))
        K = integer_matrix(rng, m, n)
        if dtype == np.float32 and np.abs(K).max(initial=0) >= 2 ** 24:
            K = np.sign(K)
        yield case(as_floats(rng, K, kind, dtype), K)


# ---- A less an eigenvalue ----

def less_eigenvalue(rng, count):
    """A - lambda I with a computed eigenvalue: singular, but for the rounding of lambda"""
    made = 0
    while made < count:
        n = int(rng.integers(2, 9))
        kind = rng.integers(6)
        A = rng.integers(-9, 10, (n, n)).astype(float)
        if kind == 1:
            A = A + A.T
        elif kind == 2:
            A = np.triu(A)
        elif kind == 3:
            A = np.round(rng.random((n, n)), 2)
            A /= A.sum(axis=1, keepdims=True)
        elif kind == 4:
            A = np.round(rng.normal(size=(n, n)), 1)
        elif kind == 5:
            S = np.triu(rng.integers(-3, 4, (n, n)), 1) + np.eye(n)
            A = np.round(S @ np.diag(rng.integers(-4, 5, n)) @ np.linalg.inv(S))
            A = A / 10
        for value in np.linalg.eigvals(A):
            if value.imag == 0:
                made += 1
                yield A - value.real * np.eye(n), None, None


# ---- products of thin factors ----

def thin_products(rng, dtype, count, sizes=(3, 5, 8, 12, 20, 40)):
    for _ in range(count):
        m, n = (int(k) for k in rng.choice(sizes, 2))
        k = int(rng.integers(1, max(2, min(m, n))))
        left, right = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
        if m > 1 and n > 1 and k < min(m, n):
            yield left @ right, k, tuple(range(k))


def large_thin_products(rng, dtype, shapes):
    for m, n, k in shapes:
        left, right = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
        yield left @ right, k, tuple(range(k))


# ---- matrices with names ----

def hilbert(n):
    return 1 / (np.arange(n)[:, None] + np.arange(n) + 1.0)


def vandermonde(n):
    return np.array([[i ** j for j in range(n)] for i in range(1, n + 1)], object)


def frank(n):
    return np.array([[n - max(i, j) if j >= i - 1 else 0 for j in range(n)] for i in range(n)],
                    object)


def pascal(n):
    return np.array([[math.comb(i + j, i) for j in range(n)] for i in range(n)], object)


def magic(n):
    """As MATLAB makes them: of rank 3 where n is a multiple of 4, n / 2 + 2 where of 2 alone"""
    if n % 2:
        i, j = np.indices((n, n)) + 1
        return n * ((i + j - (n + 3) // 2) % n) + (i + 2 * j - 2) % n + 1
    if n % 4 == 0:
        i, j = np.indices((n, n)) + 1
        M = np.arange(1, n * n + 1).reshape(n, n)
        return np.where(i % 4 // 2 == j % 4 // 2, n * n + 1 - M, M)
    p = n // 2
    M = magic(p)
    M = np.block([[M, M + 2 * p * p], [M + 3 * p * p, M + p * p]])
    k = (n - 2) // 4
    columns = list(range(k)) + list(range(n - k + 1, n))
    for rows, where in ((np.arange(p), columns), ([k], [0, k])):
        for j in where:
            rows = np.asarray(rows)
            M[rows, j], M[rows + p, j] = M[rows + p, j].copy(), M[rows, j].copy()
    return M


def kahan(n, theta=1.2):
    s, c = np.sin(theta), np.cos(theta)
    return s ** np.arange(n)[:, None] * (np.eye(n) - c * np.triu(np.ones((n, n)), 1))


def growth(n):
    A = np.tril(-np.ones((n, n), int), -1) + np.eye(n, dtype=int)
    A[:, -1] = 1
    return A


def named(dtype=np.float64):
    """(name, case) of classical matrices; the integers as long as they are exact in the type"""
    most = 2 ** 53 if dtype == np.float64 else 2 ** 24
    for n in range(2, 21):
        yield f"hilbert {n}", (hilbert(n).astype(dtype), n, tuple(range(n)))
        for make in (vandermonde, frank, pascal):
            K = make(n)
            if max(abs(int(x)) for x in K.flat) <= most:
                yield f"{make.__name__} {n}", case(K.astype(dtype), K)
    for n in range(3, 41):
        yield f"magic {n}", case(magic(n).astype(dtype), magic(n))
    for n in (5, 20, 40, 60, 90):
        yield f"kahan {n}", (kahan(n).astype(dtype), n, tuple(range(n)))
    for n in (2, 10, 20, 40, 60):
        yield f"growth {n}", (growth(n).astype(dtype), n, tuple(range(n)))
    W = np.eye(21, k=1, dtype=int) + np.eye(21, k=-1, dtype=int)
    W += np.diag(np.abs(np.arange(-10, 11)))
    yield "wilkinson 21", case(W.astype(dtype), W)


# ---- rows and columns of other scales ----

def graded(rng, count, which, low=-150, high=150, dtype=np.float64):
    """D K E of integers K of any rank and powers of ten D, E (either may be the identity)"""
    for _ in range(count):
        m, n = rng.integers(2, 9, 2)
        K = integer_matrix(rng, int(m), int(n)).astype(object)
        K = np.array([[int(x) % 1999 - 999 if abs(x) > 999 else int(x) for x in row] for row in K])
        D = 10.0 ** rng.integers(low, high, (m, 1)) if "rows" in which else np.ones((m, 1))
        E = 10.0 ** rng.integers(low, high, (1, n)) if "columns" in which else np.ones((1, n))
        with np.errstate(all="ignore"):
            A = (D * K * E).astype(dtype)
        if np.isfinite(A).all() and ((A != 0) == (K != 0)).all():
            yield case(A, K)


# ---- systems with a structure ----

def laplacian(rng):
    """Of a random graph, weights with one decimal: as many zeros as it has components"""
    n = int(rng.integers(2, 15))
    K = np.triu(rng.integers(1, 100, (n, n)) * (rng.random((n, n)) < rng.uniform(0.1, 0.9)), 1)
    K = K + K.T
    W = K / 10
    return case(np.diag(W.sum(axis=1)) - W, np.diag(K.sum(axis=1)) - K)


def chemical(rng):
    """Elements by compounds: small counts, many of them 0"""
    m, n = int(rng.integers(2, 7)), int(rng.integers(2, 9))
    K = rng.integers(0, 9, (m, n)) * (rng.random((m, n)) < 0.6)
    return case(K.astype(float), K)


def markov(rng):
    """P' - I of an irreducible chain, rows of P in hundredths: of rank n - 1"""
    n = int(rng.integers(2, 9))
    K = rng.integers(1, 20, (n, n))
    K[:, -1] += 100 * int(rng.integers(1, 3)) * n - K.sum(axis=1)
    total = int(K[0].sum())
    if rng.random() < 0.5:
        A = (K / total).T - np.eye(n)
    else:
        A = np.eye(n) - K / float(total)
        A = A.T
    return A, n - 1, tuple(range(n - 1))


def circuit(rng):
    """The nodes of a connected network of conductances of 1e-6 to 1e3, none of them ground"""
    n = int(rng.integers(3, 12))
    W = np.zeros((n, n))
    for i in range(1, n):
        j = int(rng.integers(i))
        W[i, j] = rng.integers(1, 100) * 10.0 ** rng.integers(-6, 3)
    extra = np.triu(rng.random((n, n)) < 0.3, 1)
    W += np.where(extra, rng.integers(1, 100, (n, n)) * 10.0 ** rng.integers(-6, 3, (n, n)), 0)
    W = np.maximum(W, W.T)
    return np.diag(W.sum(axis=1)) - W, n - 1, tuple(range(n - 1))


def grounded(rng):
    """The same with the last node as ground: of full rank"""
    A, rank, pivots = circuit(rng)
    return A[:-1, :-1].copy(), rank, pivots


def loops(rng):
    """Kirchhoff's laws of both kinds for a tree with loops: incidence beside resistances"""
    n = int(rng.integers(3, 8))
    edges = [(i, int(rng.integers(i))) for i in range(1, n)]
    edges += [tuple(rng.choice(n, 2, replace=False)) for _ in range(int(rng.integers(1, 5)))]
    e = len(edges)
    incidence = np.zeros((n, e), int)
    for k, (i, j) in enumerate(edges):
        incidence[i, k], incidence[j, k] = 1, -1
    R = rng.integers(1, 100, e) * 10.0 ** rng.integers(-3, 7, e)
    A = np.block([[np.diag(R), incidence.T.astype(float)],
                  [incidence, np.zeros((n, n))]])       # unknown currents and potentials
    return A, e + n - 1, tuple(range(e + n - 1))


def structured(rng, count, make):
    for _ in range(count):
        yield make(rng)


# ---- complex matrices ----

def gaussian_case(A, re, im):
    """A case of Gaussian integers re + i im"""
    pivots = pivots_modulo(re % GAUSSIAN_PRIME + im * ROOT % GAUSSIAN_PRIME, GAUSSIAN_PRIME)
    return A, len(pivots), pivots


def complex_normal(rng, *shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def complex_full_rank(rng, dtype, n, count):
    for _ in range(count):
        yield complex_normal(rng, n, n).astype(dtype), n, tuple(range(n))


def gaussian_integers(rng, m, n):
    """(re, im) of any rank from factors; rows repeated by a multiple of i, zero, or scaled"""
    rank, largest = rng.integers(0, min(m, n) + 1), rng.choice([1, 2, 5, 9])
    a, b = rng.integers(-largest, largest + 1, (2, m, rank))
    c, d = rng.integers(-largest, largest + 1, (2, rank, n))
    re, im = a @ c - b @ d, a @ d + b @ c
    kind = rng.integers(6)
    if kind == 0:
        re, im = rng.integers(-largest, largest + 1, (2, m, n))
    elif kind == 1 and m > 1:
        i, j = rng.integers(m, size=2)
        re[i], im[i] = -im[j], re[j].copy()
    elif kind == 2:
        j = rng.integers(n)
        re[:, j] = im[:, j] = 0
    elif kind == 3:
        scale = rng.choice([1, 3, 1000, 10 ** 6], (m, 1))
        re, im = re * scale, im * scale
    return re, im


def small_gaussian(rng, count, kind, dtype):
    for _ in range(count):
        re, im = gaussian_integers(rng, int(rng.integers(1, 13)), int(rng.integers(1, 15)))
        real = np.float32 if dtype == np.complex64 else np.float64
        largest = np.abs(np.stack((re, im))).max(initial=0)
        if real == np.float32 and largest >= WHOLE:
            re, im = np.sign(re), np.sign(im)
        both = as_floats(rng, np.stack((re, im)), kind, real)
        A = np.empty(re.shape, dtype)
        A.real, A.imag = both
        yield gaussian_case(A, re, im)


def complex_thin_products(rng, dtype, count):
    for _ in range(count):
        m, n = (int(k) for k in rng.choice((3, 5, 8, 12, 20, 40), 2))
        k = int(rng.integers(1, max(2, min(m, n))))
        yield (complex_normal(rng, m, k).astype(dtype) @ complex_normal(rng, k, n).astype(dtype),
               k, tuple(range(k)))


def complex_less_eigenvalue(rng, count):
    """A - lambda I with a computed eigenvalue that is not real"""
    made = 0
    while made < count:
        n = int(rng.integers(2, 9))
        A = rng.integers(-9, 10, (n, n)).astype(complex)
        if made % 2:
            A = np.round(complex_normal(rng, n, n), 1)
        for value in np.linalg.eigvals(A):
            if value.imag != 0:
                made += 1
                yield A - value * np.eye(n), None, None


def alternating_current(rng):
    """The nodes of a connected network of R, L and C at some frequency, none of them ground"""
    n = int(rng.integers(3, 12))
    omega = 2 * math.pi * 10.0 ** rng.integers(1, 7)
    Y = np.zeros((n, n), complex)
    edges = [(i, int(rng.integers(i))) for i in range(1, n)]
    edges += [tuple(sorted(rng.choice(n, 2, replace=False))[::-1]) for _ in range(n)]
    for i, j in edges:
        size = rng.integers(1, 100)
        Y[i, j] += (1 / (size * 10.0 ** rng.integers(0, 5)),                # a resistor
                    1 / (1j * omega * size * 10.0 ** rng.integers(-6, 0)),  # a coil
                    1j * omega * size * 10.0 ** rng.integers(-12, -6))[rng.integers(3)]
    Y = Y + Y.T
    return np.diag(Y.sum(axis=1)) - Y, n - 1, None


def alternating_current_grounded(rng):
    A, rank, _ = alternating_current(rng)
    return A[:-1, :-1].copy(), rank, tuple(range(rank))


def graded_gaussian(rng, count, power):
    """Gaussian integers with rows times powers of ten, rounded"""
    for _ in range(count):
        re, im = gaussian_integers(rng, int(rng.integers(2, 9)), int(rng.integers(2, 9)))
        scale = 10.0 ** rng.integers(-power, power + 1, (len(re), 1))
        A = np.empty(re.shape, complex)
        A.real, A.imag = re * scale, im * scale
        yield gaussian_case(A, re, im)


def every_complex(share=1.0):
    """(name, maker of cases) of the complex sets"""
    def some(count):
        return max(1, int(count * share))

    both = np.complex64, np.complex128
    for dtype in both:
        for n, count in ((2, 5000), (3, 5000), (5, 5000), (10, 3000), (20, 2000), (50, 300),
                         (100, 100), (300, 10)):
            yield (f"full rank {dtype.__name__} {n}",
                   partial(complex_full_rank, dtype=dtype, n=n, count=some(count)))
    for kind in ("integers", "quotients", "multiples"):
        for dtype in both:
            yield (f"Gaussian {kind} {dtype.__name__} to 12x14",
                   partial(small_gaussian, count=some(34000), kind=kind, dtype=dtype))
    for dtype in both:
        yield (f"thin products {dtype.__name__}",
               partial(complex_thin_products, dtype=dtype, count=some(5000)))
    yield "A - lambda I, complex", partial(complex_less_eigenvalue, count=some(7000))
    for power in (5, 150):
        yield (f"graded rows 1e{power}, complex",
               partial(graded_gaussian, count=some(3000), power=power))
    for make in (alternating_current, alternating_current_grounded):
        yield make.__name__, partial(structured, count=some(5000), make=make)


# ---- single examples ----

def examples():
    """(name, A, ranks that are right, whether the call has to be flagged or may not: or None)"""
    yield "0.1 + 0.2 - 0.3", np.array([[.1 + .2, 0], [1, 2]]) - .3 * np.eye(2), {1, 2}, True
    yield "stochastic", np.array([[0.95, 0.45], [0.05, 0.55]]) - np.eye(2), {1}, True
    yield "float32 300", np.random.default_rng(8).normal(size=(300, 300)).astype("f4"), {300}, None
    yield "docs column", np.array([[0, 1], [1, 1e17]]), {1, 2}, True
    yield "rows 1e17", np.array([[1e17, 0], [0, 1]]), {2}, None
    yield "rows 1e300", np.array([[1e300, 1e300], [1e-300, -1e-300]]), {2}, False
    G = np.array([[10.0 ** -(8 * i + j) for j in range(4)] for i in range(4)])
    yield "graded 4", G + np.diag(10.0 ** -(8 * np.arange(4.0))), {4}, False
    yield "sympy 9060", np.array([[.9, -.1, -.2], [-.8, .9, -.4], [-.1, -.8, .6]]), {2}, None
    yield "sympy 17218", np.array([[.8, -.8, -.4], [-.3, .9, -.4], [-.5, -.1, .8]]), {2}, None


# ---- all of them, and what is counted ----

def every(share=1.0):
    """(name, maker of cases from a generator of random numbers)"""
    f4, f8 = np.float32, np.float64

    def some(count):
        return max(1, int(count * share))

    for dtype in (f4, f8):
        for n, count in ((2, 5000), (3, 5000), (5, 5000), (10, 3000), (20, 2000), (50, 300),
                         (100, 100), (300, 10), (1000, 2)):
            yield (f"full rank {dtype.__name__} {n}",
                   partial(full_rank, dtype=dtype, n=n, count=some(count)))
    for kind in ("integers", "quotients", "multiples"):
        for dtype in (f8, f4):
            for shape, count in ((None, 34000), ((40, 40), 34000)):
                yield (f"{kind} {dtype.__name__} {shape or 'to 12x14'}",
                       partial(small_exact, count=some(count), kind=kind, dtype=dtype,
                               shape=shape))
    yield "A - lambda I", lambda rng: less_eigenvalue(rng, some(7041))
    for dtype in (f8, f4):
        yield (f"thin products {dtype.__name__}",
               lambda rng, d=dtype: thin_products(rng, d, some(5000)))
        yield (f"large thin products {dtype.__name__}",
               lambda rng, d=dtype: large_thin_products(
                   rng, d, [(300, 300, 100), (300, 300, 299), (500, 500, 20), (100, 800, 50)]))
        yield f"with names {dtype.__name__}", lambda rng, d=dtype: (c for _, c in named(d))
    for which in ("rows", "columns", "rows and columns"):
        for power in (5, 9, 150):
            yield (f"graded {which} 1e{power}",
                   lambda rng, w=which, p=power: graded(rng, some(3000), w, -p, p + 1))
    for make in (laplacian, chemical, markov, circuit, grounded, loops):
        yield make.__name__, lambda rng, make=make: structured(rng, some(5000), make)


def counts(reduce, cases):
    """(cases, wrong, wrong without a flag, flagged) of reduce(A) -> .rank .pivots .ambiguous"""
    found = np.zeros(4, int)
    for A, rank, pivots in cases:
        reduced = reduce(A)
        if rank is None:
            wrong = reduced.rank == len(A)
        else:
            wrong = reduced.rank != rank or (pivots is not None
                                             and tuple(reduced.pivots) != pivots)
        found += [1, wrong, wrong and not reduced.ambiguous, reduced.ambiguous]
    return found
