"""Calls whose every array and working memory stands at the edge of a page that ends the process.

    python tests/guarded_calls.py [--step N] [NAME ...]

calls every public function that has a kernel, by default all, for arrays of 0 to 70 numbers, with
float32 and float64, at the level that MATHWORK_LEVEL names, and then everything in kernel_calls.py.
In one child of the process each new array of NumPy and each block of a kernel ends at a page that
must not be touched, in another it begins there. A call must end, with the bits that it has
elsewhere: new memory is full of NaN, so that a number that nobody wrote is seen. `--step 7` takes
every seventh size. It prints the counts. Linux with glibc, and a C compiler.
"""
import argparse
import os
import signal
import sys
import tempfile
import warnings

import numpy as np
from interposed import Allocations, again
from kernel_calls import CALLS, bits, examples

from mathwork import activations, init, matrix, nn, orbit, regression
from mathwork._levels import level
from mathwork.constants import AU, GM_SUN

SECONDS = 900           # the most that one child may take
LARGEST = 70            # one more than four registers of 16 numbers, and five
CACHED = 1024           # bytes of a block that NumPy keeps when it is freed,
KEPT = 8                # and more than it keeps of one size

# ---- calls by size ----

SIZED = {}              # {name: function of the number of numbers and their dtype}


def a(*shape, dtype="f8", scale=1.0):
    """Return numbers of both signs in memory of their own"""
    count = int(np.prod(shape))
    return (np.sin(np.arange(1.0, count + 1) * 1.7) * scale).astype(dtype).reshape(shape)


def sized(function):
    SIZED[function.__name__] = function
    return function


def net(n, dtype, *, width=None, activation="tanh"):
    sizes = (n, width or n % 19 + 1, n % 5 + 2)
    return nn.Network.he(sizes, activation=activation, output="softmax", dtype=dtype, rng=0)


def elementwise(function):
    return lambda n, dtype: function(a(n, dtype=dtype))


for each in sorted(set(activations.__all__) - {"prelu", "clip", "softmax", "log_softmax"}):
    SIZED[each] = elementwise(getattr(activations, each))


@sized
def activations_with_parameters(n, dtype):
    x = a(n, dtype=dtype)
    return (activations.prelu(x, a(n, dtype=dtype)), activations.clip(x, -0.5, 0.5),
            activations.relu(x, out=np.empty(n, dtype)),
            activations.sigmoid(x, out=np.empty(n, dtype)))


@sized
def softmax(n, dtype):
    return [function(x, axis=axis) for function in (activations.softmax, activations.log_softmax)
            for x in (a(3, n, dtype=dtype), a(n, 3, dtype=dtype)) for axis in (0, 1)
            if x.shape[axis]]


@sized
def cost(n, dtype):
    return nn.cost(a(n, dtype=dtype), a(n, dtype=dtype))


@sized
def networks(n, dtype):
    made, x = net(n, dtype), a(3, n, dtype=dtype)
    out = np.empty((3, made.sizes[-1]), dtype)
    return (made(x), made(x[0].copy()), made(x, out=out), made.trace(x), made.classify(x),
            made.jacobian(x), made.hessian(x[0].copy()), made.jvp(x, x),
            made.vjp(x, a(3, made.sizes[-1], dtype=dtype)),
            nn.gradient(made, x, a(3, made.sizes[-1], dtype=dtype)), made.parameters())


@sized
def rows_of_networks(n, dtype):
    made = net(5, dtype, width=33, activation="gelu")
    x = a(n, 5, dtype=dtype)
    return made(x), made(x, out=np.empty((n, made.sizes[-1]), dtype)), made.classify(x)


@sized
def normalised_networks(n, dtype):
    layers = [nn.Dense(a(n, 3)), nn.LayerNorm(a(n), a(n)), nn.RMSNorm(a(n)),
              nn.Residual([nn.Dense(a(n, n), activation="silu")]), nn.Dense(a(2, n))]
    made = nn.Network(layers, dtype=dtype)
    x = a(4, 3, dtype=dtype)
    return made(x), made.jacobian(x), made.vjp(x, a(4, 2, dtype=dtype))


@sized
def many_networks(n, dtype):
    many = nn.Networks([net(n, dtype), net(n, dtype)])
    x = a(2, n, dtype=dtype)
    return many(x), many(x, paired=True), many.mean(x), many.average(), many.parameters()


