"""The command `mathwork fit`: a regression between columns of a table."""
import click
import numpy as np

from mathwork.cli.columns import GAPS_ADVICE, Pieces, explaining, open_table
from mathwork.cli.fit_reports import Asked, report
from mathwork.cli.names import listed
from mathwork.cli.numerals import joined
from mathwork.cli.options import Column, CommaList, Command, File, format_of, reading
from mathwork.cli.output import as_json, check_picture, progress, warn

# Bytes of columns that are kept in memory; a line or plane through more goes through Moments.
HELD = 1 << 28
ROBUST = ("HC0", "HC1", "HC2", "HC3", "HAC")


@click.command(cls=Command)
@click.argument("source", type=File(), metavar="FILE")
@click.option("--y", "y_name", type=Column(), metavar="COLUMN", required=True,
              help="The column to explain.")
@click.option("--x", "x_names", type=CommaList(), metavar="COLUMN,...",
              help="The columns that explain it. Default: all other columns of numbers.")
@click.option("--poly", "degree", type=click.IntRange(0, 100), metavar="D",
              help="Fit a polynomial of degree D in the one x.")
@click.option("--group", "group_name", type=Column(), metavar="COLUMN",
              help="Fit a line or a plane for each value in this column.")
@click.option("--rolling", "window", type=click.IntRange(2), metavar="ROWS",
              help="Fit a line or a plane to each window of so many rows.")
@click.option("--weights", "weights_name", type=Column(), metavar="COLUMN",
              help="The column of weights, the factors of the squared residuals.")
@click.option("--robust", type=click.Choice(ROBUST),
              help="Standard errors that allow for residuals of unequal size (HC0 to HC3), or also "
                   "for neighbours that are alike (HAC).")
@click.option("--cluster", "cluster_name", type=Column(), metavar="COLUMN",
              help="Standard errors that allow for rows that are alike where this column is.")
@click.option("--missing", type=click.Choice(["drop"]),
              help="Leave out rows in which one of these columns has no number.")
@reading
@click.option("--plot", "picture", type=File(), metavar="FILE",
              help="Draw data, fit and confidence band to this .png, .svg or .pdf file.")
@as_json
def fit(source, y_name, x_names, degree, group_name, window, weights_name, robust, cluster_name,
        missing, picture, as_json, **text):
    """Fit a line, a plane or a polynomial to columns of a table.

    FILE is a table of text (.csv, .tsv, .txt), a .npy or a .parquet file, with one row an
    observation, also packed by gzip; or - for standard input. A COLUMN is a name in the header, or
    @3 for the third column. A name with a comma stands in quotes: --x '"a,b",c'. Other columns may
    hold text. Blank lines are skipped.

    The first row is the header if it holds text and no number. The result says what was taken for
    it. --header and --no-header decide. A first column without a name, as pandas writes an index,
    counts only if it is named: @1.

    One x gives a line with intercept, and several give one plane. The result is a table of
    coefficients, standard errors and tests. --group gives one fit for each group, in order of first
    appearance, and leaves out rows with nothing in its column. --rolling gives one fit for each
    row: of the rows that end with it. Both take up to ten x, and --robust HC0 to HC3. Tests and the
    band of --plot need SciPy, .parquet files pyarrow; with pyarrow text is read faster.

    A cell in one of these columns that is no finite number is an error, or with --missing drop a
    gap: its row is left out. A line or a plane through more rows than memory should hold is
    computed while they are read.

    With --json the keys are the fields of the Python result: for a line {"slope": ...,
    "intercept": ..., "pvalue": ...}, for several x {"params": [...], "bse": [...], ...} with the
    intercept first, for --poly {"coef": [...], ...} with the constant first. --group gives "keys"
    and these fields as lists, --rolling "row" and the fields; of several x they are "params",
    "bse", "tvalues", "pvalues", "rsquared", "nobs" and "status". "x" and "y" name the columns,
    "header" is the header or null, and "n_omitted" counts the rows that --missing drop left out.
    NaN and infinity are null.
    """
    cov = robust or "nonrobust"
    alone = {"--poly": degree, "--plot": picture, "--cluster": cluster_name,
             "--robust HAC": robust if robust == "HAC" else None}
    _refuse_beside(group_name, "--group fits", alone | {"--rolling": window})
    _refuse_beside(window, "--rolling fits", alone)
    _refuse_beside(cluster_name, "--cluster gives standard errors", {"--robust": robust})
    if picture is not None:
        check_picture(picture)
    with open_table(source, format_of(**text)) as table:
        y_at, key_at, weights_at = (
            None if name is None else table.find(name)
            for name in (y_name, group_name or cluster_name, weights_name))
        x_at = explaining(table, x_names, y_at, key_at, weights_at)
        if len(x_at) > 1 and degree is not None:
            raise ValueError(f"--poly takes one x, got {listed(map(table.label, x_at))}: name "
                             "it with --x")
        advice = {} if x_names is not None else dict.fromkeys(
            x_at, f"--x names the columns to use, {GAPS_ADVICE}")
        pieces = Pieces(table, [y_at, *x_at, *([] if weights_at is None else [weights_at])],
                        key_at, missing == "drop", advice)
        streams = all(each is None for each in (degree, key_at, window, picture, robust))
        data = _gathered(pieces, weights_at is not None, HELD if streams else None)
        if pieces.keyless:
            warn(f"{table.shown}: {pieces.keyless} rows are left out: nothing in column "
                 f"{table.label(key_at)}")
        if pieces.nobs == pieces.omitted:
            raise ValueError(f"{table.shown}: there is no row in which "
                             f"{listed(map(table.label, pieces.at))} are all numbers")
        labels = {"x": [table.label(at) for at in x_at], "y": table.label(y_at)}
        if key_at is not None:
            labels["cluster" if group_name is None else "group"] = table.label(key_at)
            cov = "cluster" if group_name is None else cov
        report(Asked(table, pieces, labels, degree, window, cov, picture, as_json),
               data)


def _refuse_beside(value, option, others):
    given = [name for name, other in others.items() if other is not None]
    if value is not None and given:
        raise click.UsageError(f"{option} by itself: give it without {', '.join(given)}.")


def _gathered(pieces, weighted, limit):
    """(columns, codes of groups) of all pieces, or their Moments if they exceed `limit` bytes."""
    from mathwork.regression import Moments

    moments, size, codes = None, 0, []
    held = [[] for _ in pieces.at]

    def add(arrays):
        y, *xs = arrays[:-1] if weighted else arrays
        moments.update(np.stack(xs, axis=1), y, weights=arrays[-1] if weighted else None)

    with progress(pieces.table.source) as tick:
        for arrays, coded in pieces:
            tick()
            if moments is not None:
                add(arrays)
                continue
            for column, piece in zip(held, arrays, strict=True):
                column.append(piece)
            codes.append(coded)
            size += sum(array.nbytes for array in arrays)
            if limit is not None and size > limit:
                moments = Moments()
                for earlier in zip(*held, strict=True):
                    add(earlier)
                held.clear()
    if moments is not None:
        return moments
    columns = [joined(held.pop(0)) for _ in pieces.at]      # which frees the pieces of each
    return columns, None if pieces.key_at is None else np.concatenate(codes)
