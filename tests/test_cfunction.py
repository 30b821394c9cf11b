"""The C functions of a network: their bits, their edges, their lifetime, and who calls them."""
import concurrent.futures
import copy
import ctypes
import gc
import pickle
import shutil
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
from arrays import guarded
from helpers import every_activation, network_of, raises, run_python, same_bits
from test_derivatives import block_network

from mathwork._levels import core
from mathwork.nn import Dense, Network, RowFunction, cfunction

# One layer and several, ragged and whole registers. 1024 float64 and 2048 float32 are the widest
# rows whose two copies fit on the stack.
SIZES = [(1, 1), (3, 2), (64, 8), (1, 9, 1), (4, 32, 32, 2), (65, 33, 17, 5), (784, 128, 10),
         (2000, 2000), (7, 2000, 3), (5, 1024, 2), (5, 1025, 2), (5, 2048, 2), (5, 2049, 2)]
every_size = pytest.mark.parametrize("sizes", SIZES, ids=str)
needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"),
                                 reason="reads /proc/self/statm")


def he(*sizes, **options):
    return Network.he(sizes, **{"activation": "tanh", "output": "identity", "rng": 1} | options)


def address(array):
    """A row as the functions take it from ctypes."""
    real = ctypes.c_float if array.dtype == np.float32 else ctypes.c_double
    return array.ctypes.data_as(ctypes.POINTER(real))


def outputs(function, x):
    """What `row` makes of x."""
    y = np.full(function.n_out, -7, function.dtype)
    assert function.row(address(x), address(y), function.network) == 0
    return y


# ---- bits ----

@every_size
def test_row_has_the_bits_of_the_call(kernels, monkeypatch, dtype, rng, sizes):
    monkeypatch.setattr(cfunction, "kernels", kernels)
    net = network_of(kernels, he(*sizes, dtype=dtype).layers, dtype)
    function = RowFunction(net)
    for x in rng.normal(size=(3, sizes[0])).astype(dtype):
        assert same_bits(outputs(function, x), net(x))


@every_activation
@pytest.mark.parametrize("n_out", (1, 7, 8, 9, 16, 33))
def test_row_knows_every_activation(dtype, rng, activation, n_out):
    net = he(6, 19, n_out, activation=activation, output=activation, dtype=dtype)
    x = rng.normal(size=6, scale=3).astype(dtype)
    assert same_bits(outputs(RowFunction(net), x), net(x))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.0, 1e-310])
def test_row_of_special_values(dtype, value):
    net = he(3, 9, 4, output="softplus", dtype=dtype)
    x = np.array([value, 1, 1], dtype)
    assert same_bits(outputs(RowFunction(net), x), net(x))


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("sizes", [(5, 5), (3, 8), (8, 3), (5, 7, 5), (3, 7, 8), (8, 2100, 3)],
                         ids=str)
def test_outputs_may_overlap_inputs(dtype, rng, sizes, shift):
    net = he(*sizes, dtype=dtype)
    function = RowFunction(net)
    for x_first, y_first in ((0, shift), (shift, 0)):
        memory = rng.normal(size=20).astype(dtype)
        x, y = memory[x_first:x_first + sizes[0]], memory[y_first:y_first + sizes[-1]]
        expected = net(x.copy())
        assert function.row(address(x), address(y), function.network) == 0
        assert same_bits(y, expected)


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("sizes", [(1, 1), (3, 9), (17, 9, 3), (300, 16), (8, 33)], ids=str)
def test_nothing_past_an_end_is_touched(kernels, monkeypatch, dtype, rng, sizes, side):
    monkeypatch.setattr(cfunction, "kernels", kernels)
    net = network_of(kernels, he(*sizes, dtype=dtype).layers, dtype)
    function = RowFunction(net)
    x = rng.normal(size=sizes[0]).astype(dtype)
    given, y = guarded(x, side), guarded(np.zeros(sizes[-1], dtype), side)
    assert function.row(address(given), address(y), function.network) == 0
    assert same_bits(y, net(x))
    if dtype == np.float64:
        assert function.scalar(sizes[0], address(given), function.network) == y[0]


