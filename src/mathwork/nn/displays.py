"""What a notebook shows of networks and of their training, in HTML."""
from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

import mathwork._html as html
from mathwork.nn.dense import Dense
from mathwork.nn.norms import RMSNorm
from mathwork.nn.residual import Residual

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from mathwork.nn.residual import AnyLayer

MOST_LAYERS = 20
MOST_NORMS = 2_000_000          # parameters of a network whose norms are computed
MOST_CURVES = 1000              # networks in the medians of a picture
LAYER_HEAD = ("", "layer", "numbers", "activation", "parameters")
NORMS_HEAD = ("\u2016weight\u2016", "\u2016bias\u2016")


def network_html(network: Any) -> str:
    """Return a table of the layers, and what the whole network takes."""
    with_norms = network.n_parameters <= MOST_NORMS
    rows = [(*described(place, layer), *(norms(layer) if with_norms else ()))
            for place, layer in numbered(network.layers, MOST_LAYERS)]
    return html.table(
        LAYER_HEAD + NORMS_HEAD * with_norms, rows, f"{short(network)}, {network.dtype}"
    ) + _about(network)


def networks_html(networks: Any) -> str:
    """Return a table of the layers that all of the networks have."""
    like = networks.like
    rows = [described(place, layer) for place, layer in numbered(like.layers, MOST_LAYERS)]
    many = html.counted(len(networks), "network")
    return html.table(LAYER_HEAD, rows, f"{many}, each {short(like)}, {like.dtype}") + _about(like)


@np.errstate(all="ignore")
def training_html(training: Any) -> str:
    """Return how a training went, with a picture of its losses."""
    history, epochs = training.history, training.epochs
    rows: list[tuple[str, Any]] = [("network", short(training.network)),
                                   ("status", training.status), ("epochs", epochs)]
    losses = losses_of(history)
    if epochs:
        judged, values = list(losses.items())[-1]
        if not np.isnan(values).all():
            best = int(np.nanargmin(values))
            rows += [("best epoch", best + 1), (f"best {judged}", values[best])]
        rows += [(f"last {name}", values[-1]) for name, values in losses.items()]
        if "learning_rate" in history:
            rows.append(("last learning rate", history["learning_rate"][-1]))
    return html.fields(rows, "Training") + html.curves(
        {name: values[html.places(epochs)] for name, values in losses.items()}, epochs, "epoch")


@np.errstate(all="ignore")
def trainings_html(trainings: Any) -> str:
    """Return how many networks were trained and how far, with a picture of the medians."""
    history = trainings.history
    rows: list[tuple[str, Any]] = [("networks", len(trainings.networks)),
                                   ("each", short(trainings.networks.like))]
    rows += trainings._counts()
    losses = losses_of(history)
    epochs = history["loss"].shape[1]
    rows.append(("epochs", epochs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)     # epochs that nobody reached
        for name, values in losses.items():
            last = values[:, -1:]
            if not np.isnan(last).all():
                rows += [(f"last {name}, {word}", float(of(last))) for word, of in (
                    ("least", np.nanmin), ("median", np.nanmedian), ("largest", np.nanmax))]
        shown = {f"median {name}": np.nanmedian(values[:MOST_CURVES, html.places(epochs)], axis=0)
                 for name, values in losses.items() if values.size}
    left_out = len(trainings.networks) - MOST_CURVES
    return html.fields(rows, "Trainings") + html.curves(shown, epochs, "epoch") + html.notes(
        f"The picture is of the first {MOST_CURVES:,} networks." if left_out > 0 else "")


# ---- parts ----

def losses_of(history: dict[str, Any]) -> dict[str, Any]:
    """Return {name in words: losses} of a history: the last one judges."""
    return {name.replace("_", " "): history[name] for name in ("loss", "validation_loss")
            if name in history}


def short(network: Any) -> str:
    """Return the class and the sizes of a network, of many layers the first and the last."""
    sizes = list(map(str, network.sizes))
    if len(sizes) > html.MOST_COLUMNS:
        half = html.MOST_COLUMNS // 2
        sizes[half:-half] = ["\u2026"]
    return f"{type(network).__name__} {'-'.join(sizes)}"


def numbered(layers: Sequence[AnyLayer], most: int, before: str = ""
             ) -> Iterator[tuple[str, AnyLayer | None]]:
    """Yield (place, layer): those in a residual behind it, 2.1 and 2.2; None for what is left out.

    Of each chain the first and the last are yielded, `most` at most.
    """
    left_out = range(most // 2, len(layers) - most // 2) if len(layers) > most else range(0)
    for place, layer in enumerate(layers):
        if place not in left_out:
            yield f"{before}{place + 1}", layer
            if isinstance(layer, Residual):
                yield from numbered(layer.layers, max(most // 4, 2), f"{before}{place + 1}.")
        elif place == left_out.start:
            yield f"{len(left_out):,} more", None


def described(place: str, layer: AnyLayer | None) -> tuple[Any, ...]:
    """Return the cells of LAYER_HEAD."""
    if layer is None:
        return place, "", "", "", ""
    numbers = (f"{layer._n_in:,} \u2192 {layer._n_out:,}" if isinstance(layer, Dense)
               else f"{layer._n_in:,}")
    return place, layer._class_name, numbers, layer._activation_text, layer._n_parameters


def norms(layer: AnyLayer | None) -> tuple[Any, Any]:
    """Return the cells of NORMS_HEAD: roots of sums of squares."""
    if layer is None or isinstance(layer, Residual):
        return "", ""
    return norm(layer.weight), "" if isinstance(layer, RMSNorm) else norm(layer.bias)


def norm(array: Any) -> float:
    """Return the root of the sum of squares: infinite if these leave the range of float64."""
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.square(array, dtype=np.float64).sum()))


def multiplications(layers: Sequence[AnyLayer]) -> int:
    """Return how many products with weights a row takes."""
    return sum(multiplications(layer.layers) if isinstance(layer, Residual) else layer.weight.size
               for layer in layers)


def _about(network: Any) -> str:
    classes = network.classes_
    labels = "" if classes is None else (
        f"{'Labels' if network.multilabel else 'Classes'}: {html.listed(classes)}.")
    return html.notes(f"{network.n_parameters:,} parameters, {multiplications(network.layers):,} "
                      "multiplications a row.", labels)
