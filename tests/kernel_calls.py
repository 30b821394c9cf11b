"""Calls that reach every kernel: large enough to need the heap, and the examples of docstrings.

A call takes no argument and has the same bits every time.
"""
import builtins
import contextlib
import doctest
import inspect
import io
import pickle
import re
import sys

import numpy as np

from mathwork import activations, init, matrix, nn, orbit, regression
from mathwork.constants import AU, GM_SUN
from mathwork.matrix import inv, lstsq, lu, matmul, null_space, rank, ref, rref, solve
from mathwork.nn import Network, Networks, gradient, train, train_many
from mathwork.regression import (
    Moments,
    fit_groups,
    fit_line,
    fit_linear,
    fit_polynomial,
    fit_ridge,
    fit_rolling,
)

# Their examples call libraries that are not ours, or a compiler.
FOREIGN = re.compile(r"import (keras|sklearn|torch|onnx)|from (keras|sklearn|torch|onnx)|plot"
                     r"|\.onnx|to_onnx|astropy|as_ctypes|RowFunction")


def bits(result):
    """Return all bytes of a result"""
    if isinstance(result, np.ndarray) and result.dtype != object:
        return result.shape, result.dtype.str, result.tobytes()
    if isinstance(result, dict):
        return {key: bits(value) for key, value in result.items()}
    if type(result) in (tuple, list) or isinstance(result, tuple):
        return [bits(value) for value in result]
    if isinstance(result, (str, int, float, type(None))):
        return repr(result)
    return pickle.dumps(result)


# ---- large enough for the heap ----

CALLS = {}          # {name: function of no argument}


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def integers(*shape, below=9):
    return np.random.default_rng(1).integers(-below, below, shape)


def call(function):
    CALLS[function.__name__] = function
    return function


SQUARE, WIDE, STACK = numbers(90, 90), numbers(60, 100), numbers(40, 7, 7)
LARGE, DEEP = numbers(260, 260), np.stack([numbers(60, 70), np.zeros((60, 70))])
SINGULAR = np.concatenate([WIDE, WIDE[:20]])
X, Y, FAR = numbers(3000, 6), numbers(3000), 1e9 + np.arange(3000.0)
KEYS = np.random.default_rng(2).integers(0, 700, 3000)
NET = Network.he((40, 200, 90, 3), rng=0)
NORMAL = Network([nn.Dense(numbers(90, 40)), nn.LayerNorm(np.ones(90)),
                  nn.Residual([nn.Dense(numbers(90, 90), activation="silu")]),
                  nn.Dense(numbers(3, 90))], dtype=np.float64)
INPUTS, ANSWERS = numbers(300, 40).astype("f4"), numbers(300, 3).astype("f4")
SMALL = Network.he((2, 3, 1), rng=0)
MANY = Networks([Network.he((40, 200, 3), rng=seed) for seed in range(3)])


@call
def products():
    return (matmul(LARGE, LARGE), matmul(LARGE.T, LARGE), matmul(STACK, STACK),
            matmul(LARGE.astype("f4").T, LARGE.astype("f4")))


@call
def reductions():
    return [function(A, **options) for function in (ref, rref)
            for A in (SQUARE, WIDE, SINGULAR, STACK, DEEP, LARGE.astype("f4"))
            for options in ({}, {"atol": 1e-3})]


@call
def systems():
    return (solve(SQUARE, SQUARE[0]), solve(SINGULAR, SINGULAR[:, 0]), solve(WIDE, WIDE[:, :3]),
            solve(STACK, STACK[:, 0]), solve(DEEP, DEEP[:, :, 0]), solve(LARGE, LARGE),
            solve(SINGULAR.astype("f4"), SINGULAR[:, 0].astype("f4")))


@call
def inverses_and_ranks():
    return (inv(SQUARE), inv(LARGE), inv(STACK), inv(numbers(300, 3, 3)), rank(SINGULAR),
            rank(DEEP), matrix.det(SQUARE), matrix.det(STACK), matrix.slogdet(STACK),
            null_space(SINGULAR), null_space(DEEP), null_space(numbers(50, 3, 5)),
            null_space(SINGULAR.astype("f4")))


@call
def factors():
    found = [lu(A) for A in (SQUARE, LARGE, STACK, SINGULAR, numbers(90, 90).astype("f4"))]
    sides = found[0].solve(SQUARE), found[1].solve(LARGE[0]), found[2].solve(STACK)
    return sides, [each.det() if each.L.shape[-1] < 260 else None for each in found[:3]]