def test_threads_share_a_function(dtype, rng):
    # ctypes lets go of the GIL, so these calls do run at the same time.
    function = RowFunction(he(6, 2100, 33, 4, output="softmax", dtype=dtype))
    rows = rng.normal(size=(20, 6)).astype(dtype)
    expected = [outputs(function, x) for x in rows]
    barrier = threading.Barrier(8)

    def call(index):
        barrier.wait()
        return all(same_bits(outputs(function, rows[which]), expected[which])
                   for which in np.roll(range(20), index))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(8)))


# ---- scalar ----

@every_size
def test_scalar_is_the_first_output(kernels, monkeypatch, rng, sizes):
    monkeypatch.setattr(cfunction, "kernels", kernels)
    net = network_of(kernels, he(*sizes, dtype=float).layers, np.dtype(float))
    function = RowFunction(net)
    x = rng.normal(size=sizes[0])
    assert function.scalar(sizes[0], address(x), function.network) == net(x)[0]


@pytest.mark.parametrize("n", [-2**31, -1, 0, 1, 2, 4, 2**31 - 1])
def test_scalar_of_another_number_of_inputs_is_nan(n):
    function = RowFunction(he(3, 8, 2, dtype=float))
    assert np.isnan(function.scalar(n, address(np.ones(3)), function.network))


def test_a_float32_network_has_no_scalar():
    function = RowFunction(he(3, 8, 2))
    assert not hasattr(function, "scalar")
    with raises(AttributeError, "scalar needs a network of dtype float64, as it is called with "
                                "doubles, got float32: Network(layers, dtype=float)"):
        function.scalar     # noqa: B018


# ---- the Jacobian ----

def slopes_of(function, x, y):
    slopes = np.full((function.n_out, function.n_in), -7, function.dtype)
    assert function.jacobian(address(x), None if y is None else address(y), address(slopes),
                             function.network) == 0
    return slopes


@pytest.mark.parametrize("sizes", [(1, 1), (3, 2), (64, 8), (4, 32, 32, 2), (65, 33, 17, 5),
                                   (7, 2000, 3), (200, 100, 10)], ids=str)
def test_jacobian_has_the_bits_of_the_methods(kernels, monkeypatch, dtype, rng, sizes):
    monkeypatch.setattr(cfunction, "kernels", kernels)
    net = network_of(kernels, he(*sizes, dtype=dtype).layers, dtype)
    function = RowFunction(net)
    for x in rng.normal(size=(3, sizes[0])).astype(dtype):
        y = np.full(sizes[-1], -7, dtype)
        assert same_bits(slopes_of(function, x, y), kernels.jacobian_forward(net, x))
        assert same_bits(y, net(x))
        assert same_bits(slopes_of(function, x, None), kernels.jacobian_forward(net, x))


@every_activation
def test_jacobian_knows_every_activation(dtype, rng, activation):
    net = he(6, 19, 9, activation=activation, output=activation, dtype=dtype)
    x = rng.normal(size=6).astype(dtype)
    y = np.empty(9, dtype)
    assert same_bits(slopes_of(net.as_ctypes(), x, y), net.jacobian(x))
    assert same_bits(y, net(x))


def test_jacobian_through_every_kind_of_layer(dtype, rng):
    for _ in range(5):
        net = block_network(rng, dtype)
        x, y = rng.normal(size=3).astype(dtype), np.empty(2, dtype)
        assert same_bits(slopes_of(net.as_ctypes(), x, y), core.jacobian_forward(net, x))
        assert same_bits(y, net(x))


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("sizes", [(1, 1), (3, 9), (17, 9, 3), (30, 16), (8, 33)], ids=str)
def test_jacobian_touches_nothing_past_an_end(kernels, monkeypatch, dtype, rng, sizes, side):
    monkeypatch.setattr(cfunction, "kernels", kernels)
    net = network_of(kernels, he(*sizes, dtype=dtype).layers, dtype)
    function = RowFunction(net)
    x = rng.normal(size=sizes[0]).astype(dtype)
    given, y = guarded(x, side), guarded(np.zeros(sizes[-1], dtype), side)
    slopes = guarded(np.zeros((sizes[-1], sizes[0]), dtype), side)
    assert function.jacobian(address(given), address(y), address(slopes), function.network) == 0
    assert same_bits(y, net(x))
    assert same_bits(np.array(slopes), kernels.jacobian_forward(net, x))


