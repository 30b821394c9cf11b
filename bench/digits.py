"""Networks of 64-32-10 that scikit-learn and torch trained, and that mathwork reads, in float32.

Both libraries are peers, each for its own network. The other peers get the network that mathwork
read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from bench import forward, forward_peers, peers
from bench.harness import Rival, Side, Work

SECTION = "Trained on the digits by scikit-learn and by torch, 64-32-10"
OTHERS = (peers.ONNX_RUNTIME, peers.NUMPY)  # beside the source
ROWS = {"one row": 1, "1797 rows": 1797}  # one digit at a time, or every one there is

HIDDEN = 32
SEED = 0
RATE = 0.01  # of Adam, in both
STEPS = 100  # torch's, each over all digits; scikit-learn stops by itself

# The sums before the softmax reach some tens, where float32 rounds by some 1e-6.
TOLERANCE = {"rtol": 2e-5, "atol": 1e-6}


@dataclass(frozen=True)
class Source:
    """A library that trains the network.

    Parameters
    ----------
    train : callable
        Gives the trained model.
    reader : str
        The method of `Network` that reads it.
    side : callable
        Makes the library's own side from the model and its input.
    needs : tuple of str
        The peers without which none of this is possible; scikit-learn brings the digits.
    """

    train: Callable[[], Any]
    reader: str
    side: Callable[[Any, np.ndarray], Side]
    needs: tuple[str, ...]


def works() -> Iterator[Work]:
    """Yield both networks, one row first."""
    for name, source in SOURCES.items():
        for batch, rows in ROWS.items():
            rivals = [Rival(name, partial(_source, name, rows))]
            rivals += [Rival(peer, partial(_theirs, peer, name, rows)) for peer in OTHERS]
            yield Work(
                f"digits from {name}, {batch}",
                partial(_ours, name, rows),
                tuple(rivals),
                **TOLERANCE,
                needs=source.needs,
                section=SECTION,
            )


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the images, (1797, 64) in float32, and which digit each shows."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images.astype(np.float32, order="C"), labels


@cache
def model(name: str) -> Any:
    """Return what the library trained; once in a run."""
    return SOURCES[name].train()


@cache
def network(name: str):
    """Return mathwork's network of the same parameters."""
    from mathwork.nn import Network

    return getattr(Network, SOURCES[name].reader)(model(name))


def inputs(rows: int) -> np.ndarray:
    """Return the first image, (64,), or as many as asked for, (rows, 64)."""
    images, _ = digits()
    return images[0] if rows == 1 else images[:rows]


def _sklearn_classifier():
    from sklearn.neural_network import MLPClassifier

    classifier = MLPClassifier((HIDDEN,), learning_rate_init=RATE, random_state=SEED)
    # From float32 images the parameters are float32 too.
    return classifier.fit(*digits())


def _torch_module():
    torch = peers.torch()
    images, labels = map(torch.from_numpy, digits())
    torch.manual_seed(SEED)
    sums = torch.nn.Sequential(
        torch.nn.Linear(images.shape[1], HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Linear(HIDDEN, 10),
    )
    optimizer = torch.optim.Adam(sums.parameters(), lr=RATE)
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(sums(images), labels).backward()
        optimizer.step()
    return torch.nn.Sequential(*sums, torch.nn.Softmax(dim=-1)).eval()


SOURCES = {
    peers.SKLEARN: Source(
        _sklearn_classifier, "from_sklearn", forward_peers.sklearn_estimator, (peers.SKLEARN,)
    ),
    peers.TORCH: Source(
        _torch_module, "from_torch", forward_peers.torch_module, (peers.TORCH, peers.SKLEARN)
    ),
}


def _ours(name: str, rows: int) -> Side:
    return Side("net(x)", {"net": network(name), "x": inputs(rows)})


def _source(name: str, rows: int) -> Side:
    return SOURCES[name].side(model(name), inputs(rows))


def _theirs(peer: str, name: str, rows: int) -> Side:
    return forward.BUILDERS[peer](network(name), inputs(rows))
