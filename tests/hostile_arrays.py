"""Arrays that change their shape or dtype during a call, and objects made by their back doors.

    python tests/hostile_arrays.py [NAME ...]

runs cases, by default all, each in a child of the process, because a case may kill it. It prints
the results as JSON. Memory is guarded, so that a read or a write behind it ends the child.
"""
import contextlib
import copy
import gc
import json
import os
import pickle
import sys
import threading
import time

import numpy as np
from arrays import guarded

from mathwork._levels import core
from mathwork._levels import regression as regression_kernels
from mathwork.constants import AU, GM_SUN
from mathwork.matrix import (
    Reduced,
    add_multiple,
    augment,
    matmul,
    matvec,
    null_space,
    rref,
    scale_row,
    solve,
    swap_rows,
)
from mathwork.nn import Dense, Network
from mathwork.orbit import CircularOrbit, KeplerOrbit, circular_speed
from mathwork.regression import (
    LineFit,
    Moments,
    fit_groups,
    fit_line,
    fit_linear,
    fit_polynomial,
    fit_rolling,
)
from mathwork.regression import linear as linear_module
from mathwork.regression import moments as moments_module
from mathwork.regression import polynomial_fit as polynomial_module

CASES = {}          # {name: (function, name of the exception that it raises, or "done")}
MANY = 40_000


def raises(kind):
    def register(function):
        CASES[function.__name__] = function, kind.__name__
        return function
    return register


def ends(function):
    """Register a case that checks its results itself"""
    CASES[function.__name__] = function, "done"
    return function


def at_the_end(*shape, dtype=float):
    """Return guarded numbers of this shape"""
    size = int(np.prod(shape))
    return guarded((np.arange(size) % 17 + 1).astype(dtype).reshape(shape), "end")


class Number:
    """An argument with an action when it is converted; its number is `value`"""

    def __init__(self, value, action):
        self.value, self.action = value, action

    def _convert(self, *_, **__):
        self.action()
        return self.value

    __float__ = __int__ = __index__ = __array__ = __pos__ = _convert
    __hash__ = None

    def __eq__(self, other):
        self.action()
        return self.value == other


def sets(array, name, value):
    """Return an action: array.name = value"""
    return lambda: setattr(array, name, value)


class Liar(np.ndarray):
    """An array that claims another shape than its own"""

    said = ()
    shape = property(lambda self: self.said)


# ---- networks ----

@raises(ValueError)
def weight_of_another_shape():
    layer = Dense(np.ones((MANY, 1), "f4"))
    layer.weight.shape = (1, MANY)
    for _ in range(20):
        Network([layer])


@raises(ValueError)
def weight_of_another_shape_in_a_chain():
    layers = [Dense(np.ones((1, 1), "f4")), Dense(np.ones((MANY, 1), "f4"))]
    layers[1].weight.shape = (1, MANY)
    Network(layers)


@raises(ValueError)
def bias_of_another_shape():
    layer = Dense(np.ones((MANY, 1), "f4"))
    layer.bias.shape = (1, MANY)
    Network([layer])


@raises(ValueError)
def bias_of_another_dtype():
    layer = Dense(np.ones((MANY, 1), "f4"))
    layer.bias.dtype = "f8"
    Network([layer])


@ends
def weight_that_is_another_at_each_access():
    class Growing(Dense):
        count = 0

        @property
        def weight(self):
            type(self).count += 1
            return np.ones((1, 10 ** type(self).count), "f4")

    for start in range(6):
        Growing.count = start % 3
        layer = object.__new__(Growing)
        Dense.bias.__set__(layer, np.zeros(1, "f4"))
        Dense.activation.__set__(layer, "identity")
        net = Network([layer])
        assert net(np.ones(net.sizes[0], "f4")) == net.sizes[0]
        assert net.layers[0].weight.shape == net.sizes[::-1]


@raises(ValueError)
def bias_of_a_subclass_that_is_too_long():
    class Long(Dense):
        bias = property(lambda self: np.zeros(MANY))

    layer = object.__new__(Long)
    Dense.weight.__set__(layer, np.ones((1, 1)))
    Dense.activation.__set__(layer, "identity")
    Network([layer])


@raises(ValueError)
def layer_filled_with_too_long_a_bias():
    layer = Dense([[1.0]])
    object.__setattr__(layer, "bias", np.zeros(MANY))
    Network([layer])


