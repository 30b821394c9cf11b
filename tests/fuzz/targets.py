"""What is fuzzed: for each reader a Target, good inputs and a function that reads one.

`read` returns what came of an input, "read" or "refused". It raises whatever is neither: an error
of another kind, an error that does not name the file, two ways of reading that differ.
"""
import atexit
import contextlib
import io
import json
import os
import re
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import seeds
import texts

from mathwork.nn import Network, Networks, load

# Work that an argument of the command line may ask for is no fault: so many digits are skipped.
LARGE_NUMBER = re.compile(r"\d{3}|[eE]\+?\d|\d_\d")
LONGEST = 40_000        # characters of a message that names a column: the command cuts it
OTHER_PLACES = re.compile(r"(?<![0-9])/|/(?![0-9])|\.\.|^~")     # files outside the folder


class Target(NamedTuple):
    """A reader: its good inputs, how they are changed (see mutations.EDITS), and what reads one."""

    seeds: object
    edits: str
    read: object
    longest: int = 4096         # bytes of an input that is made


class Folder:
    """A temporary folder that is removed when the process ends, without a warning."""

    def __init__(self):
        self.name = tempfile.mkdtemp(prefix="mathwork-fuzz-")
        atexit.register(shutil.rmtree, self.name, ignore_errors=True)


