"""Networks over blocks of rows, and their training on many workers."""
from __future__ import annotations

import copy
import itertools
import sys
from typing import TYPE_CHECKING

import numpy as np

import mathwork.dask.library as library
import mathwork.nn as nn
from mathwork._arguments import shown, whole
from mathwork._arrays import unmasked
from mathwork.init.streams import seed_words
from mathwork.nn.training.many import each_of, own_rows, rngs_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from mathwork.dask.library import Array, Delayed

LONGEST_SEED = 10_000       # bits: Dask prints numbers, and Python prints no longer ones
# Options that may be one number a network, and from where on.
OF_EACH = {"learning_rate": {"above": 0.0}, "weight_decay": {"least": 0.0}}


def forward(network: nn.Network | nn.Networks, x: Array) -> Array:
    """The forward pass of a network, or of many networks, over blocks of rows.

    Parameters
    ----------
    network : Network or Networks
        It is sent to each worker once.
    x : dask.array.Array, shape (..., n_in), or dask.dataframe.DataFrame
        Rows in chunks. Chunks of columns are brought together.

    Returns
    -------
    dask.array.Array, shape (..., n_out), or (K, ..., n_out) for K networks
        In the dtype of the network and with its bits, in the chunks of the rows.

    Raises
    ------
    TypeError
        For what is no network or no Dask collection, and if x does not hold real numbers.
    ValueError
        If x does not have n_in columns.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import forward
    >>> from mathwork.nn import Dense, Network
    >>> net = Network([Dense([[1, 1], [1, -1]], [0, 0], "relu"), Dense([[1, 1]])])
    >>> forward(net, da.from_array([[3, 5], [5, 3], [0, 1]], chunks=(2, 2))).compute()
    array([[ 8.],
           [10.],
           [ 1.]], dtype=float32)
    """
    if not isinstance(network, nn.Network | nn.Networks):
        raise TypeError(f"network must be a Network or Networks, got {type(network).__name__}")
    if hasattr(x, "to_dask_array"):
        x = x.to_dask_array()
    if not isinstance(x, library.array.Array):
        raise TypeError(f"x must be a Dask array or dataframe, got {type(x).__name__}: the network "
                        "itself takes what is in memory")
    if x.ndim < 2:
        raise ValueError(f"x must have rows, shape (..., {network.sizes[0]}), got {x.shape}")
    sample = network(np.zeros((*(0,) * (x.ndim - 1), x.shape[-1]), x.dtype))
    *rows, columns, outputs, many = range(x.ndim + 2)       # names of axes for blockwise
    new = {outputs: network.sizes[-1]}
    if isinstance(network, nn.Networks):
        new |= {many: len(network)}
    return library.array.blockwise(
        _passed, (*[many][:len(new) - 1], *rows, outputs),
        library.delayed.delayed(network, pure=True), None, x.rechunk({columns: -1}),
        (*rows, columns), new_axes=new, concatenate=True, dtype=sample.dtype,
        token="forward", meta=np.empty((0,) * sample.ndim, sample.dtype))