@raises(ValueError)
def layer_filled_with_an_empty_weight():
    layer = Dense([[1.0]])
    object.__setattr__(layer, "weight", np.zeros((1, 0)))
    Network([layer])


@raises(AttributeError)
def layer_that_is_empty():
    Network([object.__new__(Dense)])


@raises(TypeError)
def network_of_nothing():
    Network.__new__(Network)


@raises(TypeError)
def network_made_as_an_object():
    object.__new__(Network)


@ends
def network_that_was_never_finished():
    found = []

    class Catching:
        _kind, _activation = "dense", ("identity", 0.0)

        @property
        def weight(self):
            found.extend(each for each in gc.get_objects() if type(each) is Network)
            raise ZeroDivisionError

    with contextlib.suppress(ZeroDivisionError):
        core.ForwardPass.__new__(Network, [Catching()], np.dtype("f4"))
    assert found
    for net in found:
        for x in ([1, 2, 3], np.ones(3, "f4"), np.ones((4, 3), "f4"), np.ones(0, bool), None):
            for call in (net, net._trace, repr):
                with contextlib.suppress(TypeError, ValueError):
                    call(x)


@ends
def sizes_of_a_c_function_after_the_layers_were_reshaped():
    net = Network([Dense(np.ones((2, 3)))])
    net.layers[0].weight.shape = (6, 1)
    net.layers[0].bias.shape = (1, 2)
    function = net.as_ctypes()
    assert (function.n_in, function.n_out) == (3, 2) == net.sizes
    assert net.n_parameters == 8


@raises(ValueError)
def out_of_a_network_that_lies():
    out = at_the_end(2, dtype="f4").view(Liar)
    Liar.said = (1000, 2)
    Network.he((4, 2), rng=0)(np.ones((1000, 4), "f4"), out=out)


@raises(ValueError)
def out_of_a_product_that_lies():
    out = at_the_end(1).view(Liar)
    Liar.said = (1000,)
    matvec(np.ones((1000, 2)), np.ones(2), out=out)


@raises(ValueError)
def out_of_a_row_operation_that_lies():
    out = at_the_end(1).view(Liar)
    Liar.said = (1000, 4)
    swap_rows(np.ones((1000, 4)), 0, 1, out=out)


@raises(TypeError)
def out_that_only_says_to_be_an_array():
    class Fake:
        __class__ = np.ndarray
        shape, dtype = (3, 2), np.dtype("f8")

    matmul(np.ones((3, 4)), np.ones((4, 2)), out=Fake())


@ends
def out_that_reshapes_x():
    x = at_the_end(10, 4, dtype="f4")
    net = Network.he((4, 2), rng=0)
    expected = net(x)

    class Reshaping(np.ndarray):
        @property
        def dtype(self):
            x.shape = (40, 1)
            return np.dtype("f4")

    out = np.zeros((10, 2), "f4").view(Reshaping)
    net(x, out=out)
    assert np.ndarray.tobytes(out) == expected.tobytes()


@raises(ValueError)
def workers_that_reshape_x():
    x = at_the_end(10, 4, dtype="f4")
    Network.he((4, 2), rng=0)(x, workers=Number(1, sets(x, "shape", (40, 1))))


# ---- fits of many columns ----

def a_fit(n=30, p=4, k=None, **options):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n, p)), rng.normal(size=n if k is None else (n, k))
    X, y = guarded(X, "end"), guarded(y, "end")
    return fit_linear(X, y, **options), X, y


@raises(ValueError)
def resid_after_x_was_reshaped():
    fit, X, _ = a_fit(2000, 600)
    X.shape = (1_200_000, 1)
    return fit.resid


@raises(ValueError)
def resid_after_y_was_reshaped():
    fit, _, y = a_fit()
    y.shape = (1, 30)
    return fit.resid


@raises(ValueError)
def resid_after_y_became_narrow():
    fit, _, y = a_fit()
    y.dtype = "f4"
    return fit.resid


@raises(ValueError)
def resid_after_x_became_bytes():
    fit, X, _ = a_fit()
    X.dtype = "i1"
    return fit.resid


@raises(ValueError)
def fittedvalues_after_x_was_reshaped():
    fit, X, _ = a_fit()
    X.shape = (120, 1)
    return fit.fittedvalues


