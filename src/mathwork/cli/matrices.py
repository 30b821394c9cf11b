"""The commands `mathwork rref` and `mathwork solve`: row reduction and linear systems."""
import click
import numpy as np

from mathwork import matrix as functions
from mathwork.cli.lines import blamed_on, name_of
from mathwork.cli.matrix_text import read_matrix, write_matrix
from mathwork.cli.output import as_json, print_json
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
              help="Write every row operation and the matrix after it, in fractions.")
@modulus
@as_json
def rref(source, exact, steps, modulus, as_json):
    """Reduce a matrix to its reduced row echelon form.

    FILE is a .npy file, or text with one row a line, or - for text from standard input. Numbers in
    text have commas or spaces between them, and may be fractions like 3/4. Augmented columns stand
    behind a |, and get no pivots. Blank lines, lines that begin with # and a first row without a
    number are skipped.

    The result is text of the same form: numbers that read back to the same bits, and a comment with
    the rank and the columns of the pivots, counted from 1. With --json it is {"matrix": [[...],
    ...], "pivots": [...], "rank": ...}, with columns counted from 0; --steps adds "steps", the row
    operations. Fractions are strings like "3/4". NaN and infinity are null.
    """
    if steps and modulus is not None:
        raise click.UsageError("--steps computes with fractions: give --steps or --mod, not both.")
    arithmetic(None, exact, modulus)
    A, columns = read_matrix(source, exact or steps or modulus is not None)
    with blamed_on(name_of(source)):
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
        report = {"matrix": matrix, "pivots": pivots, "rank": len(pivots)}
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

    FILE holds the augmented matrix in a form that mathwork rref -h describes. Right-hand sides
    stand behind a |. Without a | the last column is the right-hand side.

    The first line of the result is unique, infinite, inconsistent or, if a number is not finite,
    nan. A line for each variable follows. Several right-hand sides follow one after the other, each
    with its variables or, if it has no solution, the word inconsistent. A comment says if a rank or
    a contradiction was too close to call.

    With --json the result is {"status": ..., "x": [...], "null_space": [[...], ...]}. Any
    combination of the columns of null_space may be added to x. Fractions are strings like "3/4".
    NaN, infinity and an x that does not exist are null.
    """
    arithmetic(None, exact, modulus)
    A, columns = read_matrix(source, exact or modulus is not None)
    if columns is None:
        columns = A.shape[1] - 1
    if not 0 <= columns < A.shape[1]:
        raise ValueError(f"{name_of(source)}: there is no right-hand side in it")
    b = A[:, columns:] if A.shape[1] - columns > 1 else A[:, columns]
    with blamed_on(name_of(source)):
        status, x, null_space = whole = functions.solve(
            A[:, :columns], b, exact=exact, modulus=modulus)
        parts = [whole] if b.ndim == 1 or as_json else [
            functions.solve(A[:, :columns], side, exact=exact, modulus=modulus) for side in b.T]
    if as_json:
        print_json({"status": status, "x": None if x is None else _digits(x),
                    "null_space": _digits(null_space)})
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
    """The lines after the status."""
    if status == "nan":
        return ["# the system holds NaN or infinity"]
    return [] if status == "inconsistent" else _variables(x, null_space)


def _variables(x, null_space):
    """Lines like x1 = 3 - 2 x2, one for each variable."""
    # In each vector of the null space the free variable is 1, and all after it are 0.
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
    """The shortest text that reads back to the same number."""
    from mathwork.matrix.rationals import as_text

    return as_text(number).removesuffix(".0")


def _digits(array):
    """`array` with Fractions as text: of a very long one str() gives none."""
    return np.frompyfunc(_number, 1, 1)(array) if array.dtype == object else array
