"""A network as C functions, for compiled loops that call it a row at a time."""
from __future__ import annotations

from typing import TYPE_CHECKING

from mathwork._levels import core as kernels

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable
    from typing import Any, NoReturn, Self

    from mathwork._types import FloatDType


class RowFunction:
    """A network as C functions: one row a call, from compiled code, with no Python involved.

    Parameters
    ----------
    network : Network
        The network is kept alive.

    Attributes
    ----------
    row : ctypes function pointer
        ``int row(const real *x, real *y, void *network)``: `y` becomes the network's result for the
        row `x`, with the bits of a call. `real` is ``float`` or ``double``, by `dtype`. `x` holds
        `n_in` numbers and `y` holds `n_out`; they may share memory. It returns 0, or -1 if memory
        ran out.
    jacobian : ctypes function pointer
        ``int jacobian(const real *x, real *y, real *slopes, void *network)``: `y` becomes the same
        as from `row`, and `slopes`, of n_out times n_in numbers, :meth:`Network.jacobian`, row by
        row: ``slopes[i * n_in + j]`` is dy_i/dx_j. `y` may be NULL. It returns 0, or -1 if memory
        ran out. It goes forward for networks of any size.
    scalar : ctypes function pointer
        ``double scalar(int n, double *x, void *network)``: the first output, or NaN if `n` is not
        `n_in` or memory ran out. SciPy's integrators take such a function. It exists for a float64
        network only; `AttributeError` for float32.
    network : ctypes.c_void_p
        The last argument of all.
    address, jacobian_address : int
        The addresses of `row` and `jacobian`, for callers without ctypes or SciPy's
        LowLevelCallable.
    n_in, n_out : int
    dtype : numpy.dtype
        float32 or float64.

    Raises
    ------
    TypeError
        If `network` is not a Network, or if this object is pickled: addresses mean nothing in
        another process.

    Notes
    -----
    **Calls.** All functions only read the network: any number of threads may call them at once,
    with or without the GIL. They take no lock and raise nothing. They use up to 24 kB of stack,
    and heap memory if the outputs of a layer fill more than 8 kB; `jacobian` has a vector as wide
    as a layer for each input there. Nothing checks the pointers: `x`
    and `y` must be contiguous, aligned, and of the lengths above.

    **Lifetime.** `network` may be passed on as long as the Network lives. This object keeps it
    alive. So does `network` itself, and hence a LowLevelCallable with it. An integer keeps nothing
    alive: to call with ``network.value``, hold on to one of the objects meanwhile.

    **From numba.** Take `row` from outside, and the network as an integer argument; arrays lend
    their memory by ``.ctypes``::

        row = function.row

        @numba.njit
        def decay(state, rate, network, steps):
            for _ in range(steps):
                row(state.ctypes, rate.ctypes, network)
                state += 0.01 * rate

        decay(state, rate, function.network.value, 1000)

    **For implicit solvers**, which want the Jacobian of a right-hand side: `jacobian` gives it with
    the rates in one call. To Python, :meth:`Network.jacobian` is the same:
    ``solve_ivp(lambda t, x: net(x), span, start, jac=lambda t, x: net.jacobian(x),
    method="Radau")``.

    **From SciPy**, integrating over the network's inputs::

        integrand = scipy.LowLevelCallable(function.scalar, user_data=function.network)
        scipy.integrate.nquad(integrand, [(0, 1)] * function.n_in)

    **From C**, pass `address` and ``network.value`` as integers the size of a pointer, and cast
    them to ``int (*)(const double *, double *, void *)`` and ``void *``.

    Examples
    --------
    >>> import ctypes
    >>> import numpy as np
    >>> from mathwork.nn import Dense, Network, RowFunction
    >>> net = Network([Dense([[1, 1], [1, -1]], [0, 0], "relu"), Dense([[1, 1]])], dtype=float)
    >>> function = RowFunction(net)
    >>> function
    RowFunction(Network(2-2-1, relu-identity, float64))
    >>> x, y = np.array([3.0, 5.0]), np.empty(1)
    >>> pointer = ctypes.POINTER(ctypes.c_double)
    >>> function.row(x.ctypes.data_as(pointer), y.ctypes.data_as(pointer), function.network)
    0
    >>> y                                       # relu(3 + 5) + relu(3 - 5)
    array([8.])
    >>> function.scalar(2, x.ctypes.data_as(pointer), function.network)
    8.0
    >>> slopes = np.empty((1, 2))
    >>> function.jacobian(x.ctypes.data_as(pointer), y.ctypes.data_as(pointer),
    ...                   slopes.ctypes.data_as(pointer), function.network)
    0
    >>> slopes
    array([[1., 1.]])
    """

    __slots__ = ("_owner", "_scalar", "address", "dtype", "jacobian", "jacobian_address", "n_in",
                 "n_out", "network", "row")

    _owner: kernels.ForwardPass
    _scalar: Callable[..., float] | None
    address: int
    dtype: FloatDType
    jacobian: Callable[..., int]
    jacobian_address: int
    n_in: int
    n_out: int
    network: ctypes.c_void_p
    row: Callable[..., int]

    def __new__(cls, network: kernels.ForwardPass) -> Self:
        import ctypes

        if not isinstance(network, kernels.ForwardPass):
            raise TypeError(f"network must be a Network, got {type(network).__name__}")
        address, scalar, plan = network._addresses()
        jacobian = kernels.jacobian_address(network)
        real = ctypes.c_float if scalar is None else ctypes.c_double
        numbers = ctypes.POINTER(real)
        pointer: Any = ctypes.c_void_p(plan)
        pointer.owner = network         # a LowLevelCallable keeps the pointer alone
        self = super().__new__(cls)
        for name, value in {
            "_owner": network,
            "_scalar": scalar and ctypes.CFUNCTYPE(
                ctypes.c_double, ctypes.c_int, numbers, ctypes.c_void_p)(scalar),
            "address": address,
            "dtype": network.dtype,
            "jacobian": ctypes.CFUNCTYPE(
                ctypes.c_int, numbers, numbers, numbers, ctypes.c_void_p)(jacobian),
            "jacobian_address": jacobian,
            "n_in": network.sizes[0],
            "n_out": network.sizes[-1],
            "network": pointer,
            "row": ctypes.CFUNCTYPE(ctypes.c_int, numbers, numbers, ctypes.c_void_p)(address),
        }.items():
            object.__setattr__(self, name, value)
        return self

    @property
    def scalar(self) -> Callable[..., float]:
        if self._scalar is None:
            raise AttributeError("scalar needs a network of dtype float64, as it is called with "
                                 f"doubles, got {self.dtype}: Network(layers, dtype=float)")
        return self._scalar

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a RowFunction is immutable, {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a RowFunction is immutable, {name} cannot be deleted")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a RowFunction holds addresses of this process and cannot be pickled: "
                        "pickle its network")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._owner!r})"