@raises(ValueError)
def resid_after_params_were_reshaped():
    fit, _, _ = a_fit()
    fit.params.shape = (1, 5)
    return fit.resid


@raises(ValueError)
def resid_of_targets_after_params_were_reshaped():
    fit, _, _ = a_fit(k=3)
    fit.params.shape = (15, 1)
    return fit.resid


@raises(ValueError)
def prediction_after_params_were_reshaped():
    fit, _, _ = a_fit(k=3)
    fit.params.shape = (15, 1)
    fit.predict(np.ones((1000, 14)).T[:4].T)


@ends
def params_made_longer_than_x_is_wide():
    fit, _, _ = a_fit(k=300)
    fit.params.shape = (1500, 1)
    X = np.ones((10, 1499))
    assert fit.predict(X).shape == (10, 1)      # the shape for these params


@raises(ValueError)
def fit_from_a_pickle_with_other_params():
    fit, _, _ = a_fit()
    rebuild, parts = fit.__reduce__()
    return rebuild(np.ones((5000, 1)), *parts[1:]).resid


@raises(ValueError)
def fit_from_a_pickle_with_integers():
    fit, _, _ = a_fit()
    rebuild, parts = fit.with_data().__reduce__()
    return rebuild(np.ones(5, np.int8), *parts[1:]).resid


@raises(ValueError)
def fit_from_a_pickle_with_a_short_y():
    fit, _, _ = a_fit()
    rebuild, parts = fit.with_data().__reduce__()
    return rebuild(*parts[:-5], at_the_end(3), *parts[-4:]).resid


@raises(TypeError)
def fit_from_a_pickle_with_a_list_for_x():
    fit, _, y = a_fit()
    rebuild, parts = fit.with_data().__reduce__()
    return rebuild(*parts[:-6], [[1.0]] * 30, y, *parts[-4:]).resid


@raises(ValueError)
def fit_from_a_pickle_with_few_weights():
    fit, _, _ = a_fit()
    rebuild, parts = fit.with_data().__reduce__()
    return rebuild(*parts[:-4], at_the_end(3), *parts[-3:]).leverage


@raises(ValueError)
def rank_tol_that_reshapes_x():
    X, weights = at_the_end(10, 4), at_the_end(10)
    fit_linear(X, np.arange(40.0), weights=weights,
               rank_tol=Number(0.0, sets(X, "shape", (40, 1))))


@raises(ValueError)
def weights_that_reshape_x():
    X, weights = at_the_end(10, 4), at_the_end(40)
    fit_linear(X, np.arange(10.0), weights=Number(weights, sets(X, "shape", (40, 1))))


@ends
def fit_that_nobody_made():
    fit = regression_kernels.LeastSquares.__new__(linear_module.LinearFit)
    for name in dir(fit):
        try:
            found = getattr(fit, name)
            if name in ("conf_int", "cov_params", "summary", "plot", "__reduce__"):
                found()
            if name == "predict":
                found([[1.0]])
        except (TypeError, ValueError, AttributeError, ImportError):
            pass


@raises(ValueError)
def bases_of_other_columns():
    X, y, bases = at_the_end(10, 4), at_the_end(10), at_the_end(2, 4)
    regression_kernels.fit_rows(X, y, True, None, -1.0, bases=bases, level=np.empty((2, 1)))


@raises(ValueError)
def level_of_other_targets():
    X, y, bases = at_the_end(10, 4), at_the_end(10), at_the_end(2, 5)
    regression_kernels.fit_rows(X, y, True, None, -1.0, bases=bases, level=np.empty((2, 0)))


@raises(TypeError)
def details_of_another_object():
    regression_kernels.with_details(object(), None)


@raises(ValueError)
def base_of_one_number():
    x = at_the_end(10)
    regression_kernels.polynomial_fit(x, x, None, 1, at_the_end(1))


@ends
def fit_initialised_twice():
    fit, _, _ = a_fit()
    fit.__init__()
    for same in (copy.copy(fit), copy.deepcopy(fit),
                 pickle.loads(pickle.dumps(fit.with_data()))):
        np.testing.assert_array_equal(same.resid, fit.resid)


# ---- moments ----

