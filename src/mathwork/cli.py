"""The commands of `mathwork`: each reads a file or `-`, writes text or JSON, and exits 0, or 2
with one line that says what was wrong. Only this module and _cli_*.py import click and rich.
"""
import sys
import time
from statistics import median

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from mathwork import __version__, show_runtime
from mathwork._arrays import as_array
from mathwork._cli_fit import fit
from mathwork._cli_json import as_json, for_json, print_json
from mathwork._cli_matrices import rref, solve
from mathwork._cli_orbit import orbit
from mathwork._runtime import runtime
from mathwork._tables import check_suffix, read_table, write_table
from mathwork.data import digits, digits_network
from mathwork.nn import load

ROW_BLOCK = 1 << 16             # rows converted at a time, so that a mapped file stays on disk
# The thread's own time leaves out the moments when another program has the processor. Where that
# clock ticks too coarsely (Windows) the wall clock has to do.
CLOCK = (time.thread_time if time.get_clock_info("thread_time").resolution <= 1e-6
         else time.perf_counter)
INK = (" .:-=+*#%@", " ░▒▓█")   # light to dark, in ASCII and for terminals that have more


class OneLineErrors(click.Group):
    """A group of commands in which bad input is one line on standard error and exit code 2."""

    def main(self, *args, standalone_mode=True, **kwargs):
        if not standalone_mode:
            return super().main(*args, standalone_mode=False, **kwargs)
        try:
            sys.exit(super().main(*args, standalone_mode=False, **kwargs))
        except click.Abort:
            sys.exit(130)       # as the shell reports an interrupt
        except (click.ClickException, OSError, ValueError, TypeError, MemoryError,
                ImportError) as error:
            click.echo(f"mathwork: {_one_line(error)}", err=True)
            sys.exit(2)

    def invoke(self, ctx):
        result = super().invoke(ctx)
        click.echo(nl=False)    # flushes here, where click knows what to do about a closed pipe
        return result


def _one_line(error):
    if isinstance(error, click.ClickException):
        text = error.format_message()
        if isinstance(error, click.UsageError) and error.ctx is not None:
            text += f" See {error.ctx.command_path} -h."
    elif isinstance(error, OSError) and error.strerror is not None:
        text = f"{error.filename or 'standard output'}: {error.strerror}"
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())


