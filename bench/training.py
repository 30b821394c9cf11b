"""Training: steps of Adam, a full batch, digits to 97 %, and many networks at once. float32."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bench import peers, training_numba, training_peers
from bench.harness import Effort, Rival, Side, Work, measure
from bench.training_peers import COMPARED, Case, Run, problem

# Steps of Adam at batch 32, in one call of 64 steps for each of four epochs: the least ratios.
STEPS = (
    Case((4, 32, 32, 2)),
    Case((64, 64, 64, 8)),
    Case((784, 128, 10)),
)
STEP_TARGETS = {
    peers.TORCH: (20, 10, 2),
    peers.TORCH_COMPILED: (1.0, 1.0, 1.0),
    peers.JAX: (1.0, 1.0, 1.0),
    peers.NUMBA: (1.0, 1.0, 1.0),
    peers.NUMPY: (1.0, 1.0, 1.0),
    peers.SKLEARN: (1.0, 1.0, 1.0),
}

# The case of SimpleChains.jl's documentation, "Small MLP": all rows are one batch.
FULL_BATCH = Case((4, 32, 16, 4), activation="tanh", rows=10_000, batch=10_000, epochs=5)
FULL_BATCH_LIMIT = 1.2  # ms an epoch, on one core of Zen 3 or Zen 4
FULL_BATCH_PEERS = (peers.TORCH, peers.JAX, peers.NUMPY)

# Epochs after which every side reads 97 % of a fifth of the digits that is held out.
DIGITS = Case((64, 64, 10), loss="cross_entropy", rows=1437, epochs=18, rate=0.002)
DIGITS_LIMIT = 0.02  # s
DIGITS_PEERS = (peers.TORCH, peers.NUMBA, peers.NUMPY, peers.SKLEARN)

# Of 1000 networks on rows of their own, an epoch. A loop in torch takes minutes for all of them: it
# trains the first two.
MANY = Case((4, 32, 32, 2), rows=1024, epochs=1)
NETWORKS = 1000
MANY_TARGETS = {peers.TORCH: 20, peers.JAX: 2}

BUILDERS = {
    peers.TORCH: training_peers.torch_eager,
    peers.TORCH_COMPILED: training_peers.torch_compiled,
    peers.JAX: training_peers.jax_scan,
    peers.NUMBA: training_numba.by_hand,
    peers.NUMPY: training_peers.numpy_steps,
    peers.SKLEARN: training_peers.sklearn_fit,
}

MANY_BUILDERS = {peers.TORCH: training_peers.torch_each, peers.JAX: training_peers.jax_vmap}

# Outputs after some hundred steps. Adam divides by the size of a gradient, so the rounding of a
# small one counts as much as that of a large one.
TOLERANCE = {"rtol": 0.0, "atol": 0.02}


def works() -> Iterator[Work]:
    """Yield steps, the full batch, the digits, and the thousand networks."""
    for index, case in enumerate(STEPS):
        rivals = tuple(Rival(peer, partial(_side, BUILDERS[peer], case), targets[index])
                       for peer, targets in STEP_TARGETS.items())
        yield Work(f"training step {case.label}, batch 32, Adam", partial(_side, ours, case),
                   rivals, **TOLERANCE, quick=case is STEPS[0])
    rivals = tuple(Rival(peer, partial(_side, BUILDERS[peer], FULL_BATCH))
                   for peer in FULL_BATCH_PEERS)
    yield Work(f"training epoch {FULL_BATCH.label} tanh, full batch of 10,000",
               partial(_side, ours, FULL_BATCH), rivals, **TOLERANCE, quick=False)
    rivals = tuple(Rival(peer, partial(_digits_side, BUILDERS[peer]), 1.0)
                   for peer in DIGITS_PEERS)
    yield Work(f"training digits {DIGITS.label} to 97 %", partial(_digits_side, ours), rivals,
               rtol=0, atol=0, needs=(peers.SKLEARN,), quick=False)
    estimator = Rival(peers.SKLEARN, partial(training_peers.estimator, "sklearn.neural_network"))
    yield Work("training MLPClassifier((64,)).fit of the digits, 20 epochs",
               partial(training_peers.estimator, "mathwork.sklearn"), (estimator,), rtol=0, atol=0,
               needs=(peers.SKLEARN,))
    rivals = tuple(Rival(peer, partial(MANY_BUILDERS[peer], MANY, NETWORKS), target)
                   for peer, target in MANY_TARGETS.items())
    yield Work(f"training one of {NETWORKS} networks {MANY.label}, an epoch of {MANY.rows} rows",
               _many_ours, rivals, **TOLERANCE, quick=False)


def _side(builder: Callable[[Case], Run], case: Case) -> Side:
    return builder(case).steps(case)


def _digits_side(builder: Callable[[Case], Run]) -> Side:
    return builder(DIGITS).digits(DIGITS)


def ours(case: Case) -> Run:
    """Return a call of `train`."""
    from mathwork.nn import train

    net, x, y = problem(case)
    names = {"train": train, "net": net, "x": x, "y": y, "loss": case.loss, "rows": case.batch,
             "epochs": case.epochs, "rate": case.rate}
    return Run(
        "train(net, x, y, loss=loss, batch_size=rows, epochs=epochs, learning_rate=rate, "
        "shuffle=False)",
        names,
        lambda training: training.network.parameters(),
    )


def _many_ours() -> Side:
    from mathwork.nn import Networks, train_many

    nets, x, y = training_peers.many_problem(MANY, NETWORKS)
    names = {"train_many": train_many, "nets": Networks(nets), "x": x, "y": y, "rate": MANY.rate}

    def result(trainings):
        return np.array([trainings.networks[k](x[0, :COMPARED]) for k in (0, 1)])

    return Side("train_many(nets, x, y, epochs=1, learning_rate=rate, shuffle=False)", names,
                result, passes=NETWORKS)


# ---- numbers with a limit ----

def epoch_time(effort: Effort) -> float:
    """Measure an epoch of FULL_BATCH, in milliseconds."""
    side = _side(ours, FULL_BATCH)
    return 1e3 * measure(side, side, effort).ours


def digits_time(effort: Effort) -> float:
    """Measure the training until 97 % of the held-out digits are read, in seconds."""
    side = _digits_side(ours)
    side.answer()
    return measure(side, side, effort).ours