@raises(ValueError)
def policy_that_reshapes_x():
    X, y = at_the_end(10, 4), at_the_end(10)
    Moments.of(X, y, nan_policy=Number("raise", sets(X, "shape", (40, 1))))


def some_moments():
    return Moments.of(np.sin(np.arange(30.0)).reshape(10, 3), np.cos(np.arange(10.0)))


@raises(ValueError)
def moments_of_other_columns():
    numbers = some_moments().__reduce__()[1][1]
    moments_module._rebuilt((30, 97, False), numbers).fit([0])


@raises(IndexError)
def moments_of_less_than_no_target():
    numbers = some_moments().__reduce__()[1][1]
    moments_module._rebuilt((2, 2, False), numbers).fit([0])       # 4 columns: so it is
    regression_kernels.fit_of_moments(numbers, 4, np.array([400_000]), 1, True, True, 1e-10)


@raises(ValueError)
def moments_of_many_targets_that_are_one():
    numbers = some_moments().__reduce__()[1][1]
    for _ in range(1000):
        moments_module._rebuilt((1, 3, True), numbers).fit([0])


@raises(ValueError)
def moments_of_negative_targets():
    numbers = some_moments().__reduce__()[1][1]
    moments_module._rebuilt((100_004, -100_000, False), numbers).fit([100_003])


@raises(ValueError)
def moments_added_to_short_ones():
    moments = some_moments()
    shape, _ = moments.__reduce__()[1]
    moments + moments_module._rebuilt(shape, at_the_end(4))


@raises(TypeError)
def moments_in_another_shape():
    moments = some_moments()
    moments._numbers.shape = (1, -1)
    moments.fit()


@raises(MemoryError)
def moments_of_more_columns_than_there_is_memory():
    Moments.of(np.broadcast_to(np.float64(1), (1, 2 ** 33)), [1.0])


# ---- polynomials, groups, windows, lines ----

@ends
def degree_that_makes_x_narrow():
    x = at_the_end(16)
    fit_polynomial(x, np.arange(16.0), Number(1, sets(x, "dtype", "f4")))


@raises(ValueError)
def weights_that_make_x_narrow():
    x, y = at_the_end(16), at_the_end(16)
    fit_polynomial(x, y, 1, weights=Number(np.ones(32), sets(x, "dtype", "f4")))


def a_polynomial(basis):
    _, (fields,) = fit_polynomial([0, 1, 2, 3], [1, 3, 7, 13], 2).__reduce__()
    return polynomial_module.made_of(fields | {"_basis": basis})


@raises(ValueError)
def polynomial_with_half_a_basis():
    a_polynomial(at_the_end(1, 3)).predict(2.0)


@raises(ValueError)
def polynomial_with_a_flat_basis():
    a_polynomial(at_the_end(6)).derivative(2.0)


@raises(ValueError)
def polynomial_without_a_basis():
    a_polynomial(np.empty((2, 0))).predict(2.0)


@ends
def polynomial_whose_mapping_changes_x():
    x = at_the_end(6)
    _, (fields,) = fit_polynomial([0, 1, 2, 3], [1, 3, 7, 13], 2).__reduce__()
    shift, centre, factor, y_shift = fields["_mapping"]
    centre = Number(centre, sets(x, "dtype", "f4"))
    fit = polynomial_module.made_of(fields | {"_mapping": (shift, centre, factor, y_shift)})
    with contextlib.suppress(ValueError):
        fit.predict(x)


@ends
def keys_that_make_y_wide():
    y = at_the_end(600, dtype="f4")

    class Key:
        def __hash__(self):
            y.dtype = "f8"
            return 1

        def __eq__(self, other):
            return True

    keys = np.empty(600, object)
    keys[:] = [Key() for _ in range(600)]
    expected = fit_line(np.arange(600.0), np.array(y))
    fits = fit_groups(keys, np.arange(600.0), y)
    np.testing.assert_allclose(fits.slope, expected.slope, rtol=1e-12)


@raises(RuntimeError)
def keys_that_ask_for_the_fits():
    class Key:
        def __hash__(self):
            for each in gc.get_objects():
                if type(each) is regression_kernels.GroupedRows:
                    each.fits()
            return 1

    keys = np.empty(600, object)
    keys[:] = [Key() for _ in range(600)]
    fit_groups(keys, np.arange(600.0), np.arange(600.0))


