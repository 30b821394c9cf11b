"""Text that is long: memory stays in proportion to it, and what cannot is refused by a bound.

A way that takes the square of the length would not end here: nothing looks at a clock.
"""
import io
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest

from mathwork.matrix import parse_equations, parse_matrix
from mathwork.matrix.equations import LONGEST, MOST_BITS, MOST_EXACT
from mathwork.matrix.text_rows import LONGEST_ROW, MOST_DIGITS, PIECE

SIZE = 400_000          # characters; a number of one digit takes four times its text


def memory_of(read):
    """(result, the most memory that was in use meanwhile, in bytes)"""
    tracemalloc.start()
    try:
        return read(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# ---- matrices ----

@pytest.mark.parametrize("row", ["1 2 3\n", "1.5, -2, 3e5\n", "[1, 2, 3],\n", "1 2 | 3\n",
                                 "1 & 2 & 3 \\\\\n", "1 2 1/3 # note\n", "1,2,3;"])
def test_rows_take_memory_in_proportion(row):
    text = row * (SIZE // len(row))
    (matrix, _), most = memory_of(lambda: parse_matrix(text, exact=False))
    assert matrix.shape == (SIZE // len(row), 3) and matrix.dtype == np.float64
    np.testing.assert_array_equal(matrix[-1], matrix[0])
    assert most < 5 * len(text) + 30 * PIECE


@pytest.mark.parametrize("number", ["1 ", "1.25 ", "1,", "-3e5,\t"])
def test_one_long_line(number):
    count = SIZE // len(number)
    text = (number * count).rstrip(", \t")
    (matrix, _), most = memory_of(lambda: parse_matrix(text, exact=False))
    assert matrix.shape == (1, count) and (matrix == float(number.strip(", \t"))).all()
    assert most < 6 * len(text) + 30 * PIECE    # 4 of them are the matrix of one-digit numbers


@pytest.mark.parametrize("separator", [",", " ", ", ", "\t"])
@pytest.mark.parametrize("exact", [True, False])
def test_a_row_that_is_cut_has_every_number(separator, exact):
    count = 3 * PIECE // 7
    text = separator.join(map(str, range(count)))
    assert len(text) > PIECE
    matrix, _ = parse_matrix(f"{text}\n{text}", exact=exact)
    assert matrix.shape == (2, count)
    assert matrix[1].tolist() == list(range(count))


@pytest.mark.parametrize(("end", "message"), [
    (" x", "must have plain numbers alone"), (", ,1", "must have plain numbers alone")])
def test_what_is_wrong_in_a_long_line(end, message):
    with pytest.raises(ValueError, match=message):
        parse_matrix("1," * LONGEST_ROW + "1" + end, exact=False)


def test_rows_of_other_than_plain_numbers_have_a_longest():
    count = LONGEST_ROW // 8
    fits = "1/2 1/4 " * count
    matrix, _ = parse_matrix(fits[:LONGEST_ROW], exact=False)
    assert matrix.shape == (1, 2 * count) and matrix[0, -1] == 0.25
    with pytest.raises(ValueError, match=f"one with anything else may have {LONGEST_ROW:,}"):
        parse_matrix(fits + "1/2", exact=False)


def test_exact_numbers_have_a_most():
    with pytest.raises(ValueError, match=f"^line .*: at most {MOST_EXACT:,} numbers are read"):
        parse_matrix("1 2 3 4 5 6 7 8 9 10\n" * (MOST_EXACT // 10 + 1))
    with pytest.raises(ValueError, match=f"^at most {MOST_EXACT:,} numbers are read"):
        parse_matrix("1," * MOST_EXACT + "1")


def test_equal_exact_numbers_are_one():
    count = SIZE // 6
    (matrix, _), most = memory_of(lambda: parse_matrix("-1/99 " * count))
    assert matrix[0, 0] is matrix[0, -1] and matrix[0, 0] == Fraction(-1, 99)
    assert most < 8 * SIZE + 30 * PIECE         # pointers alone, not a hundred bytes each


def test_exponents_have_a_sum():
    rows = "1e999 -1e-999\n" * (MOST_DIGITS // 1998 + 1)
    with pytest.raises(ValueError, match=f"ask for more than {MOST_DIGITS:,} digits"):
        parse_matrix(rows)


@pytest.mark.parametrize("text", [
    r"\\[" * 400_000, r"\begin{" * 200_000, r"\frac{" * 200_000, r"\frac{1}{" * 100_000,
    r"\left" * 200_000, "1;" * 500_000, "[" * 10**6, "] [" * 400_000, "(1)/(" * 200_000,
    "1" + " " * 900_000 + "x i, 2", "]" + " " * 10**6 + "x", "+" * 10**6, "1e" * 100_000,
    "_{" * 400_000, "|" * 10**6, "&" * 900_000, "1 " * 50_000 + "x", "\0" * 10**6,
    r"\begin{array}{" * 100_000, "; " * 400_000, "-" * 900_000 + "j", "1" * 900_000 + "/"])
@pytest.mark.parametrize("exact", [True, False])
def test_signs_without_end(text, exact):
    with pytest.raises(ValueError):
        parse_matrix(text, exact=exact)
    with pytest.raises(ValueError):
        parse_equations(text, exact=exact)


@pytest.mark.parametrize(("number", "value"), [
    ("9" * 10_000, np.inf), ("1" + "0" * 300, 1e300), ("0." + "0" * 400 + "1", 0.0),
    ("1e999999", np.inf), ("-1e999999", -np.inf), ("1e-999999", 0.0), ("1" * 300 + "e-300", 1/9)])
def test_numbers_of_many_digits(number, value):
    np.testing.assert_allclose(parse_matrix(f"{number} 1", exact=False).matrix[0, 0], value,
                               rtol=1e-15)


@pytest.mark.parametrize("number", ["9" * 10_000, "1e999999", "1e-999999", "1/0", "0/0",
                                    "1/" + "9" * 10_000])
def test_numbers_that_cannot_be_exact(number):
    with pytest.raises(ValueError, match=r"^column 2: .* is not a number") as info:
        parse_matrix(f"1 {number}")
    assert len(str(info.value)) < 300


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n", "\f\n", "\x85", "\u2028"])
def test_line_ends(line_end):
    assert parse_matrix(f"1 2{line_end}3 4{line_end}", exact=False).matrix.tolist() == [[1, 2],
                                                                                       [3, 4]]


# ---- equations ----

def test_an_equation_of_many_unknowns():
    count = 50_000
    text = " + ".join(f"{number} x{number}" for number in range(count)) + " = 1"
    A, b, names = parse_equations(text)
    assert A.shape == (1, count) and A[0].tolist() == list(range(count)) and b == [1]
    assert names[-1] == f"x{count - 1}"


def test_constants_beside_many_unknowns():
    unknowns = " + ".join(f"x{number}" for number in range(20_000))
    A, b, _ = parse_equations(f"({unknowns}){'*2/2' * 20_000} = {'2/2*' * 20_000} 3")
    assert (A == 1).all() and b == [3]


@pytest.mark.parametrize("text", [
    "*".join(["9"] * 100_000) + " x = 1", "x = " + "*".join(["9e+999"] * 1000),
    "x = " + " + ".join(f"1/{2 * number + 1}" for number in range(50_000)),
    "1/9e+900 " * 6 + "x = 1"])
def test_coefficients_have_a_size(text):
    with pytest.raises(ValueError, match=f"a coefficient has more than {MOST_BITS:,} bits, in "):
        parse_equations(text)


def test_a_matrix_of_equations_has_a_size():
    count = 2001
    text = "\n".join(f"x{number} = 1" for number in range(count))
    with pytest.raises(ValueError, match=f"2,001 equations in 2,001 unknowns make a matrix of "
                                         f"4,004,001 numbers; at most {MOST_EXACT:,} are made"):
        parse_equations(text, exact=False)


def test_equations_have_a_length():
    with pytest.raises(ValueError, match=f"equations may have {LONGEST:,} characters together"):
        parse_equations("x = 1\n" + "1 " * (LONGEST // 2))


def test_a_coefficient_beyond_floats():
    text = "3e+384 x = 1"
    assert parse_equations(text).A[0, 0] == 3 * 10**384
    with pytest.raises(ValueError, match=r"too large for a float: exact=True reads it, in '3e\+3"):
        parse_equations(text, exact=False)


# ---- tables ----

@pytest.fixture
def table(tmp_path):
    pytest.importorskip("click")

    def read(text, *, columns=False):
        from mathwork.cli.columns import open_table
        from mathwork.cli.tables import read_table

        path = tmp_path / "table.csv"
        path.write_text(text)
        if not columns:
            return read_table(str(path))
        with open_table(str(path)) as found:
            return found.names

    return read


@pytest.mark.parametrize("columns", [True, False])
@pytest.mark.parametrize("text", ["1," * 5_100_000 + "1\n", "x" * 10_000_001,
                                  "x,y\n1,2\n" + "1" * 10_000_001])
def test_a_line_of_a_table_has_a_longest(text, columns, table):
    with pytest.raises(ValueError, match=r"table.csv: line [13]: it has more than 10,000,000"):
        table(text, columns=columns)


def test_a_sample_of_wide_rows_is_small(table):
    row = ",".join(["1"] * 100_000) + "\n"
    names, most = memory_of(lambda: table(row * 40, columns=True))
    assert len(names) == 100_000
    assert most < 10 * len(row * 40)    # all 40 rows as strings would take 30 times as much


def test_a_packed_line_without_end(tmp_path):
    pytest.importorskip("click")
    import gzip

    from mathwork.cli.columns import open_table

    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"1" * 10**8, 9, mtime=0))
    assert path.stat().st_size < 10**6

    def read():
        with pytest.raises(ValueError, match=r"bomb\.csv\.gz: line 1: it has more than 10,000,000"):
            open_table(str(path))

    _, most = memory_of(read)
    assert most < 6 * 10**7


def test_a_matrix_in_a_file_has_a_longest_line(monkeypatch, tmp_path):
    pytest.importorskip("click")
    from mathwork.cli import lines
    from mathwork.cli.matrix_text import read_matrix

    monkeypatch.setattr(lines, "LONGEST_LINE", 1000)
    path = tmp_path / "matrix.txt"
    path.write_text("1 2\n" + "3 " * 500)
    with pytest.raises(ValueError, match="row of length 500"):
        read_matrix(str(path), False)
    path.write_text("1 2\n" + "3 " * 501)
    with pytest.raises(ValueError, match=r"matrix.txt: line 2: it has more than 1,000 char"):
        read_matrix(str(path), False)


def test_lines_are_counted_to_the_error():
    lines = io.StringIO("1 2\n" * 5000 + "3 x\n")
    with pytest.raises(ValueError, match=r"^line 5001: column 2: 'x' is not a number"):
        parse_matrix(lines.read())