@sized
def trainings(n, dtype):
    made = nn.Network.he((2, 3, 1), dtype=dtype, rng=0)
    x, y = a(n, 2, dtype=dtype), a(n, 1, dtype=dtype)
    return ([nn.train(made, x, y, optimizer=name, epochs=1, rng=0).network
             for name in ("adam", "sgd", "lbfgs", "levenberg_marquardt")],
            nn.train_many([made, made], x, y, epochs=1, rng=0, batch_size=8).networks)


@sized
def products(n, dtype):
    A, B = a(n, 7, dtype=dtype), a(7, n, dtype=dtype)
    return (matrix.matmul(A, B), matrix.matmul(B, A), matrix.matmul(A.T, B.T),
            matrix.matmul(A, B, out=np.empty((n, n), dtype)),
            matrix.matmul(a(3, 2, n, dtype=dtype), a(3, n, 4, dtype=dtype)))


@sized
def vectors(n, dtype):
    A, x = a(n, n, dtype=dtype), a(n, dtype=dtype)
    return (matrix.matvec(A, x), matrix.matvec(A, x, x), matrix.matvec(A.T, x),
            matrix.matvec(A, x, out=np.empty(n, dtype)), matrix.matvec(a(3, n, dtype=dtype), x))


@sized
def row_operations(n, dtype):
    A = a(3, n, dtype=dtype)
    out = np.empty((3, n), dtype)
    return (matrix.swap_rows(A, 0, 2), matrix.scale_row(A, 1, 2.5, out=out).copy(),
            matrix.add_multiple(A, 0, 2, -0.5), matrix.augment(A, A[:, :2]),
            matrix.augment(A, a(3, dtype=dtype)), matrix.is_ref(A), matrix.is_rref(A))


def spread(n, dtype):
    return a(n, n, dtype=dtype) + np.eye(n, dtype=dtype)


@sized
def systems(n, dtype):
    A = spread(n, dtype)
    return (matrix.solve(A, a(n, dtype=dtype)), matrix.solve(A, a(n, 3, dtype=dtype)),
            matrix.inv(A), matrix.det(A), matrix.slogdet(A), matrix.rank(A))


@sized
def reductions(n, dtype):
    A, wide, tall = spread(n, dtype), a(3, n, dtype=dtype), a(n, 3, dtype=dtype)
    return ([function(B, **options) for function in (matrix.ref, matrix.rref)
             for B in (A, wide, tall) for options in ({}, {"atol": 1e-3})],
            matrix.null_space(wide), matrix.null_space(tall))


@sized
def factors(n, dtype):
    found = matrix.lu(spread(n, dtype))
    wide = matrix.lu(a(3, n, dtype=dtype))
    return (found.L, found.U, found.solve(a(n, dtype=dtype)), found.solve(a(n, 5, dtype=dtype)),
            found.inv(), found.det(), wide.L, wide.U)


@sized
def stacks(n, dtype):
    A = a(n, 3, 3, dtype=dtype) + np.eye(3, dtype=dtype)
    found = matrix.lu(A)
    return (matrix.rref(A), matrix.ref(a(n, 3, 4, dtype=dtype)), matrix.inv(A), matrix.det(A),
            matrix.rank(A), matrix.solve(A, a(n, 3, dtype=dtype)), matrix.slogdet(A),
            matrix.null_space(a(n, 2, 4, dtype=dtype)), found.solve(a(n, 3, dtype=dtype)),
            matrix.inv(a(n, 2, 2, dtype=dtype)), matrix.det(a(n, 6, 6, dtype=dtype)))


@sized
def complex_systems(n, dtype):
    A = (spread(n, dtype) + 1j * a(n, n, dtype=dtype)).astype(f"c{2 * np.dtype(dtype).itemsize}")
    stack = np.ascontiguousarray(np.broadcast_to(A[:2, :2], (n, *A[:2, :2].shape)))
    return (matrix.rref(A), matrix.solve(A, A[0].copy()) if n else None, matrix.inv(A),
            matrix.lu(A).solve(np.ones(n)), matrix.inv(stack), matrix.det(A))


@sized
def least_squares(n, dtype):
    A = a(n, 3, dtype=dtype)
    return (matrix.lstsq(A, a(n, dtype=dtype)), matrix.lstsq(A, a(n, 2, dtype=dtype)),
            matrix.lstsq(a(3, n, dtype=dtype), a(3, dtype=dtype)),
            matrix.lstsq(a(n, 5, 2, dtype=dtype), a(n, 5, dtype=dtype)))


