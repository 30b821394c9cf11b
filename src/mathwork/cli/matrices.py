"""The commands `mathwork rref` and `mathwork solve`: row reduction and linear systems."""
import click
import numpy as np

from mathwork import matrix as functions
from mathwork.cli.lines import blamed_on
from mathwork.cli.matrix_text import complex_text, read_matrix, source_name, write_matrix
from mathwork.cli.options import Command, File
from mathwork.cli.output import as_json, busy, print_json
from mathwork.matrix.arithmetic import arithmetic
from mathwork.matrix.rationals import as_text
from mathwork.matrix.written import (
    assignments,
    checked_names,
    contradictions_text,
    pivots_text,
)

CLOSE = "too close to call in floats"
SEE_EXACT = ", see --exact"

matrix = click.argument("source", type=File(), metavar="FILE_OR_TEXT")
exact = click.option("--exact", is_flag=True,
                     help="Compute with fractions: 0.8 is 4/5, and no rounding happens.")
steps = click.option("--steps", is_flag=True,
                     help="Write every row operation and the matrix after it, in fractions or "
                          "modulo the prime of --mod.")
modulus = click.option("--mod", "modulus", type=int, metavar="P",
                       help="Compute modulo this prime.")


@click.command(cls=Command)
@matrix
@exact
@steps
@modulus
@as_json
def rref(source, exact, steps, modulus, as_json):
    """Reduce a matrix to its reduced row echelon form.

    The matrix is in a file, .npy or text, or it is text in standard input if the file is -, or it
    is the argument itself, as in mathwork rref "1,2;3,4". Text has a row a line, or ; between rows.
    Numbers have commas, spaces or & between them, and may be fractions like 3/4 or complex numbers
    like 3+2j or 2i. Augmented columns stand behind a |, and get no pivots. Blank lines, lines that
    begin with # and a first row without a number are skipped. LaTeX is read too, and so are
    equations: see mathwork solve -h.

    The result is text of the same form: numbers that read back to the same bits, and a comment with
    the rank and the columns of the pivots, counted from 1. Another comment names a row that says
    0 = 1. With --json it is {"matrix": [[...], ...], "pivots": [...], "rank": ..., "ambiguous":
    ..., "margin": [accepted, rejected], "status": ...}, with columns counted from 0. The last three
    are of floats alone: whether the rank was too close to call, how close it was, and 1 if the
    matrix holds NaN or infinity, else 0. --steps adds "steps", the row operations, and equations
    add "names". Fractions are strings like "3/4", complex numbers are pairs [re, im]. NaN and
    infinity are null.
    """
    arithmetic(None, exact, modulus)
    with busy("reading"):
        A, columns, names = read_matrix(source, exact or steps or modulus is not None)
    with busy("reducing"), blamed_on(source_name(source)):
        if steps:
            work = functions.eliminate(A, columns=columns, modulus=modulus)
            matrix, pivots, remark = work.result, work.pivots, ""
        else:
            reduced = functions.rref(A, columns=columns, exact=exact, modulus=modulus)
            matrix, pivots = reduced
            remark = f"; {_close(matrix)}" if reduced.ambiguous else ""
            if reduced.status:
                remark = "; the matrix holds NaN or infinity"
    if as_json:
        report = {"matrix": _digits(matrix), "pivots": pivots, "rank": len(pivots)}
        if steps:
            report["steps"] = [str(step) for step in work.steps]
        elif not exact and modulus is None:
            report |= {"ambiguous": reduced.ambiguous, "margin": list(reduced.margin),
                       "status": reduced.status}
        if names is not None:
            report["names"] = names
        print_json(report)
        return
    if steps:
        click.echo(f"{work}\n")
    else:
        write_matrix(_digits(matrix), columns)
    click.echo(f"# {pivots_text(pivots)}{remark}")
    if names is not None:
        click.echo(f"# unknowns {', '.join(names)}")
    if columns is not None and not steps:
        for sentence in contradictions_text(matrix, len(pivots), columns):
            click.echo(f"# {sentence}")


