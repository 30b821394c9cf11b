"""The command `mathwork demo`: a network reads digits, and NumPy does the same beside it.

With --train, the network is trained first.
"""
import time
from statistics import median

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from mathwork._runtime import runtime
from mathwork.cli.options import Command
from mathwork.cli.output import as_json, print_json
from mathwork.data import digits, digits_network, training_digits

# The time of this thread leaves out the moments when another program has the processor. Where its
# clock ticks too coarsely (Windows), wall-clock time must do.
CLOCK = (time.thread_time if time.get_clock_info("thread_time").resolution <= 1e-6
         else time.perf_counter)
INK = (" .:-=+*#%@", " ░▒▓█")   # light to dark: in ASCII, and for terminals that have more
SHOWN_EPOCHS = (1, 2, 5, 10, 20, 50, 100)


@click.command(cls=Command)
@click.option("--train", is_flag=True, help="Train the network first, on 1297 other digits.")
@as_json
def demo(train, as_json):
    """Read 500 handwritten digits, and time it beside NumPy.

    A small network that ships with mathwork reads digits that it was not trained on. NumPy runs the
    same forward pass in float32, h = relu(x @ W1.T + b1) and softmax(h @ W2.T + b2). Both must read
    every digit the same before either is timed. Times are medians of processor time, taken in
    alternating order. mathwork runs on one thread.

    With --train the network is trained before, in the way that the shipped one was. It gets the
    same bits, where the processor has fused multiply-add. The loss is shown on the digits that it
    learns from and on the 500 others.
    """
    network, training = train_digits(quiet=as_json) if train else (digits_network(), None)
    report = read_digits(network)
    if as_json:
        print_json(report if training is None else report | {"training": training})
    else:
        _print_report(report)


def train_digits(quiet):
    """(a network trained as the shipped one was, the report of that); losses are shown meanwhile"""
    from mathwork.data import recipe

    losses = []

    def show(report):
        losses.append((report.loss, report.validation_loss))
        if not quiet and report.epoch in SHOWN_EPOCHS:
            click.echo(f"{report.epoch:9}  {report.loss:13.4f}  {report.validation_loss:13.4f}")

    images, labels = training_digits()
    rows = len(images) * len(recipe.MOVES)
    if not quiet:
        click.echo(f"training on {len(images)} digits, and on each half a pixel to every side: "
                   f"{rows} rows\n\n    epoch           loss  of unseen ones")
    start = time.perf_counter()
    network = recipe.trained(images, labels, held_out=digits(), progress=show)
    seconds = time.perf_counter() - start
    same = np.array_equal(network.parameters(), digits_network().parameters())
    if not quiet:
        click.echo(f"\ntrained     in {seconds:.2f} s: {seconds / len(losses) * 1e3:.1f} ms an "
                   f"epoch, {'the bits' if same else 'not the bits'} of the shipped network\n")
    loss, of_others = zip(*losses, strict=True)
    return network, {"rows": rows, "epochs": len(losses), "seconds": seconds, "loss": loss,
                     "held_out_loss": of_others, "same_bits_as_shipped": same}


def read_digits(network):
    """The report of the demo, as --json writes it."""
    images, labels = digits()
    peer = numpy_forward(network)
    pixels = images.astype(network.dtype)
    outputs = network(pixels)
    _check_agreement(outputs, peer(pixels))

    rows = list(pixels)
    # Batches of 100: NumPy's BLAS splits larger products over threads, and their waiting would
    # count as work.
    batches = np.split(pixels, range(100, len(pixels), 100))
    seconds = {"one_by_one": _median_times(_each(network, rows), _each(peer, rows), 31),
               "in_batches_of_100": _median_times(_each(network, batches), _each(peer, batches),
                                                  301)}
    read_as = np.argmax(outputs, axis=1)
    wrong = np.flatnonzero(read_as != labels)
    # The misread digit of which the network was surest.
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
    """The forward pass of a relu-softmax network in NumPy, for one row (n_in,) or a batch."""
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
    """Median seconds of run() and of peer(), in the order A B B A: both bear a drift alike."""
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