@call
def least_squares():
    return (lstsq(X, Y), lstsq(WIDE, WIDE[:, 0]), lstsq(numbers(20, 9, 4), numbers(20, 9)),
            lstsq(SINGULAR.T, SINGULAR[0]))


@call
def complex_systems():
    A, stack = SQUARE[:5, :5] + 0.5j, STACK[:3, :3, :3] + 0.5j
    return (rref(A), solve(A, A[0]), inv(stack), lu(A).solve(A[0]), matrix.det(stack),
            null_space(A[:3]), lstsq(A, A[0]))


@call
def exact_systems():
    A = integers(12, 13)
    return (rref(A, exact=True), rref(integers(30, 31), exact=True), inv(A[:, :12], exact=True),
            solve(A[:, :12], A[:, 12], exact=True), matrix.det(A[:, :12], exact=True),
            null_space(integers(8, 20), exact=True), rref(integers(50, 4, 5), exact=True),
            rank(integers(20, 20, below=10 ** 6), exact=True),
            matrix.eliminate(integers(4, 5)))


@call
def modular_systems():
    A, stack = integers(60, 61), integers(20, 7, 8)
    return [function(given, modulus=p) for function in (rref, rank, null_space)
            for given in (A, stack) for p in (2, 101, 1000003, 2 ** 31 - 1)] + [
            solve(A[:, :60], A[:, 60], modulus=101), inv(A[:, :60], modulus=101)]


@call
def lines():
    stack = numbers(40, 50)
    weights = np.abs(numbers(3000)) + 1
    return (fit_line(FAR, Y), fit_line(stack, stack[::-1]), fit_line(FAR, Y, weights=weights),
            fit_line(FAR.astype("f4"), Y.astype("f4")))


@call
def fits_of_many_columns():
    weights = np.abs(Y) + 1
    near = np.column_stack([X[:, 0], X[:, 0] + 1e-9 * X[:, 1], X[:, 2]])
    found = [fit_linear(X, Y), fit_linear(X, Y, weights=weights), fit_linear(X, X[:, :3]),
             fit_linear(near, Y), fit_linear(1e9 + X, Y), fit_linear(X, Y, cov="HC3"),
             fit_linear(X, Y, cov="HC0"), fit_linear(numbers(41, 40), numbers(41)),
             fit_linear(numbers(400, 90), numbers(400)),
             fit_linear(X, Y, nan_policy="omit")]
    return [(fit.params, fit.bse, fit.resid, fit.leverage) for fit in found]


@call
def polynomials():
    x = np.linspace(0, 10, 3000)
    found = [fit_polynomial(x, Y, degree) for degree in (1, 3, 12)]
    return [(fit.coef, fit.bse, fit.predict(x), fit.derivative(x)) for fit in found]


@call
def ridges():
    return fit_ridge(X, Y, alpha=[0.1, 1.0, 10.0]), fit_ridge(WIDE, WIDE[:, 0])