@raises(ValueError)
def y_that_makes_keys_narrow():
    keys = at_the_end(16, dtype="f4")
    fit_groups(keys, np.arange(32.0), Number(np.arange(32.0), sets(keys, "dtype", "i2")))


@raises(ValueError)
def y_that_makes_x_narrow():
    x = at_the_end(16)
    x.dtype = "f8"
    fit_rolling(x, Number(np.arange(32.0), sets(x, "dtype", "f4")), 3)


@raises(ValueError)
def weights_that_make_the_rows_of_windows_narrow():
    X, y = at_the_end(16).reshape(8, 2), at_the_end(8)
    fit_rolling(X, y, 3, weights=Number(np.ones(9), sets(y, "dtype", "f4")))


@ends
def keys_of_planes_that_change_their_rows():
    X, y = at_the_end(1200).reshape(600, 2), at_the_end(600)
    X[:, 1] = X[:, 0]           # pending: these rows are gathered in a second pass
    keys = np.empty(600, object)
    keys[:] = [key for _ in range(120) for key in [Changing(keys)] * 5]
    fits = fit_groups(keys, X, y)
    assert len(fits) == 120 and (fits.nobs == 5).all()


class Changing:
    """A key of five rows that is in all rows when they are read again"""

    def __init__(self, keys):
        self.keys, self.asked = keys, 0

    def __hash__(self):
        self.asked += 1
        if self.asked > 6:      # five rows were looked up, and one of them became a key
            self.keys[1:] = self
        return 1


@raises(ValueError)
def weights_that_make_the_x_of_a_line_narrow():
    x = at_the_end(16)
    fit_line(x, np.arange(16.0), weights=Number(np.ones(16), sets(x, "dtype", "f4")))


@raises(TypeError)
def line_of_too_few_fields():
    regression_kernels.make_line(LineFit, np.ones(3))


@ends
def line_that_nobody_made():
    fit = regression_kernels.Line.__new__(LineFit)
    assert fit.slope == 0 and repr(fit) and fit.predict(1) == 0
    copy.copy(fit)


# ---- matrices ----

@raises(ValueError)
def columns_that_reshape_a():
    A = at_the_end(3, 1000)
    rref(A, columns=Number(1000, sets(A, "shape", (3000, 1))))


@raises(ValueError)
def columns_that_flatten_a():
    A = at_the_end(3, 1000)
    rref(A, columns=Number(1000, sets(A, "shape", (3000,))))


@raises(ValueError)
def columns_that_turn_a_into_bytes():
    A = at_the_end(3, 1000)
    rref(A, columns=Number(1000, sets(A, "dtype", "i1")))


@ends
def columns_that_reshape_integers():
    for options in ({"exact": True}, {"modulus": 7}):
        A = at_the_end(3, 1000, dtype=np.int64)
        expected = rref(A, **options)
        found = rref(A, columns=Number(1000, sets(A, "shape", (3000, 1))), **options)
        np.testing.assert_array_equal(found.matrix, expected.matrix)


@raises(ValueError)
def matrix_without_rows_of_so_many_columns_that_their_bytes_overflow():
    # 8 times the numbers that a working set for p = 7 has, modulo 2^64, are 4480
    rref(np.empty((0, 988_218_432_520_154_552), np.int64), modulus=7)


@ends
def factor_of_a_multiple_that_makes_a_wide():
    A = at_the_end(4, 64, dtype="f4")
    add_multiple(A, 3, 0, Number(2.0, sets(A, "dtype", "f8")), out=A)


@ends
def factor_that_makes_a_wide():
    A = at_the_end(4, 64, dtype="f4")
    scale_row(A, 3, Number(2.0, sets(A, "dtype", "f8")), out=A)


@ends
def row_that_makes_a_wide():
    A = at_the_end(4, 64, dtype="f4")
    swap_rows(A, 0, Number(3, sets(A, "dtype", "f8")), out=A)


@ends
def reduction_that_nobody_made():
    reduced = core.Reduction.__new__(Reduced)
    for name in dir(reduced):
        with contextlib.suppress(TypeError, ValueError, AttributeError):
            getattr(reduced, name)


@ends
def reduction_with_another_matrix():
    reduced = rref(np.eye(4))
    reduced.matrix.shape = (16, 1)
    for same in (copy.copy(reduced), pickle.loads(pickle.dumps(reduced))):
        assert repr(same) and same.rank == 4