def refused_with(name, read, longest=100_000):
    """"read", or "refused" with a ValueError that begins with `name`; other errors are raised

    The message must not be longer than `longest`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read()
    except ValueError as error:
        if type(error) is not ValueError or not str(error).startswith(name):
            raise
        if len(str(error)) > longest:
            raise AssertionError(f"a message of {len(str(error))} characters") from error
        return "refused"
    return "read"


# ---- networks ----

def model(suffix):
    """A reader of networks in files; the folder has what some models keep beside themselves"""
    folder = Folder()
    for name, content in seeds.BESIDE.items():
        Path(folder.name, name).write_bytes(content)
    path = Path(folder.name, f"net{suffix}")

    def read(data):
        path.write_bytes(data)

        def called():
            network = load(path)
            y = network(np.ones(network.sizes[0]))
            assert y.shape == (network.sizes[-1],) and y.dtype == network.dtype

        if suffix != ".onnx" and data[-1:] == b"\n":        # also as many networks
            return refused_with(str(path), lambda: Networks.load(path))
        return refused_with(str(path), called)

    return Target(lambda: seeds.seeds(suffix[1:]), suffix[1:], read, 1 << 16)


def read_state_dict(data):
    """JSON of {"tensors": {name: shape}, "activations": ..., "prefix": ..., "order": ...}"""
    try:
        given = json.loads(data)
        tensors = {name: np.ones([min(abs(int(n)), 8) for n in shape[:6]])
                   for name, shape in given.pop("tensors").items()}
        given = {name: given[name] for name in ("activations", "prefix", "order") if name in given}
    except (ValueError, RecursionError, TypeError, AttributeError, KeyError, OverflowError):
        return "refused"
    try:
        network = load(tensors, **given)
    except (ValueError, TypeError):
        return "refused"
    assert isinstance(network, Network)
    return "read"


# ---- text ----

def text_of(data):
    """The options in the first byte, and the text after it"""
    return data[0] if data else 0, data[1:].decode("utf-8", "surrogateescape")


def read_matrix_text(data):
    from mathwork.matrix import parse_matrix

    options, text = text_of(data)
    exact = bool(options & 1)

    def parsed():
        found = parse_matrix(text, exact=exact)
        assert found.matrix.ndim == 2 and len(found.matrix)
        if exact and options & 2 and found.matrix.size < 1000:
            plain = parse_matrix(text, exact=False)
            assert plain.matrix.shape == found.matrix.shape and plain.columns == found.columns
            for one, other in zip(plain.matrix.flat, found.matrix.flat, strict=True):
                with contextlib.suppress(OverflowError):
                    np.testing.assert_allclose(one, float(other), rtol=1e-15)

    return refused_with("", parsed, 1000)


def read_equations(data):
    from mathwork.matrix import parse_equations

    options, text = text_of(data)

    def parsed():
        A, b, names = parse_equations(text, exact=bool(options & 1))
        assert A.shape == (len(b), len(names))

    return refused_with("", parsed, 1000)


def table(suffix):
    """A reader of tables in files, once as `fit` reads them and once as `forward` does"""
    folder = Folder()
    path = Path(folder.name, f"table{suffix}")

    def read(data):
        options, content = (data[0], data[1:]) if data else (0, b"")
        path.write_bytes(content)
        if suffix in (".npy", ".csv") and options & 1:
            from mathwork.cli.tables import read_table

            return refused_with(str(path), lambda: read_table(str(path), format_of(options)),
                                LONGEST)
        return refused_with(str(path), lambda: read_columns(str(path), format_of(options), options),
                            LONGEST)

    return read


def format_of(options):
    from mathwork.cli.numerals import Numerals
    from mathwork.cli.records import Format

    numerals = (Numerals(), Numerals(",", "."), Numerals(",", " "), Numerals(".", ","))
    return Format((None, None, ",", ";")[options >> 1 & 3],
                  (None, "cp1252")[options >> 3 & 1], numerals[options >> 4 & 3],
                  comment=bool(options >> 6 & 1))


def read_columns(name, form, options):
    """All columns as numbers: by pyarrow and without it the same, or the same complaint"""
    from mathwork.cli import arrow
    from mathwork.cli.columns import Pieces, open_table

    def numbers():
        with open_table(name, form) as table:
            at = [at for at in range(len(table.names)) if table.holds_numbers(at)][:20]
            if not at:
                return None
            pieces = Pieces(table, at, drop=bool(options >> 7))
            found = [np.concatenate(column) for column in
                     zip(*(arrays for arrays, _ in pieces), strict=True)]
            return table.names, pieces.nobs, pieces.omitted, found

    def refuse(*_):
        raise arrow.Refused
        yield

    results, kept = [], arrow.text_chunks
    for way in (kept, refuse) if ".csv" in name else (kept,):
        arrow.text_chunks = way
        try:
            results.append(numbers())
        except ValueError as error:
            results.append(error)
        finally:
            arrow.text_chunks = kept
    first, second = results[0], results[-1]
    if isinstance(first, ValueError):
        assert str(first) == str(second), (first, second)
        raise first
    np.testing.assert_equal(first, second)


def read_quantity(data):
    import click

    from mathwork.cli.quantities import Quantities, Quantity

    options, text = text_of(data)
    kind = (Quantity("mass"), Quantity("mass", zero=True), Quantities("length"),
            Quantities("time"))[options & 3]
    try:
        kind.convert(text, None, None)
    except click.BadParameter as error:
        assert error.format_message()
        return "refused"
    return "read"


# ---- the command line ----

def command_line():
    """A reader of argument vectors, a line an argument, in a folder with files of every kind"""
    folder = Folder()
    texts.furnish(Path(folder.name))
    names = set(os.listdir(folder.name))

    def read(data):
        from click.testing import CliRunner

        from mathwork.cli import app

        arguments = data.decode("utf-8", "surrogateescape").split("\n")
        if any(LARGE_NUMBER.search(each) or OTHER_PLACES.search(each) or "\0" in each
               for each in arguments):
            return "refused"
        before = os.getcwd()
        os.chdir(folder.name)
        try:
            result = CliRunner().invoke(app.cli, arguments, input="1,2\n3,4\n",
                                        prog_name="mathwork")
        finally:
            for name in set(os.listdir()) - names:
                os.unlink(name)
            texts.furnish(Path())
            os.chdir(before)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code in (0, 2), f"exit code {result.exit_code}"
        if result.exit_code == 2:
            message = result.stderr.splitlines()[-1]
            assert message.startswith("mathwork: ") and len(message) < 30_000, message
            return "refused"
        return "read"

    return read


TARGETS = {
    "npz": lambda: model(".npz"),
    "safetensors": lambda: model(".safetensors"),
    "onnx": lambda: model(".onnx"),
    "state_dict": lambda: Target(texts.state_dicts, "json", read_state_dict),
    "matrix_text": lambda: Target(texts.matrices, "text", read_matrix_text),
    "equations": lambda: Target(texts.equations, "text", read_equations),
    "csv": lambda: Target(texts.tables, "text", table(".csv")),
    "gzip": lambda: Target(texts.packed_tables, "bytes", table(".csv.gz")),
    "npy": lambda: Target(texts.npy, "npy", table(".npy")),
    "parquet": lambda: Target(texts.parquet, "bytes", table(".parquet"), 1 << 15),
    "quantities": lambda: Target(texts.quantities, "text", read_quantity, 200),
    "command_line": lambda: Target(texts.command_lines, "lines", command_line(), 400),
}


def outcome(target, data):
    """What came of an input; what it prints is lost"""
    with contextlib.redirect_stdout(io.StringIO()):
        return target.read(data)