def test_outputs_of_jacobian_may_overlap_inputs(rng):
    net = block_network(rng, float)
    x = rng.normal(size=3)
    expected, slopes = net(x), core.jacobian_forward(net, x)
    assert same_bits(slopes_of(net.as_ctypes(), x, x), slopes)
    assert same_bits(x[:2], expected)


def test_implicit_solvers_take_it(rng):
    integrate = pytest.importorskip("scipy.integrate")
    net = he(3, 16, 3, dtype=float)
    start = rng.normal(size=3)
    one = integrate.solve_ivp(lambda t, x: net(x), (0, 1), start, method="Radau",
                              jac=lambda t, x: net.jacobian(x), rtol=1e-9, atol=1e-9)
    other = integrate.solve_ivp(lambda t, x: net(x), (0, 1), start, rtol=1e-9, atol=1e-9)
    assert np.allclose(one.y[:, -1], other.y[:, -1], rtol=1e-6)
    # odeint calls its Dfun as (x, t)
    third = integrate.odeint(lambda x, t: net(x), start, [0, 1], rtol=1e-9, atol=1e-9,
                             Dfun=lambda x, t: net.jacobian(x))
    assert np.allclose(third[-1], other.y[:, -1], rtol=1e-6)


# ---- memory ----

@needs_linux
def test_without_memory_row_says_so():
    # 48 MB for two rows between layers: more than the allocator has at hand or is allowed to get
    code = """
import ctypes, resource
import numpy as np
from mathwork.nn import Dense, Network
net = Network([Dense(np.ones((3_000_000, 1)))], dtype=float)
function = net.as_ctypes()
x, y = np.ones(1), np.zeros(3_000_000)
at_x, at_y = (a.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for a in (x, y))
def show():
    print(function.row(at_x, at_y, function.network), function.scalar(1, at_x, function.network))
with open("/proc/self/statm") as statm:
    used = int(statm.read().split()[0]) * resource.getpagesize()
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
resource.setrlimit(resource.RLIMIT_AS, (used + 2**24, hard))
show()
try:
    net(x, out=y)
except MemoryError:
    print(y.any(), "MemoryError")
resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
show()
print(y.all())
"""
    assert run_python(code, OPENBLAS_NUM_THREADS="1") == (
        0, "-1 nan\nFalse MemoryError\n0 1.0\nTrue\n", "")


@needs_linux
def test_wide_rows_give_their_memory_back():
    def resident():
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * 4096
    function = RowFunction(he(1, 5000, 1, dtype=float))
    x, y = address(np.ones(1)), address(np.ones(1))

    def call(times):
        for _ in range(times):
            function.row(x, y, function.network)
            function.scalar(1, x, function.network)
    call(10)
    before = resident()
    call(1000)
    assert resident() - before < 5_000_000      # of 160 MB asked for


# ---- lifetime ----

class Mortal(Network):
    """A network that can be asked whether it is still alive: Network itself has no weak
    references."""


def test_function_and_pointer_keep_the_network_alive(dtype, rng):
    x = rng.normal(size=3).astype(dtype)
    for keep in (lambda function: function, lambda function: function.network):
        net = Mortal.he((3, 8, 2), dtype=dtype, rng=1)
        alive, expected = weakref.ref(net), net(x)
        function = RowFunction(net)
        row, kept = function.row, keep(function)
        pointer = function.network
        del net, function
        gc.collect()
        y = np.zeros(2, dtype)
        assert row(address(x), address(y), pointer) == 0
        assert same_bits(y, expected) and alive() is not None
        del kept, pointer
        gc.collect()
        assert alive() is None


def test_calls_count_no_references():
    net = he(3, 8, 2, dtype=float)
    function = RowFunction(net)
    x = np.ones(3)
    before = sys.getrefcount(net)
    for _ in range(1000):
        outputs(function, x)
        function.scalar(3, address(x), function.network)
    assert sys.getrefcount(net) == before


# ---- what it says and holds ----