def train_many(networks: nn.Networks | Iterable[nn.Network], inputs: Any, answers: Any, *,
               pieces: int | None = None, rng: Any = None, weights: Any = None, **options: Any
               ) -> Delayed:
    """Train many networks of one shape on many workers, each network by itself.

    Parameters
    ----------
    networks : Networks, or iterable of Network
        K of them.
    inputs, answers
        As for :func:`mathwork.nn.train_many`: arrays, Dask arrays, or futures of common rows that
        are on the cluster already. Rows for each network are sent with it, common rows to each
        worker.
    pieces : int, optional
        Into how many tasks the networks are divided: at most K, and by default at most 32. It does
        not change a bit.
    rng : int, numpy.random.Generator, SeedSequence, None, or a sequence of K of them
        As for :func:`mathwork.nn.train_many`. A Generator is drawn from at once.
    weights
        As `inputs`.
    **options
        All others of :func:`mathwork.nn.train_many`, except `progress`.

    Returns
    -------
    Delayed of Trainings
        With the bits of :func:`mathwork.nn.train_many`, also if a worker is lost.

    Raises
    ------
    TypeError, ValueError
        As :func:`mathwork.nn.train_many`; for what belongs to the rows, when it is computed.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.dask import train_many
    >>> from mathwork.nn import Network
    >>> x = np.linspace(-2, 2, 100).reshape(-1, 1)
    >>> nets = [Network.he((1, 8, 1), output="identity", rng=seed) for seed in range(5)]
    >>> train_many(nets, x, np.sin(x), pieces=2, epochs=5, rng=range(5)).compute()
    Trainings(Networks(5 of 1-8-1, relu-identity, float32), 5 trained)
    """
    if "progress" in options:
        raise TypeError("progress is not for training on workers: the dashboard of Dask and "
                        "distributed.progress show how far it is")
    nets = networks if isinstance(networks, nn.Networks) else nn.Networks(networks)
    count = len(nets)
    pieces = min(count, 32) if pieces is None else whole(pieces, "pieces")
    if not 1 <= pieces <= count:
        raise ValueError(f"pieces must be from 1 to the {count} networks, got {shown(pieces)}")
    numbers = {name: each_of(name, options.pop(name), count, **bounds)
               for name, bounds in OF_EACH.items() if options.get(name) is not None}
    seeds = [_sent(each) for each in rngs_of(rng, count)]
    rows = {name: value if _is_of_dask(value) else unmasked(value, name)
            for name, value in (("inputs", inputs), ("answers", answers))}
    rows["weights"] = (weights if weights is None or _is_of_dask(weights)
                       else unmasked(weights, "weights"))
    here = {name: None if _is_apart(each) else each for name, each in rows.items()}
    own = own_rows(**here, count=count)
    common = {name: _once(value) for name, value in rows.items()
              if getattr(own, name) is None and value is not None}
    task, options = library.delayed.delayed(_trained, pure=True), _lazily(options)
    ends = [count * piece // pieces for piece in range(pieces + 1)]
    trained = []
    for piece in itertools.starmap(slice, itertools.pairwise(ends)):
        of_piece = {name: each[piece] for name, each in own._asdict().items() if each is not None}
        of_piece |= {name: each[piece] for name, each in numbers.items()}
        trained.append(task(nets[piece], seeds[piece], options, **common, **of_piece))
    return library.delayed.delayed(_joined, pure=True)(trained)


def _is_of_dask(value: Any) -> bool:
    """Return whether a value is a Dask collection or a future of a cluster"""
    distributed = sys.modules.get("distributed")        # which made the future
    return library.base.is_dask_collection(value) or (
        distributed is not None and isinstance(value, distributed.Future))


def _is_apart(value: Any) -> bool:
    """Return whether a value is on the cluster, so that its shape is not known here"""
    return _is_of_dask(value) and not isinstance(value, library.array.Array)


def _once(value: Any) -> Any:
    """Return a value as one that is sent once, not with every task"""
    if library.base.is_dask_collection(value):
        return value
    named = _is_of_dask(value) or not value.dtype.hasobject     # by its content or its key
    return library.delayed.delayed(value, pure=named, traverse=False)


def _lazily(options: dict[str, Any]) -> Delayed:
    """Return options, which may hold Dask collections, as a Delayed"""
    try:
        return library.delayed.delayed(options)
    except RecursionError:
        raise ValueError(f"{', '.join(options)} must not hold themselves") from None


def _sent(rng: Any) -> Any:
    """Return what gives the same seed on another machine as `rng` does here"""
    if isinstance(rng, np.random.Generator):
        made = copy.deepcopy(rng)
        seed_words(rng)         # the next network has the next words
        return made
    rng = np.random.SeedSequence() if rng is None else rng
    if type(rng) is int and rng.bit_length() > LONGEST_SEED:
        raise ValueError(f"rng must have at most {LONGEST_SEED} bits, got {shown(rng)}")
    seed_words(rng)             # which refuses what is no seed
    return rng


# ---- in the workers ----

def _passed(network: nn.Network | nn.Networks, x: Any) -> Any:
    return network(x)


def _trained(networks: nn.Networks, seeds: list[Any], options: dict[str, Any], **own: Any
             ) -> nn.Trainings:
    seeds = copy.deepcopy(seeds)        # generators change; who trains again needs them as they are
    return nn.train_many(networks, **own, rng=seeds, **options)


def _joined(pieces: list[nn.Trainings]) -> nn.Trainings:
    """Return the trainings of all networks, in order"""
    networks = pieces[0].networks.with_parameters(
        np.concatenate([each.networks.parameters() for each in pieces]))
    history = {name: np.concatenate([each.history[name] for each in pieces])
               for name in pieces[0].history}
    return nn.Trainings(networks, history, np.concatenate([each.status for each in pieces]))
