"""The command `mathwork train`: a network that learns one column of a table from others."""
import io
import time
from pathlib import Path

import click
import numpy as np

from mathwork.cli.columns import Pieces, explaining, open_table
from mathwork.cli.lines import blamed_on
from mathwork.cli.names import listed
from mathwork.cli.numerals import joined
from mathwork.cli.options import Column, CommaList, Command, File, format_of, reading
from mathwork.cli.output import as_json, print_aligned, print_json, progress, say, warn

MOST_CLASSES = 20       # whole numbers with more values than this are taken for amounts
MOST_NAMED = 10         # columns
FLOAT32 = np.finfo(np.float32)
VALIDATION = 0.1        # the part of the training rows that says when to stop


class Sizes(click.ParamType):
    """64,32 as [64, 32]."""

    name = "sizes"

    def convert(self, value, param, ctx):
        try:
            sizes = [int(size) for size in value.split(",")] if value.strip() else []
        except ValueError:
            sizes = [0]
        if not all(size > 0 for size in sizes):
            self.fail(f"{value!r} must be integers above 0 with commas between, like 64,32", param,
                      ctx)
        return sizes


@click.command(cls=Command)
@click.argument("source", type=File(), metavar="FILE")
@click.option("--y", "y_name", type=Column(), metavar="COLUMN", required=True,
              help="The column to learn.")
@click.option("--x", "x_names", type=CommaList(), metavar="COLUMN,...",
              help="The columns to learn it from. Default: all other columns of numbers.")
@click.option("--hidden", type=Sizes(), metavar="N,...", default="64,64", show_default=True,
              help="The outputs of each hidden layer.")
@click.option("-o", "--output", "target", type=File(), metavar="MODEL",
              help="Save the network to this .npz, .onnx or .safetensors file, or as .c.")
@click.option("--task", type=click.Choice(["auto", "classes", "numbers"]), default="auto",
              show_default=True, help="What the column holds.")
@click.option("--activation", metavar="NAME", default="relu", show_default=True,
              help="Of the hidden layers.")
@click.option("--epochs", type=click.IntRange(1), metavar="N", default=200, show_default=True,
              help="Passes over the rows, at most.")
@click.option("--batch-size", type=click.IntRange(1), metavar="N", default=32, show_default=True,
              help="Rows of a step.")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), metavar="R",
              default=0.003, show_default=True, help="Of Adam.")
@click.option("--held-out", type=click.FloatRange(0, 0.9), metavar="PART", default=0.2,
              show_default=True, help="The part of the rows that only tests the network.")
@click.option("--patience", type=click.IntRange(1), metavar="N", default=20, show_default=True,
              help="Stop after N epochs in which a tenth of the training rows gets no better.")
@click.option("--seed", type=click.IntRange(0), metavar="N", default=0, show_default=True,
              help="Of the weights and of the choice of rows.")
@click.option("--missing", type=click.Choice(["drop"]),
              help="Leave out rows in which one of these columns has no number.")
@reading
@as_json
def train(source, y_name, x_names, hidden, target, task, activation, epochs, batch_size,
          learning_rate, held_out, patience, seed, missing, as_json, **text):
    """Train a network to tell one column of a table from the others.

    FILE is a table as for mathwork fit: text, .npy or .parquet, also packed by gzip; or - for
    standard input. A COLUMN is a name in the header, or @3 for the third column. Rows with nothing
    in a --y of text are left out. A cell that is no number, where there must be one, is an error,
    or with --missing drop its row is left out.

    A column of text, or of at most 20 different whole numbers, is learned as classes, any other as
    numbers; --task says otherwise. A part of the rows is held out and tests the network once, at
    the end: for classes with the share that is right and a table of confusions, for numbers with
    R2. A tenth of the other rows says when to stop, and the rest trains. The scales of the columns
    are folded into the network that -o saves, so it takes rows as they are: mathwork forward runs
    it. The same --seed gives the same network.

    With --json the keys are "task", "x", "y", "network", "parameters", "epochs", "seconds", "loss",
    "validation_loss", "rows", and "accuracy", "classes" and "confusion" or "rsquared" and "rmse".
    """
    if target is not None:
        _check_target(target)
    with open_table(source, format_of(**text)) as table:
        y_at = table.find(y_name)
        x_at = explaining(table, x_names, y_at)
        x, y, classes = _read(table, x_at, y_at, task, missing == "drop")
        names = [table.label(at) for at in x_at]
    rng = np.random.default_rng(seed)
    with blamed_on(table.shown):
        parts = _parts(y if classes is not None else None, len(y), held_out, rng)
        network, training = _trained(x, y, classes, parts, hidden, activation, rng,
                                     epochs=epochs, batch_size=batch_size, patience=patience,
                                     learning_rate=learning_rate, quiet=as_json)
    report = {"task": "numbers" if classes is None else "classes",
              "x": names, "y": table.label(y_at),
              "network": repr(network), "parameters": network.n_parameters, **training,
              "rows": {name: len(rows) for name, rows in parts.items()}}
    if len(parts["held_out"]):
        report |= _tested(network, x[parts["held_out"]], y[parts["held_out"]], classes)
    if target is not None:
        (network.to_c if target.lower().endswith(".c") else network.save)(target)
    if as_json:
        print_json(report)
    else:
        _print_report(report, target)