@sized
def exact_systems(n, _):
    A = np.rint(a(5, n, scale=9)).astype(int)
    square = np.rint(a(n % 12, n % 12, scale=9)).astype(int)
    return (matrix.rref(A, exact=True), matrix.rank(A.T, exact=True),
            matrix.null_space(A[:3], exact=True), matrix.det(square, exact=True),
            matrix.rref(np.rint(a(n, 3, 4, scale=9)).astype(int), exact=True))


@sized
def modular_systems(n, _):
    A = np.rint(a(5, n, scale=99)).astype(int)
    square = np.rint(a(n, n, scale=99)).astype(int)
    return [function(B, modulus=p) for function in (matrix.rref, matrix.rank) for p in (2, 1000003)
            for B in (A, square, np.rint(a(n, 3, 4, scale=9)).astype(int))]


@sized
def lines(n, dtype):
    x, y = a(n, dtype=dtype), a(n, dtype=dtype, scale=2)
    return (regression.fit_line(x, y), regression.fit_line(x, y, weights=np.abs(y)),
            regression.fit_line(x, x * 2), regression.fit_line(x + 1e6, y))


@sized
def stacks_of_lines(n, dtype):
    x, y = a(n, 7, dtype=dtype), a(n, 7, dtype=dtype, scale=2)
    return (regression.fit_line(x, y), regression.fit_line(x.T, y.T),
            regression.fit_line(x, y, weights=np.abs(y)).predict(x))


def parts(fit):
    return fit.params, fit.bse, fit.resid, fit.leverage, fit.predict(a(3, fit.params.shape[0] - 1))


@sized
def linear_fits(n, dtype):
    X, y = a(n, 3, dtype=dtype), a(n, dtype=dtype)
    fits = [regression.fit_linear(X, y), regression.fit_linear(X, y, weights=np.abs(y) + 1),
            regression.fit_linear(X, y, cov="HC3"), regression.fit_linear(X + 1e8, y)]
    return [parts(fit) for fit in fits]


@sized
def wide_linear_fits(n, dtype):
    X = a(n + 9, n, dtype=dtype) + np.eye(n + 9, n, dtype=dtype)
    fit = regression.fit_linear(X, a(n + 9, 2, dtype=dtype))
    return fit.params, fit.bse, fit.resid


@sized
def polynomials(n, dtype):
    x, y = a(n, dtype=dtype), a(n, dtype=dtype, scale=2)
    fits = [regression.fit_polynomial(x, y, degree) for degree in (1, 2)]
    return [(fit.coef, fit.bse, fit.predict(x), fit.derivative(x)) for fit in fits]


@sized
def degrees(n, dtype):
    fit = regression.fit_polynomial(np.linspace(-1, 1, 90).astype(dtype), a(90, dtype=dtype),
                                    n % 20)
    return fit.coef, fit.bse, fit.predict(a(n))


@sized
def ridges(n, dtype):
    return regression.fit_ridge(a(n, 3, dtype=dtype), a(n, dtype=dtype), alpha=[0.5, 1.0])


def fields(fits):
    return [getattr(fits, name, None) for name in ("slope", "params", "bse", "status", "nobs")]


@sized
def groups(n, dtype):
    keys, y = np.arange(n) * 7 % 5, a(n, dtype=dtype)
    texts = np.array([f"group {key}" for key in keys], "U7")
    return [fields(regression.fit_groups(each, x, y)) for each in (keys, texts, keys / 3)
            for x in (a(n, dtype=dtype, scale=2), a(n, 2, dtype=dtype))]


@sized
def windows(n, dtype):
    X, y = a(n, 2, dtype=dtype), a(n, dtype=dtype, scale=2)
    return [fields(regression.fit_rolling(x, y, window)) for x in (X, y) for window in (6, 30)]


@sized
def windows_of_time(n, dtype):
    X, y, time = a(n, 2, dtype=dtype), a(n, dtype=dtype, scale=2), np.arange(n) * 0.5
    return [fields(regression.fit_rolling(x, y, 6.0, time=time)) for x in (X, y)] + [
            fields(regression.fit_rolling(x, y, halflife=9.0)) for x in (X, y)]


@sized
def moments(n, dtype):
    X, y = a(n, 3, dtype=dtype), a(n, dtype=dtype)
    one = regression.Moments.of(X, y)
    one.update(X, y, weights=np.abs(y))
    fit = (one + one).fit()
    robust = regression.Moments.of(X, y, robust=True)
    return fit.params, fit.bse, robust.robust_cov()


