"""The commands `mathwork forward` and `mathwork convert`: saved networks."""
from contextlib import nullcontext

import click
import numpy as np

from mathwork._arrays import as_array
from mathwork.cli.lines import name_of, shown_name
from mathwork.cli.options import (
    CommaList,
    Command,
    File,
    comment,
    delimiter,
    encoding,
    header,
)
from mathwork.cli.output import as_json, busy, print_json, say
from mathwork.cli.records import Format
from mathwork.cli.tables import check_suffix, read_table, write_table
from mathwork.nn import load

ROW_BLOCK = 1 << 16     # rows that are converted at a time: a mapped file stays on disk


class Activations(click.ParamType):
    """relu,clip:-1:2,softmax as ["relu", ("clip", -1.0, 2.0), "softmax"]."""

    name = "activations"

    def convert(self, value, param, ctx):
        try:
            return [(name, *map(float, parameters)) if parameters else name
                    for name, *parameters in (each.split(":") for each in value.split(","))]
        except ValueError:
            self.fail(f"{value!r} must be names with commas between, one a layer, like "
                      "relu,leaky_relu:0.2,softmax", param, ctx)


activations = click.option(
    "--activations", type=Activations(), metavar="NAME,NAME,...",
    help="The activation of each layer, for a .safetensors file that does not name them: "
         "relu,leaky_relu:0.2,softmax")

inputs = click.option("--inputs", multiple=True, metavar="NAME",
                      help="In an .onnx file: an input to read from. Again for a second one.")
outputs = click.option("--outputs", multiple=True, metavar="NAME",
                       help="In an .onnx file: an output to read. Again for a second one.")


@click.command(cls=Command)
@click.argument("model", type=File())
@click.argument("source", type=File(), metavar="INPUT")
@activations
@inputs
@outputs
@click.option("-o", "--output", "target", type=File(), metavar="OUT", default="-",
              help="Write to this .npy or .csv file instead of CSV to standard output.")
@delimiter(",", True)
@encoding
@header
@comment
@click.option("--columns", type=CommaList(), metavar="COLUMN,...",
              help="The inputs, in this order: names in the header row, or @3 for the third "
                   "column.")
@click.option("--classify", is_flag=True,
              help="Write the index of each row's class, counted from 0, instead of all outputs: "
                   "of the largest output, or of one output above 0.5 after a sigmoid, 0 without.")
@click.option("--labels", is_flag=True,
              help="Write each row's class by the label that the network has for it.")
@click.option("--threshold", type=float, metavar="T",
              help="With --classify or --labels: what one output must exceed for class 1.")
@click.option("--workers", type=click.IntRange(1, 1024), metavar="N", default=1,
              show_default=True,
              help="Threads that share the rows. The result has the same bits for any number.")
@as_json
def forward(model, source, activations, inputs, outputs, target, delimiter, encoding, header,
            comment, columns, classify, labels, threshold, workers, as_json):
    """Run a saved network over a table of numbers.

    MODEL is a network in a .npz, .onnx or .safetensors file. INPUT is a .npy or .csv file with one
    row of inputs a line, or - for CSV from standard input. In CSV blank lines and a header row are
    skipped, and with --comment lines that begin with # above the table. --columns chooses the
    inputs where there are other columns beside them, also of text. The result has a row for each
    row of INPUT.

    A number is written as the shortest text that reads back to the same bits. With --json the
    result is {"output": [[...], ...]} or, with --classify, {"classes": [...]}. NaN and infinity
    are null: JSON has neither.
    """
    if as_json and target != "-":
        raise click.UsageError("--json goes to standard output: give --json or -o, not both.")
    check_suffix(target)
    if threshold is not None and not (classify or labels):
        raise click.UsageError("--threshold is for --classify and --labels.")
    network = _loaded(model, activations, inputs, outputs)
    if labels and network.classes_ is None:
        raise ValueError(f"{model}: the network has no labels of its classes: --classify writes "
                         "their indices")
    form = Format(delimiter, encoding, comment=comment, header=header)
    with busy(f"reading {name_of(source)}"):
        table = read_table(source, form, columns)
    with busy("running the network"):
        result = _run(network, table, source, workers)
    if classify or labels:
        result = network._picked(result, threshold)
    if labels:
        names = network.classes_
        result = (names if names.dtype.kind in "biufU" else names.astype(str))[result]
    if as_json:
        print_json({"labels" if labels else "classes" if classify else "output": result})
    else:
        with busy(f"writing {shown_name(target)}") if target != "-" else nullcontext():
            write_table(result, target)


def _loaded(name, activations, inputs, outputs, dtype=None):
    """The network in the file `name`; no inputs and no outputs are those that it has."""
    with busy(f"reading {shown_name(name)}"):
        return load(name, activations=activations, inputs=inputs or None, outputs=outputs or None,
                    dtype=dtype)


def _run(network, table, source, workers):
    """The outputs for a table of `source`, computed block by block; a 1-D table is one row."""
    table = np.atleast_2d(as_array(table, source))
    n_in, n_out = network.sizes[0], network.sizes[-1]
    if table.ndim != 2 or table.shape[1] != n_in:
        advice = ": --columns chooses" if table.ndim == 2 and table.shape[1] > n_in else ""
        raise ValueError(f"{source}: the network takes rows of {n_in} numbers, "
                         f"got shape {table.shape}{advice}")
    result = np.empty((len(table), n_out), network.dtype)
    for start in range(0, len(table), ROW_BLOCK):
        block = slice(start, start + ROW_BLOCK)
        network(table[block], out=result[block], workers=workers)
    return result


@click.command(cls=Command)
@click.argument("source", type=File(), metavar="IN")
@click.argument("target", type=File(), metavar="OUT")
@activations
@inputs
@outputs
@click.option("--dtype", type=click.Choice(["float32", "float64"]),
              help="Round the weights to this dtype. Without it they keep their own.")
@as_json
def convert(source, target, activations, inputs, outputs, dtype, as_json):
    """Write a saved network in another format.

    IN and OUT are .npz, .onnx or .safetensors files. The weights keep their bits, unless --dtype
    rounds them. OUT may also be a .c file: the network as C99 source, with a header beside it.
    """
    network = _loaded(source, activations, inputs, outputs, dtype)
    with busy(f"writing {shown_name(target)}"):
        (network.to_c if target.lower().endswith(".c") else network.save)(target)
    if as_json:
        print_json({"network": repr(network), "sizes": network.sizes,
                    "dtype": network.dtype.name, "parameters": network.n_parameters})
    else:
        say(f"{target}: {network!r}")