def test_attributes(dtype):
    function = he(3, 8, 2, dtype=dtype).as_ctypes()
    real = ctypes.POINTER(ctypes.c_float if dtype == np.float32 else ctypes.c_double)
    assert type(function) is RowFunction
    assert (function.n_in, function.n_out, function.dtype) == (3, 2, dtype)
    assert function.row.argtypes == (real, real, ctypes.c_void_p)
    assert function.row.restype is ctypes.c_int
    assert isinstance(function.network, ctypes.c_void_p)
    assert type(function.address) is int
    assert function.address == ctypes.cast(function.row, ctypes.c_void_p).value
    if dtype == np.float64:
        assert function.scalar.argtypes == (ctypes.c_int, real, ctypes.c_void_p)
        assert function.scalar.restype is ctypes.c_double


def test_networks_share_functions_and_have_their_own_pointers():
    one, other = RowFunction(he(3, 8, 2)), RowFunction(he(4, 4))
    assert one.address == other.address != RowFunction(he(3, 8, 2, dtype=float)).address
    assert one.network.value != other.network.value
    net = he(3, 8, 2)
    assert RowFunction(net).network.value == RowFunction(net).network.value


def test_a_pointer_to_the_other_dtype_is_refused_by_ctypes():
    function = RowFunction(he(3, 8, 2))
    with pytest.raises(ctypes.ArgumentError):
        function.row(address(np.ones(3)), address(np.ones(2)), function.network)


def test_repr():
    assert repr(RowFunction(he(3, 8, 2))) == (
        "RowFunction(Network(3-8-2, tanh-identity, float32))")


@pytest.mark.parametrize("wrong", [None, 5, "net", Network, Dense([[1.0]]), [Dense([[1.0]])]],
                         ids=lambda wrong: type(wrong).__name__)
def test_what_is_not_a_network(wrong):
    with raises(TypeError, f"network must be a Network, got {type(wrong).__name__}"):
        RowFunction(wrong)


@pytest.mark.parametrize("name", ["row", "scalar", "network", "address", "n_in", "anything"])
def test_it_cannot_be_changed(name):
    function = RowFunction(he(3, 8, 2, dtype=float))
    with raises(AttributeError, f"a RowFunction is immutable, {name} cannot be set"):
        setattr(function, name, 1)
    with raises(AttributeError, f"a RowFunction is immutable, {name} cannot be deleted"):
        delattr(function, name)


def test_it_is_never_pickled():
    function = RowFunction(he(3, 8, 2))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with raises(TypeError, "a RowFunction holds addresses of this process and cannot be "
                               "pickled: pickle its network"):
            pickle.dumps(function, protocol)
    assert copy.copy(function) is function and copy.deepcopy(function) is function


# ---- from numba ----

def numba_loop(function):
    """A compiled function that takes the rows of x through the network into the rows of y."""
    numba = pytest.importorskip("numba", reason="calls from numba need numba")
    row = function.row

    @numba.njit(nogil=True)
    def loop(x, y, network):
        failed = 0
        for i in range(len(x)):
            failed += row(x[i].ctypes, y[i].ctypes, network)
        return failed
    return loop


def test_numba_calls_have_the_bits_of_the_call(dtype, rng):
    for sizes in ((3, 16, 16, 3), (7, 2100, 3), (9, 5)):
        net = he(*sizes, dtype=dtype)
        function = RowFunction(net)
        loop = numba_loop(function)
        x = rng.normal(size=(50, sizes[0])).astype(dtype)
        y = np.zeros((50, sizes[-1]), dtype)
        assert loop(x, y, function.network.value) == 0
        assert same_bits(y, net(x))


def test_numba_calls_the_jacobian(dtype, rng):
    numba = pytest.importorskip("numba", reason="calls from numba need numba")
    net = he(5, 17, 3, dtype=dtype)
    function = net.as_ctypes()
    jacobian = function.jacobian

    @numba.njit
    def both(x, y, slopes, network):
        return jacobian(x.ctypes, y.ctypes, slopes.ctypes, network)

    x, y, slopes = rng.normal(size=5).astype(dtype), np.empty(3, dtype), np.empty((3, 5), dtype)
    assert both(x, y, slopes, function.network.value) == 0
    assert same_bits(y, net(x)) and same_bits(slopes, core.jacobian_forward(net, x))