def _check_target(target):
    """Raise now what saving would raise after the training."""
    from mathwork.nn import Network

    if not Path(target).parent.is_dir():
        raise ValueError(f"{target}: there is no folder {Path(target).parent}")
    if not target.lower().endswith(".c"):
        probe = io.BytesIO()
        probe.name = target
        Network.he((1, 1)).save(probe)


# ---- the table ----

def _read(table, x_at, y_at, task, drop):
    """(the numbers to learn from, the column to learn, its sorted classes or None)."""
    numeric = task == "numbers" or (task == "auto" and table.holds_numbers(y_at))
    pieces = (Pieces(table, [y_at, *x_at], drop=drop) if numeric
              else Pieces(table, x_at, y_at, drop=drop))
    held, codes = [], []
    with progress(table.source) as tick:
        for arrays, coded in pieces:
            tick()
            held.append(arrays)
            codes.append(coded)
    left_out = pieces.keyless + pieces.omitted
    if pieces.nobs == left_out:
        raise ValueError(f"{table.shown}: there is no row in which "
                         f"{listed(map(table.label, [y_at, *x_at]))} are all there")
    if left_out:
        warn(f"{table.shown}: {left_out} rows are left out: a gap in a column that is used")
    columns = [joined(list(parts)) for parts in zip(*held, strict=True)]
    for column, at in zip(columns, [y_at, *x_at] if numeric else x_at, strict=True):
        size = np.abs(column).max()
        if size and not FLOAT32.smallest_normal <= size <= FLOAT32.max:
            raise ValueError(f"{table.shown}: the largest number in column {table.label(at)} is "
                             f"{size:.2g}: networks compute in float32, which reaches from "
                             f"{FLOAT32.smallest_normal:.2g} to {FLOAT32.max:.2g}")
    if not numeric:
        y = np.array(pieces.keys)[np.concatenate(codes)]
        return np.stack(columns, axis=1), y, _classes(table, y_at, y)
    y, x = columns[0], np.stack(columns[1:], axis=1)
    few = task == "auto" and (y == np.round(y)).all() and len(np.unique(y)) <= MOST_CLASSES
    if not few:
        return x, y.astype(np.float64), None
    y = y.astype(np.int64)
    return x, y, _classes(table, y_at, y)


def _classes(table, at, y):
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(f"{table.shown}: column {table.label(at)} has one value alone, "
                         f"{classes.tolist()[0]!r}: there is nothing to learn")
    return classes


def _parts(labels, count, held_out, rng):
    """{"trained", "validation", "held_out": indices of rows}, each class shared out alike."""
    order = rng.permutation(count)
    if labels is not None:
        # rows of a class beside each other, in random order; every k-th is taken from there
        order = order[np.argsort(labels[order], kind="stable")]
    held, rest = _share(order, held_out, rng)
    validation, trained = _share(rest, VALIDATION, rng)
    if not len(trained):
        raise ValueError(f"{count} rows are too few to train a network")
    return {"trained": trained, "validation": validation, "held_out": held}


def _share(order, part, rng):
    """(about this part of the rows, evenly spread in their order; the others)."""
    chosen = np.diff(np.floor(np.arange(len(order) + 1) * part + rng.random())) > 0
    return order[chosen], order[~chosen]


# ---- training ----