# ---- systems ----

def beside_a_thread_that_changes(A, function, *arguments, shapes=((-1, 1), (1, -1))):
    """Call the function for a second while a thread changes the shape and the dtype of A"""
    other = "f4" if A.dtype == "f8" else "f8"
    changes = [("shape", shape) for shape in (*shapes, A.shape)]
    changes += [("dtype", other), ("dtype", A.dtype)]
    order = [i * k % len(changes) for k in range(1, len(changes)) for i in range(len(changes))]
    stop = threading.Event()

    def change():
        while not stop.is_set():
            for i in order:         # threads take turns at the end of a round
                with contextlib.suppress(ValueError):
                    setattr(A, *changes[i])

    thread = threading.Thread(target=change)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            with contextlib.suppress(ValueError, np.linalg.LinAlgError):
                function(*arguments)
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)


@ends
def system_that_another_thread_changes():
    A = guarded(np.eye(8), "end")
    beside_a_thread_that_changes(A, solve, A, np.ones((8, 1000), "f4"))


@ends
def sides_that_another_thread_changes():
    b = guarded(np.ones((8, 1000)), "end")
    beside_a_thread_that_changes(b, solve, np.eye(8, 1000, dtype="f4"), b)


@ends
def augmented_matrix_that_another_thread_changes():
    A = guarded(np.eye(120), "end")
    beside_a_thread_that_changes(A, augment, A, np.ones((120, 50), "f4"))


@ends
def null_space_of_float32_that_another_thread_changes():
    A = guarded(np.ones((200, 600), "f4"), "end")
    beside_a_thread_that_changes(A, null_space, A, shapes=())     # they would have large ones


# ---- orbits ----

@raises(ValueError)
def orbit_with_other_coefficients():
    orbit = KeplerOrbit([AU, 2 * AU], 0.5, mu=GM_SUN)
    orbit._coefficients.shape = (1, 18)
    orbit.position(0)


@ends
def radii_that_another_thread_makes_narrow():
    radii = guarded(np.full(30_000, AU), "end")
    stop = threading.Event()

    def change():
        while not stop.is_set():
            radii.dtype = "f4"      # there are twice as many
            radii.dtype = "f8"

    thread = threading.Thread(target=change)
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            circular_speed(radii, star_mass=2e30)
    finally:
        stop.set()
        thread.join()


@raises(ValueError)
def orbit_of_another_shape():
    orbit = KeplerOrbit([AU, 2 * AU], 0.5, mu=GM_SUN)
    orbit.__setstate__(orbit.__dict__ | {"shape": (1000,)})
    orbit.position(np.zeros(5))


@ends
def orbit_whose_shape_changes_the_times():
    times = at_the_end(2, 3)
    orbit = KeplerOrbit([AU, 2 * AU], 0.5, mu=GM_SUN)
    expected = orbit.position(times)
    orbit.__setstate__(orbit.__dict__ | {"shape": (Number(2, sets(times, "shape", (6,))),)})
    np.testing.assert_array_equal(orbit.position(times), expected.reshape(2, 6, 3))


@raises(AttributeError)
def orbit_that_nobody_made():
    object.__new__(KeplerOrbit).position(0)


@raises(AttributeError)
def circular_orbit_that_nobody_made():
    object.__new__(CircularOrbit).position(0)


@raises(ValueError)
def out_of_an_orbit_that_lies():
    out = at_the_end(1).view(Liar)
    Liar.said = (1000,)
    circular_speed(np.full(1000, AU), star_mass=2e30, out=out)


def outcome(name):
    """Return the result of a case: the name of an exception or "done", and the message"""
    try:
        CASES[name][0]()
    except Exception as error:
        return type(error).__name__, str(error)
    return "done", ""


def outcome_of_child(name):
    """Return outcome() in a child of this process, or how the child died"""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, json.dumps(outcome(name)).encode()[:65536])
        os._exit(0)
    os.close(writing)
    status = os.waitpid(child, 0)[1]
    with open(reading, "rb") as pipe:
        content = pipe.read()
    return json.loads(content) if status == 0 else ("died", f"with status {status}")


if __name__ == "__main__":
    print(json.dumps({name: outcome_of_child(name) for name in sys.argv[1:] or CASES}))
