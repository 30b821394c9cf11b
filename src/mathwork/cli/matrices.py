"""The commands `mathwork rref` and `mathwork solve`: a matrix in a file, reduced or solved."""
from contextlib import contextmanager

import click
import numpy as np

from mathwork import matrix as functions
from mathwork.cli.output import as_json, for_json, print_json
from mathwork.cli.tables import name_of, read_matrix, write_matrix
from mathwork.matrix.arithmetic import arithmetic

CLOSE = "too close to call in floats, see --exact"

exact = click.option("--exact", is_flag=True,
                     help="Compute with fractions: 0.8 is 4/5, and no rounding happens.")
modulus = click.option("--mod", "modulus", type=int, metavar="P",
                       help="Compute modulo this prime.")


@click.command()
@click.argument("source", metavar="FILE")
@exact
@click.option("--steps", is_flag=True,
              help="Write every row operation and what it makes of the matrix, in fractions.")
@modulus
@as_json
def rref(source, exact, steps, modulus, as_json):
    """Reduce a matrix to its reduced row echelon form.

    FILE is a .npy file, or text with one row a line, or - for text from standard input. Numbers in
    text have commas or spaces between them and may be fractions like 3/4; a | marks where the
    augmented columns begin, in which there are no pivots. Blank lines and lines that begin with #
    are skipped, and so is a first row without a number.

    The result is text of the same form, in numbers that read back to the same bits, and a comment
    with the rank and the columns of the pivots. With --json it is {"matrix": [[...], ...],
    "pivots": [...], "rank": ...}, columns counted from 0, fractions as strings like "3/4", and
    null for NaN and infinity; --steps adds "steps", the row operations.
    """
    if steps and modulus is not None:
        raise click.UsageError("--steps computes with fractions: give --steps or --mod, not both.")
    arithmetic(None, exact, modulus)
    A, columns = read_matrix(source, exact or steps or modulus is not None)
    with _blamed_on(source):
        if steps:
            work = functions.eliminate(A, columns=columns)
            matrix, pivots, remark = work.result, work.pivots, ""
        else:
            reduced = functions.rref(A, columns=columns, exact=exact, modulus=modulus)
            matrix, pivots = reduced
            remark = f"; {CLOSE}" if reduced.ambiguous else ""
            if reduced.status:
                remark = "; the matrix holds NaN or infinity"
    matrix = _digits(matrix)
    if as_json:
        report = {"matrix": for_json(matrix), "pivots": list(pivots), "rank": len(pivots)}
        if steps:
            report["steps"] = [str(step) for step in work.steps]
        print_json(report)
        return
    if steps:
        click.echo(f"{work}\n")
    else:
        write_matrix(matrix, columns)
    click.echo(f"# rank {len(pivots)}{_columns_text(pivots)}{remark}")


def _columns_text(pivots):
    if not pivots:
        return ""
    return (", pivots in columns " if len(pivots) > 1 else ", pivot in column ") + ", ".join(
        str(pivot + 1) for pivot in pivots)


@click.command()
@click.argument("source", metavar="FILE")
@exact
@modulus
@as_json
def solve(source, exact, modulus, as_json):
    """Solve a linear system.

    FILE holds the augmented matrix, as mathwork rref -h describes it: right-hand sides stand behind
    the |, and where there is none the last column is the right-hand side.

    The first line of the result is unique, infinite, inconsistent, or nan where a number is not
    finite. Each variable has a line after it, for each right-hand side, or that side's own status.
    A comment says if a rank or a contradiction was too close to call. With --json the result is
    {"status": ..., "x": [...], "null_space": [[...], ...]}: any combination of the columns of
    null_space may be added to x. Fractions are strings like "3/4", and null stands for NaN,
    infinity, and an x that does not exist.
    """
    arithmetic(None, exact, modulus)
    A, columns = read_matrix(source, exact or modulus is not None)
    if columns is None:
        columns = A.shape[1] - 1
    if not 0 <= columns < A.shape[1]:
        raise ValueError(f"{name_of(source)}: there is no right-hand side in it")
    b = A[:, columns:] if A.shape[1] - columns > 1 else A[:, columns]
    with _blamed_on(source):
        status, x, null_space = whole = functions.solve(
            A[:, :columns], b, exact=exact, modulus=modulus)
        parts = [whole] if b.ndim == 1 or as_json else [
            functions.solve(A[:, :columns], side, exact=exact, modulus=modulus) for side in b.T]
    if as_json:
        print_json({"status": status, "x": None if x is None else for_json(_digits(x)),
                    "null_space": for_json(_digits(null_space))})
        return
    click.echo(status)
    for k, part in enumerate(parts):
        if b.ndim > 1:
            click.echo(f"\nright-hand side {k + 1}")
            if part.status == "inconsistent":
                click.echo(part.status)
        for line in _solution(*part):
            click.echo(line)
    if whole.ambiguous and status != "nan":
        click.echo(f"# {CLOSE}")


def _solution(status, x, null_space):
    """The lines after the status"""
    if status == "nan":
        return ["# the system holds NaN or infinity"]
    return [] if status == "inconsistent" else _variables(x, null_space)


def _variables(x, null_space):
    """x1 = 3 - 2 x2, one line a variable"""
    # In each vector of the null space the free variable is 1, and what comes after it 0.
    free = [np.flatnonzero(vector)[-1] for vector in null_space.T]
    for i, value in enumerate(x):
        if i in free:
            yield f"x{i + 1} is free"
            continue
        terms = [(factor, f" x{variable + 1}")
                 for factor, variable in zip(null_space[i], free, strict=True) if factor]
        if value or not terms:
            terms.insert(0, (value, ""))
        text = f"x{i + 1} ="
        for place, (factor, variable) in enumerate(terms):
            sign = "-" if factor < 0 else "+"
            size = _number(abs(factor))
            written = variable.strip() if variable and size == "1" else size + variable
            if place:
                text += f" {sign} {written}"
            else:
                text += f" {'-' if factor < 0 else ''}{written}"
        yield text


def _number(number):
    """The shortest text that reads back"""
    from mathwork.matrix.rationals import as_text

    return as_text(number).removesuffix(".0")


def _digits(array):
    """An array as it is, but text in place of Fractions, of which str refuses the longest"""
    return np.frompyfunc(_number, 1, 1)(array) if array.dtype == object else array


@contextmanager
def _blamed_on(source):
    """What is wrong now is wrong with what came from `source`"""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise type(error)(f"{name_of(source)}: {error}") from None