@click.group(cls=OneLineErrors, invoke_without_command=True,
             context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx):
    """Small dense mathematics at the cost of its arithmetic.

    New here? Start with: mathwork demo
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


cli.add_command(fit)
cli.add_command(orbit)
cli.add_command(rref)
cli.add_command(solve)


@cli.command()
@as_json
def info(as_json):
    """Show versions, the machine and the kernels in use.

    These are the first lines of a good bug report.
    """
    if as_json:
        print_json({field.replace(" ", "_"): text for field, text in runtime().items()})
    else:
        show_runtime()


class Activations(click.ParamType):
    """relu,leaky_relu:0.2,softmax as ["relu", ("leaky_relu", 0.2), "softmax"]"""

    name = "activations"

    def convert(self, value, param, ctx):
        try:
            return [(name, float(parameter)) if colon else name
                    for name, colon, parameter in (each.partition(":")
                                                   for each in value.split(","))]
        except ValueError:
            self.fail(f"{value!r} must be names with commas between, one a layer, like "
                      "relu,leaky_relu:0.2,softmax", param, ctx)


activations = click.option(
    "--activations", type=Activations(), metavar="NAME,NAME,...",
    help="One a layer, for a .safetensors file that does not say them: relu,leaky_relu:0.2,softmax")


@cli.command()
@click.argument("model")
@click.argument("source", metavar="INPUT")
@activations
@click.option("-o", "--output", "target", metavar="OUT", default="-",
              help="Write to this .npy or .csv file instead of CSV to standard output.")
@click.option("--classify", is_flag=True,
              help="Write which output is the largest, counted from 0, instead of all outputs.")
@click.option("--workers", type=click.IntRange(1, 1024), metavar="N", default=1,
              show_default=True,
              help="Threads that share the rows. The result has the same bits for any number.")
@as_json
def forward(model, source, activations, target, classify, workers, as_json):
    """Run a saved network over a table of numbers.

    MODEL is a network in a .npz, .onnx or .safetensors file. INPUT is a .npy or .csv file with one
    row of inputs a line, or - for CSV from standard input. In CSV a header row, blank lines and
    lines that begin with # are skipped. The result has a row for each of INPUT.

    Numbers are written as the shortest text that reads back to the same bits. With --json the
    result is {"output": [[...], ...]} or, with --classify, {"classes": [...]}; null stands for
    NaN and infinity, which JSON does not have.
    """
    if as_json and target != "-":
        raise click.UsageError("--json goes to standard output: give --json or -o, not both.")
    check_suffix(target)
    network = load(model, activations=activations)
    result = _run(network, read_table(source), source, workers)
    if classify:
        result = np.argmax(result, axis=1)
    if as_json:
        print_json({"classes" if classify else "output": for_json(result)})
    else:
        write_table(result, target)


@cli.command()
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@activations
@click.option("--dtype", type=click.Choice(["float32", "float64"]),
              help="Round the weights to this dtype; they keep their own if it is not given.")
@as_json
def convert(source, target, activations, dtype, as_json):
    """Write a saved network in another format.

    IN and OUT are .npz, .onnx or .safetensors files. The weights keep their bits, except where
    --dtype rounds them.
    """
    network = load(source, activations=activations, dtype=dtype)
    network.save(target)
    if as_json:
        print_json({"network": repr(network), "sizes": network.sizes,
                     "dtype": network.dtype.name, "parameters": network.n_parameters})
    else:
        click.echo(f"{target}: {network!r}")


def _run(network, table, source, workers):
    """network(table), block by block, for a table that came from `source`; one row if it is 1-D"""
    table = np.atleast_2d(as_array(table, source))
    n_in, n_out = network.sizes[0], network.sizes[-1]
    if table.ndim != 2 or table.shape[1] != n_in:
        raise ValueError(f"{source}: the network takes rows of {n_in} numbers, "
                         f"got shape {table.shape}")
    result = np.empty((len(table), n_out), network.dtype)
    for start in range(0, len(table), ROW_BLOCK):
        block = slice(start, start + ROW_BLOCK)
        network(table[block], out=result[block], workers=workers)
    return result


@cli.command()
@as_json
def demo(as_json):
    """Read 500 handwritten digits, and time it beside NumPy.

    A small network that ships with mathwork reads digits it was not trained on. The same forward
    pass in NumPy, relu(x @ W1.T + b1) into softmax(h @ W2.T + b2) in float32, must read each of
    them the same before either is timed. Times are medians of processor time, taken in
    alternating order; mathwork runs on one thread.
    """
    report = read_digits()
    if as_json:
        print_json(report)
    else:
        _print_report(report)


def read_digits():
    """What the demo shows, ready for JSON."""
    images, labels = digits()
    network = digits_network()
    peer = numpy_forward(network)
    pixels = images.astype(network.dtype)
    outputs = network(pixels)
    _check_agreement(outputs, peer(pixels))

    rows = list(pixels)
    # Of 100, because NumPy's BLAS splits larger products over threads, whose waiting is no measure.
    batches = np.split(pixels, range(100, len(pixels), 100))
    seconds = {"one_by_one": _median_times(_each(network, rows), _each(peer, rows), 31),
               "in_batches_of_100": _median_times(_each(network, batches), _each(peer, batches),
                                                  301)}
    read_as = np.argmax(outputs, axis=1)
    wrong = np.flatnonzero(read_as != labels)
    # Of the misread digits, the one that the network was surest of.
    worst = wrong[np.argmax(outputs[wrong, read_as[wrong]])]
    return {
        "network": repr(network),
        "level": runtime()["level"],
        "register": runtime()["register"],
        "digits": len(labels),
        "read_right": len(labels) - len(wrong),
        "accuracy": (len(labels) - len(wrong)) / len(labels),
        "ns_per_digit": {way: {"mathwork": 1e9 * ours / len(rows), "numpy": 1e9 * peers / len(rows)}
                         for way, (ours, peers) in seconds.items()},
        "misread": {
            "index": int(worst),
            "label": int(labels[worst]),
            "read_as": int(read_as[worst]),
            "probability": float(outputs[worst, read_as[worst]]),
            "label_probability": float(outputs[worst, labels[worst]]),
            "image": images[worst].reshape(8, 8).tolist(),
        },
    }


def numpy_forward(network):
    """The forward pass of a relu-softmax network as one writes it in NumPy, for rows or batches"""
    (w1, b1), (w2, b2) = ((layer.weight, layer.bias) for layer in network.layers)

    def forward(x):
        hidden = np.maximum(x @ w1.T + b1, 0)
        scores = hidden @ w2.T + b2
        exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return exponentials / exponentials.sum(axis=-1, keepdims=True)

    return forward


def _check_agreement(outputs, expected):
    # 1e-5: two float32 sums of 64 products in different orders differ by about 1e-6.
    if (not np.array_equal(outputs.argmax(axis=1), expected.argmax(axis=1))
            or np.abs(outputs - expected).max() > 1e-5):
        raise ValueError("mathwork and NumPy read a digit differently: please report this with "
                         "the output of mathwork info")


def _each(forward, inputs):
    def run():
        for x in inputs:
            forward(x)

    return run


def _median_times(run, peer, pairs):
    """Median seconds of a run of each, taken in the order A B B A so that drift falls on both"""
    sides = (run, peer)
    times = ([], [])
    for pair in range(pairs):
        for side in ((0, 1), (1, 0))[pair % 2]:
            start = CLOCK()
            sides[side]()
            times[side].append(CLOCK() - start)
    return median(times[0]), median(times[1])


def _print_report(report):
    console = Console(highlight=False)
    misread = report["misread"]

    console.print(f"digits      {report['digits']} handwritten digits, none seen in training")
    console.print(f"network     {report['network']}", markup=False)
    console.print(f"kernels     {report['level']}: registers of {report['register']}")
    console.print(f"read right  [bold]{report['read_right']} of {report['digits']}, "
                  f"{report['accuracy']:.1%}[/]\n")

    times = Table("time per digit", box=None, pad_edge=False, padding=(0, 2))
    for heading in ("mathwork", "NumPy", "NumPy / mathwork"):
        times.add_column(heading, justify="right")
    for way, pair in report["ns_per_digit"].items():
        times.add_row(way.replace("_", " "), f"{pair['mathwork']:,.0f} ns",
                      f"{pair['numpy']:,.0f} ns", f"{pair['numpy'] / pair['mathwork']:.1f}")
    console.print(times)

    console.print(f"\nmisread     a {misread['label']} taken for a {misread['read_as']} "
                  f"with probability {misread['probability']:.2f} "
                  f"({misread['label_probability']:.2f} for {misread['label']})\n")
    ink = INK[0] if console.options.ascii_only else INK[1]
    for row in misread["image"]:
        shades = (ink[(pixel * (len(ink) - 1) + 8) // 16] for pixel in row)
        console.print((" " * 12 + "".join(2 * shade for shade in shades)).rstrip(), markup=False)