def test_numba_threads_share_a_network(dtype, rng):
    net = he(6, 65, 33, 4, output="softmax", dtype=dtype)
    function = RowFunction(net)
    loop = numba_loop(function)
    x = rng.normal(size=(8, 500, 6)).astype(dtype)
    y = np.zeros((8, 500, 4), dtype)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        failed = pool.map(loop, x, y, [function.network.value] * 8)
        assert list(failed) == [0] * 8
    assert same_bits(y.reshape(-1, 4), net(x.reshape(-1, 6)))


def test_numba_refuses_the_other_dtype():
    function = RowFunction(he(3, 8, 2, dtype=float))
    loop = numba_loop(function)
    from numba import TypingError
    with pytest.raises(TypingError):
        loop(np.ones((1, 3), np.float32), np.ones((1, 2), np.float32), function.network.value)


def test_numba_calls_scalar(rng):
    numba = pytest.importorskip("numba", reason="calls from numba need numba")
    net = he(3, 8, 2, dtype=float)
    function = RowFunction(net)
    scalar = function.scalar

    @numba.njit
    def call(x, network):
        return scalar(len(x), x.ctypes, network)
    x = rng.normal(size=3)
    assert call(x, function.network.value) == net(x)[0]
    assert np.isnan(call(x[:2].copy(), function.network.value))


# ---- from SciPy ----

def integrand(net):
    """(the network as SciPy's integrators call compiled code, as they call Python)"""
    scipy = pytest.importorskip("scipy", reason="LowLevelCallable is SciPy's")
    function = net.as_ctypes()
    compiled = scipy.LowLevelCallable(function.scalar, user_data=function.network)
    assert compiled.signature == "double (int, double *, void *)"
    return compiled, lambda *x: net(np.array(x))[0]


def test_quad_calls_the_network():
    compiled, plain = integrand(he(1, 8, 2, dtype=float))
    from scipy.integrate import quad
    assert quad(compiled, -1, 2) == quad(plain, -1, 2)
    compiled, plain = integrand(he(3, 8, 2, dtype=float))
    assert quad(compiled, -1, 2, args=(0.3, 5)) == quad(plain, -1, 2, args=(0.3, 5))


def test_nquad_calls_the_network():
    compiled, plain = integrand(he(3, 4, 1, dtype=float))
    from scipy.integrate import nquad
    ranges, options = [(-1, 1), (0, 1), (0, 0.5)], {"limit": 3}
    assert nquad(compiled, ranges, opts=options) == nquad(plain, ranges, opts=options)


def test_quad_of_a_network_by_hand():
    # The integral of max(x + y, 0) over x from -1 to 1 is (1 + y)^2 / 2.
    compiled, _ = integrand(Network([Dense([[1, 1]], None, "relu")], dtype=float))
    from scipy.integrate import quad
    assert quad(compiled, -1, 1, args=(0.5,), points=[-0.5])[0] == pytest.approx(1.125, rel=1e-12)


def test_a_low_level_callable_keeps_the_network_alive():
    net = Mortal.he((1, 8, 1), dtype=float, rng=1)
    alive = weakref.ref(net)
    compiled = integrand(net)[0]
    del net
    gc.collect()
    assert alive() is not None
    del compiled
    gc.collect()
    assert alive() is None


# ---- from C ----

C_SOURCE = """
typedef int row_function(const REAL *x, REAL *y, void *network);

int iterate(row_function *row, void *network, REAL *state, int times)
{
    int failed = 0;
    while (times--)
        failed |= row(state, state, network);
    return failed;
}
"""


def test_c_calls_have_the_bits_of_the_call(tmp_path, dtype, rng):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler called cc")
    (tmp_path / "iterate.c").write_text(C_SOURCE)
    library = tmp_path / "iterate.so"
    real = "float" if dtype == np.float32 else "double"
    subprocess.run([compiler, "-shared", "-fPIC", f"-DREAL={real}", "-o", library,
                    tmp_path / "iterate.c"], check=True)
    iterate = ctypes.CDLL(str(library)).iterate
    net = he(5, 33, 5, dtype=dtype)
    function = RowFunction(net)
    state = rng.normal(size=5).astype(dtype)
    expected = state
    for _ in range(20):
        expected = net(expected)
    assert iterate(ctypes.c_void_p(function.address), function.network, address(state), 20) == 0
    assert same_bits(state, expected)