@sized
def weights(n, dtype):
    return [getattr(init, name)((n, 3), fan_in=3, dtype=dtype, rng=0)
            for name in ("he_normal", "he_uniform", "lecun_normal", "lecun_uniform")] + [
            init.glorot_normal((n + 1, 3), dtype=dtype, rng=0),
            init.orthogonal((n, 3), dtype=dtype, rng=0), init.normal_pdf(a(n, dtype=dtype)),
            init.uniform_pdf(a(n, dtype=dtype), -1, 1)]


@sized
def circular_orbits(n, dtype):
    r, m = (2 + a(n)).astype(dtype), np.full(n, 3, dtype)
    found = [getattr(orbit, name)(r, mu=m) for name in (
        "circular_speed", "period", "angular_speed", "escape_speed", "semimajor_axis")]
    return (found, orbit.orbital_energy(r, star_mass=m, planet_mass=m),
            orbit.hill_radius(r, star_mass=m, planet_mass=m), orbit.gravitational_force(m, m, r),
            orbit.centripetal_force(m, m, r, out=np.empty(n, np.result_type(dtype))),
            orbit.vis_viva(r, r, mu=m), list(orbit.orbit_table(m, m, r)),
            orbit.CircularOrbit(2e30, 6e24, AU).positions(a(n, dtype=dtype)))


@sized
def kepler_orbits(n, dtype):
    M, e = a(n, dtype=dtype, scale=9), np.abs(a(n, dtype=dtype, scale=1.5))
    one = orbit.KeplerOrbit(AU, 0.3, 0.1, 0.2, 0.3, mu=GM_SUN)
    times = a(n, dtype=dtype, scale=1e7)
    r, v = one.position(times), one.velocity(times)
    return (orbit.solve_kepler(M, e), orbit.solve_kepler(M, 0.4, out=np.empty(n, dtype)), r, v,
            one.true_anomaly(times), orbit.propagate(r, v, times, mu=GM_SUN),
            orbit.propagate(r, v, 5.0, mu=GM_SUN, stm=True),
            orbit.KeplerOrbit.from_state(r, v, mu=GM_SUN).elements())


# ---- runs ----

class Refused(tuple):
    """The name and the message of an exception"""


def found(function, *arguments):
    """Return the bits of a result, or the exception"""
    try:
        return bits(function(*arguments))
    except (TypeError, ValueError, ArithmeticError) as error:
        return Refused((type(error).__name__, str(error)))


def in_a_child(side, calls, expected, memory):
    """Run all calls beside guards in a child of this process; return how it ends"""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        memory.guard(side)
        # Blocks that NumPy has kept stand anywhere: take them out.
        kept = [np.empty(size, np.uint8) for size in range(CACHED) for _ in range(KEPT)]
        wrong = [label for label, *call in calls if told(label) and found(*call) != expected[label]]
        print(*(f"{label}: another result beside guards" for label in wrong), sep="\n", end="",
              flush=True)
        os._exit(len(kept) != CACHED * KEPT or bool(wrong))
    return os.waitpid(child, 0)[1]


def told(label):
    """Write the name of a call where the parent finds it if the call ends the process"""
    os.pwrite(LABEL, label.ljust(200).encode(), 0)
    return True


LABEL = os.open(tempfile.gettempdir(), os.O_TMPFILE | os.O_RDWR)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    again()
    warnings.simplefilter("ignore")
    whole = CALLS | examples()
    names = options.names or sorted(SIZED.keys() | whole.keys())
    calls = [(f"{name}({n}, {dtype!r})", SIZED[name], n, dtype) for name in names if name in SIZED
             for n in range(0, LARGEST + 1, options.step) for dtype in ("f4", "f8")]
    calls += [(name, whole[name]) for name in names if name in whole]
    expected = {label: found(*call) for label, *call in calls}
    exceptions = sum(isinstance(result, Refused) for result in expected.values())
    failed = 0
    memory = Allocations(arrays=True)
    for side in ("end", "start"):
        status = in_a_child(side, calls, expected, memory)
        if status:
            failed = 1
            last = os.pread(LABEL, 200, 0).decode().strip()
            print(f"level {level}, {side}: status {status} at {last}")
    print(f"level {level}: {len(names)} functions, {len(calls)} calls, {exceptions} refused, "
          "each at the end and at the start of a page" + ": FAILED" * failed)
    sys.exit(failed)


if __name__ == "__main__":
    main()