@click.command(cls=Command)
@matrix
@exact
@steps
@modulus
@as_json
def solve(source, exact, steps, modulus, as_json):
    """Solve a linear system.

    The system is equations, as in mathwork solve "2x + 3y = 6; 4x + 5y = 10", in the argument, in a
    file or in standard input if the file is -. There is one a line, or there is a ; between them.
    Or it is an augmented matrix in a form that mathwork rref -h describes. Right-hand sides stand
    behind a |. Without a | the last column is the right-hand side.

    The first line of the result is unique, infinite, inconsistent or, if a number is not finite,
    nan. A line for each variable follows. Several right-hand sides follow one after the other, each
    with its variables or, if it has no solution, the word inconsistent. A comment says if a rank or
    a contradiction was too close to call. With --steps the row operations stand before all this,
    and numbers are fractions.

    With --json the result is {"status": ..., "x": [...], "null_space": [[...], ...], "ambiguous":
    ...}. Any combination of the columns of null_space may be added to x. ambiguous is of floats
    alone: whether a rank or a contradiction was too close to call. --steps adds "steps", and
    equations add "names". Fractions are strings like "3/4", complex numbers are pairs [re, im].
    NaN, infinity and an x that does not exist are null.
    """
    arithmetic(None, exact, modulus)
    exact = exact or (steps and modulus is None)
    with busy("reading"):
        A, columns, names = read_matrix(source, exact or modulus is not None)
    if columns is None:
        columns = A.shape[1] - 1
    if not 0 <= columns < A.shape[1]:
        raise ValueError(f"{source_name(source)}: there is no right-hand side in it")
    b = A[:, columns:] if A.shape[1] - columns > 1 else A[:, columns]
    with busy("solving"), blamed_on(source_name(source)):
        status, x, null_space = whole = functions.solve(
            A[:, :columns], b, exact=exact, modulus=modulus)
        parts = [whole] if b.ndim == 1 or as_json else [
            functions.solve(A[:, :columns], side, exact=exact, modulus=modulus) for side in b.T]
        work = functions.eliminate(A, columns=columns, modulus=modulus) if steps else None
    if as_json:
        report = {"status": status, "x": None if x is None else _digits(x),
                  "null_space": _digits(null_space)}
        if not exact and modulus is None:
            report["ambiguous"] = whole.ambiguous
        if steps:
            report["steps"] = [str(step) for step in work.steps]
        if names is not None:
            report["names"] = names
        print_json(report)
        return
    if steps:
        click.echo(f"{work}\n")
    click.echo(status)
    for k, part in enumerate(parts):
        if b.ndim > 1:
            click.echo(f"\nright-hand side {k + 1}")
            if part.status == "inconsistent":
                click.echo(part.status)
        for line in _solution(*part, checked_names(names, columns)):
            click.echo(line)
    if whole.ambiguous and status != "nan":
        click.echo(f"# {_close(null_space)}")


def _solution(status, x, null_space, names):
    """The lines after the status."""
    if status == "nan":
        return ["# the system holds NaN or infinity"]
    return [] if status == "inconsistent" else _variables(x, null_space, names)


def _variables(x, null_space, names):
    """Lines like x1 = 3 - 2 x2, one for each variable."""
    # In each vector of the null space the free variable is 1, and all after it are 0.
    free = [names[np.flatnonzero(vector)[-1]] for vector in null_space.T]
    for name, value in assignments(x, null_space, names, free, _number):
        yield f"{name} is free" if name in free else f"{name} = {value}"


def _close(found):
    """What is said of a close call; complex numbers have no --exact."""
    return CLOSE if np.iscomplexobj(found) else CLOSE + SEE_EXACT


def _number(number):
    """The shortest text that reads back to the same number."""
    if isinstance(number, (complex, np.complexfloating)):
        return complex_text(number)
    return as_text(number).removesuffix(".0")


def _digits(array):
    """`array` with Fractions as text: of a very long one str() gives none."""
    return np.frompyfunc(_number, 1, 1)(array) if array.dtype == object else array