@np.errstate(all="ignore")
def _trained(x, y, classes, parts, hidden, activation, rng, *, quiet, **options):
    """(the network that takes columns as they are, what is to be reported of its training)."""
    from mathwork import nn

    rows = parts["trained"]
    centre, width = _scale(x[rows])
    inputs = _standard(x, centre, width)
    if classes is None:
        y_centre, y_width = _scale(y[rows, None])
        answers = _standard(y[:, None], y_centre, y_width)
        n_out, output, loss = 1, "identity", "squared_error"
    else:
        answers, n_out = y, 1 if len(classes) == 2 else len(classes)
        output, loss = "sigmoid" if n_out == 1 else "softmax", "cross_entropy"
    network = nn.Network(nn.Network.he((x.shape[1], *hidden, n_out), activation=activation,
                                       output=output, rng=rng).layers, classes=classes)
    held = parts["validation"]
    start = time.perf_counter()
    trained = nn.train(
        network, inputs[rows], answers[rows], loss=loss, rng=rng, progress=not quiet,
        validation=(inputs[held], answers[held]) if len(held) else None, **options)
    seconds = time.perf_counter() - start
    network = _scaled(trained.network, centre, width,
                      None if classes is not None else (y_centre, y_width))
    history = trained.history
    best = int(np.argmin(history["validation_loss" if len(held) else "loss"]))
    return network, {"epochs": len(history["loss"]), "seconds": seconds,
                     "loss": history["loss"][best],
                     "validation_loss": history["validation_loss"][best] if len(held) else None}


def _scale(columns):
    """(mean, standard deviation) of columns; a constant one has a deviation of 1."""
    exponent = np.frexp(np.abs(columns).max(axis=0))[1]     # so that no sum or square overflows
    small = np.ldexp(columns, -exponent)
    width = np.ldexp(small.std(axis=0), exponent)
    return np.ldexp(small.mean(axis=0), exponent), np.where(width > 0, width, 1.0)


def _standard(columns, centre, width):
    """(columns - centre) / width"""
    exponent = np.frexp(width)[1]
    return ((np.ldexp(columns, -exponent) - np.ldexp(centre, -exponent))
            / np.ldexp(width, -exponent))


def _scaled(network, centre, width, of_answers):
    """The network of (x - centre) / width, and its outputs in the scale of the answers."""
    from mathwork.nn import Network
    from mathwork.nn.graph import Axis, Reading
    from mathwork.nn.sources import standardized

    reading = Reading(network.n_parameters)
    first = reading.input((Axis(), network.sizes[0]), "the table")
    value = standardized(first, centre, width, "the table", network.dtype == np.float32)
    for layer in network.layers:
        value = reading.linear(value, layer.weight, "the table").plus(layer.bias)
        if layer.activation != "identity":
            value = value.activated(layer.activation, "the table")
    if of_answers is not None:
        y_centre, y_width = of_answers
        value = value.times(y_width).plus(y_centre)
    layers = reading.layers([first], [value], network.dtype)
    return Network(layers, dtype=network.dtype, classes=network.classes_)


# ---- the report ----

@np.errstate(all="ignore")
def _tested(network, x, y, classes):
    """What the network makes of rows that it has not seen."""
    outputs = network(x)
    if classes is None:
        error = float(np.sum((outputs[:, 0] - y) ** 2))
        spread = float(np.sum((y - y.mean()) ** 2))
        return {"rsquared": 1 - error / spread if spread else None,
                "rmse": float(np.sqrt(error / len(y)))}
    told, true = network._picked(outputs), np.searchsorted(classes, y)
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (true, told), 1)
    return {"accuracy": float((told == true).mean()), "classes": classes, "confusion": confusion}


def _print_report(report, target):
    rows = report["rows"]
    names = report["x"]
    columns = ", ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} columns"
    say(f"learned     {report['y']} ({report['task']}) from {columns}")
    say(f"network     {report['network']}, {report['parameters']} parameters")
    say(f"trained     on {rows['trained']} rows, {report['epochs']} epochs, "
        f"{report['seconds']:.2f} s")
    if "accuracy" in report:
        right = int(np.trace(report["confusion"]))
        say(f"held out    {right} of {rows['held_out']} right, {report['accuracy']:.1%}\n")
        labels = [str(label) for label in report["classes"].tolist()]
        print_aligned([("told:", *labels), *(
            (label, *map(str, row)) for label, row in zip(labels, report["confusion"].tolist(),
                                                          strict=True))])
    elif "rsquared" in report:
        rsquared = "-" if report["rsquared"] is None else f"{report['rsquared']:.4f}"
        say(f"held out    {rows['held_out']} rows, R2 {rsquared}, "
            f"root mean square error {report['rmse']:.6g}")
    if target is not None:
        say(f"saved       {target}")