@call
def groups():
    texts = np.array([f"key {key}" for key in KEYS])
    objects = np.array([(int(key),) for key in KEYS] + [None], object)[:-1]
    found = [fit_groups(keys, x, Y) for keys in (KEYS, KEYS * 10 ** 12, texts, objects, KEYS / 7)
             for x in (FAR, X[:, :2])]
    found += [fit_groups(KEYS % 3, X[:, :3], Y), fit_groups(KEYS % 3, FAR, Y),
              fit_groups(KEYS, X[:, :2], Y, weights=np.abs(Y) + 1),
              fit_groups(KEYS % 2, 1e9 + X[:, :2] / 1e3, Y),
              fit_groups(np.arange(3000) // 4, X[:, :1], Y)]
    return [[each for each in (getattr(fits, name, None) for name in (
        "slope", "intercept", "params", "bse", "status")) if each is not None] for fits in found]


def rolling(*cases):
    found = [fit_rolling(x, y, window, **options) for x, y, window, options in cases]
    return [[each for each in (getattr(fits, name, None) for name in (
        "slope", "intercept", "params", "bse", "status")) if each is not None] for fits in found]


@call
def windows():
    x, y = X[:600], Y[:600]
    close = np.column_stack([FAR[:600], FAR[:600] + 1e-6 * x[:, 1]])
    return rolling((FAR[:600], y, 50, {}), (x[:, :2], y, 50, {}), (close, y, 100, {}),
                   (x[:, :3], y, 100, {}), (np.round(x[:, :2]), y, 40, {}),
                   (x[:, :2], y, 50, {"weights": np.abs(y) + 1}))


@call
def windows_of_integers():
    wide = 2 ** 53 + integers(600, 2, below=2 ** 40)
    return rolling((wide, wide[:, 0], 20, {}), (wide // 2 ** 50, wide[:, 1], 300, {}))


@call
def windows_of_time():
    x, y, time = X[:600], Y[:600], np.cumsum(np.abs(Y[:600]))
    return rolling((x[:, :2], y, 40.0, {"time": time}), (x[:, 0], y, 40.0, {"time": time}),
                   (x[:, :2], y, None, {"halflife": 20.0}), (x[:, 0], y, None, {"halflife": 20.0}),
                   (x[:, :2], y, None, {"time": time, "halflife": 20.0}))


@call
def moments():
    one, two = Moments.of(X, Y), Moments.of(X[::-1], Y, weights=np.abs(Y) + 1)
    robust = Moments.of(X[:, :3], Y, robust=True)
    robust.update(X[:9, :3], Y[:9])
    one.update(X[:100], Y[:100])
    fits = one.fit(), (one + two).fit([0, 3]), robust.fit()
    return [(fit.params, fit.bse) for fit in fits], robust.robust_cov()


@call
def networks():
    x = numbers(40)
    return (NET(INPUTS), NET(INPUTS[0]), NORMAL(INPUTS), NET.trace(INPUTS), NET.classify(INPUTS),
            NET.jacobian(INPUTS[:3]), NET.hessian(INPUTS[0]), NET.jvp(INPUTS[0], x),
            NET.vjp(INPUTS, ANSWERS), NORMAL.jacobian(x), NORMAL.vjp(x, ANSWERS[0]),
            gradient(NET, INPUTS, ANSWERS), gradient(NORMAL, INPUTS, ANSWERS),
            Network.he((300, 400, 2), rng=1)(numbers(300)), NET.with_parameters(NET.parameters()))


@call
def many_networks():
    return (MANY(INPUTS), MANY(numbers(3, 40), paired=True), MANY.mean(INPUTS), MANY.average(),
            MANY.with_parameters(MANY.parameters()), [net(INPUTS[0]) for net in MANY])


@call
def trainings():
    options = {"epochs": 2, "rng": 0}
    return ([train(NET, INPUTS, ANSWERS, **options).network,
             train(SMALL, INPUTS[:, :2], ANSWERS[:, :1], optimizer="lbfgs", **options).network,
             train(SMALL, INPUTS[:, :2], ANSWERS[:, :1], optimizer="levenberg_marquardt",
                   **options).network,
             train(NORMAL, INPUTS, ANSWERS, **options).network],
            train_many(MANY, INPUTS, ANSWERS, **options).networks)


@call
def activations_of_rows():
    wide = numbers(30, 5000)
    return (activations.softmax(wide), activations.softmax(wide, axis=0),
            activations.log_softmax(wide.astype("f4")), activations.prelu(wide, 0.1),
            activations.gelu(wide), activations.leaky_relu(wide), nn.cost(wide, wide[::-1]))


@call
def weights():
    return (init.he_normal((300, 300), rng=0), init.glorot_uniform((300, 300), rng=0),
            init.orthogonal((60, 90), rng=0))


@call
def orbits():
    e, times = np.linspace(0, 2, 500), np.linspace(-1e7, 1e7, 500)
    one = orbit.KeplerOrbit([AU, 2 * AU], [0.1, 0.5], 0.1, 0.2, 0.3, mu=GM_SUN)
    state = one.position(times)[0], one.velocity(times)[0]
    return (orbit.solve_kepler(times / 1e6, e), one.position(times), one.velocity(times),
            one.true_anomaly(times), orbit.propagate(*state, times, mu=GM_SUN),
            orbit.propagate(*state, times, mu=GM_SUN, stm=True),
            orbit.KeplerOrbit.from_state(*state, mu=GM_SUN).elements(),
            list(orbit.orbit_table(np.full(500, 2e30), 6e24, np.linspace(1, 9, 500) * AU)),
            orbit.CircularOrbit(2e30, 6e24, AU).positions(times),
            orbit.circular_speed(np.linspace(1, 9, 500) * AU, star_mass=2e30))


# ---- kernels alone: plain arguments, so that nothing but a kernel and its objects is at work ----

PLAIN = {}          # {name: function of no argument}


def plain():
    """Fill PLAIN"""
    A, b, x, f4 = numbers(5, 5), numbers(5), numbers(9), numbers(4, 2).astype("f4")
    wide, whole, r = numbers(3, 7), integers(4, 5), np.full(9, AU)
    X = numbers(9, 2)
    orbit_of, lu_of = orbit.KeplerOrbit(AU, 0.3, mu=GM_SUN), lu(A)
    double, rows = Network.he((2, 3, 1), dtype=np.float64, rng=0), numbers(4, 2)
    PLAIN.update(
        relu=lambda: activations.relu(x),
        leaky_relu=lambda: activations.leaky_relu(x),
        network_row=lambda: SMALL(f4[0]), network_rows=lambda: SMALL(f4),
        trace=lambda: SMALL.trace(f4), classify=lambda: NET.classify(INPUTS[:2]),
        network_stack=lambda: SMALL(f4.reshape(2, 2, 2)), keywords=lambda: SMALL(x=f4),
        jacobian=lambda: double.jacobian(rows), jvp=lambda: double.jvp(rows, rows),
        vjp=lambda: double.vjp(rows, np.ones((4, 1))), parameters=lambda: SMALL.parameters(),
        networks=lambda: MANY(INPUTS[:2]), mean=lambda: MANY.mean(INPUTS[:2]),
        matvec=lambda: matrix.matvec(A, b), matmul=lambda: matmul(A, A),
        matmul_of_stacks=lambda: matmul(STACK, STACK[:1]),
        swap_rows=lambda: matrix.swap_rows(A, 0, 1), scale_row=lambda: matrix.scale_row(A, 0, 2.0),
        add_multiple=lambda: matrix.add_multiple(A, 0, 1, 2.0),
        rref=lambda: rref(wide), ref=lambda: ref(wide), rref_of_many=lambda: rref(STACK),
        solve=lambda: solve(A, b), inv=lambda: inv(A), det=lambda: matrix.det(A),
        null_space=lambda: null_space(wide),
        lu=lambda: lu(A), lu_solve=lambda: lu_of.solve(b), lu_verdict=lambda: lu_of.rank,
        fit_line=lambda: fit_line(x, x), fit_linear=lambda: fit_linear(X, x).params,
        circular_speed=lambda: orbit.circular_speed(r, star_mass=2e30),
        solve_kepler=lambda: orbit.solve_kepler(x, 0.3), position=lambda: orbit_of.position(x))
    if sys.version_info < (3, 12):      # newer ones crash where they make a function without memory
        PLAIN.update(softmax=lambda: activations.softmax(A),
                     exact=lambda: rref(whole, exact=True),
                     modular=lambda: rref(whole, modulus=101))


plain()


# ---- examples ----

def examples():
    """{name: function that runs the example of a public name}"""
    found = {}
    for module in (activations, init, matrix, nn, orbit, regression):
        for name in module.__all__:
            public = getattr(module, name)
            members = [(name, public)]
            if inspect.isclass(public):
                members += [(f"{name}.{member}", getattr(public, member))
                            for member, value in vars(public).items() if member[0] != "_"
                            and (inspect.isroutine(value) or isinstance(value, classmethod))]
            for label, each in members:
                text = inspect.getdoc(each) or ""
                if ">>>" in text and not FOREIGN.search(text):
                    found[f"{module.__name__.removeprefix('mathwork.')}.{label}"] = example(text)
    return found


def example(text):
    """Return a function that runs an example and returns what it shows and its arrays"""
    steps = [compile(step.source, "<example>", "single")
             for step in doctest.DocTestParser().get_examples(text)]

    def run():
        shown, names = io.StringIO(), {"__name__": "example"}
        try:
            with contextlib.redirect_stdout(shown):
                for step in steps:
                    exec(step, names)
        finally:
            vars(builtins).pop("_", None)       # the last result that was shown
        return shown.getvalue(), {name: value for name, value in names.items()
                                  if isinstance(value, np.ndarray)}
    return run
