"""Matrices on the command line: what rref and solve write, and what they refuse."""
import json
import sys

import numpy as np
import pytest
from command_line import error_of, output_of

from mathwork import matrix

SYSTEM = "2 3 | 6\n4 5 | 10\n"          # 2x + 3y = 6, 4x + 5y = 10: x = 0, y = 2
FOR_EXACT = ("exact numbers are finite, with an exponent of at most 999 and at most "
             f"{sys.get_int_max_str_digits()} digits")


def json_of(*arguments, stdin=None):
    return json.loads(output_of(*arguments, "--json", stdin=stdin))


@pytest.mark.parametrize("command", ["rref", "solve"])
def test_help(command):
    assert f"\n  {command} " in output_of("-h")
    text = output_of(command, "-h")
    assert text.startswith(f"Usage: mathwork {command} ") and "--json" in text


# ---- rref ----

@pytest.mark.parametrize("text", [
    SYSTEM, "2,3,|,6\n4,5,|,10\n", "2, 3 | 6\r\n4, 5 | 10", "[ 2  3 |  6 ]\n[ 4  5 | 10 ]\n",
    "\ufeff# two equations\nx y b\n\n2 3 | 6\n4 5 | 10", "2|3|6".replace("|", " ", 1) + "\n4 5|10",
    "4/2\t3 | 6.0\n4e0\t5 | 20/2\n"])
@pytest.mark.parametrize("options", [(), ("--exact",)])
def test_rref_reads_text(text, options):
    assert output_of("rref", "-", *options, stdin=text) == (
        "1 0 | 0\n0 1 | 2\n# rank 2, pivots in columns 1, 2\n")


def test_rref_of_a_file(folder):
    # The corrected example of the notes that this package implements.
    (folder / "m.csv").write_text("1,2,3,6\n0,1,4,5\n")
    expected = "1 0 -5 -4\n0 1  4  5\n# rank 2, pivots in columns 1, 2\n"
    assert output_of("rref", "m.csv") == expected
    np.save("m.npy", [[1, 2, 3, 6], [0, 1, 4, 5]])
    for options in ((), ("--exact",)):
        assert output_of("rref", "m.npy", *options) == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_read_back_to_the_same_bits(folder, rng, dtype):
    A = rng.normal(size=(4, 6)).astype(dtype)
    np.save("m.npy", A)
    expected = matrix.rref(A).matrix
    assert np.array_equal(np.loadtxt(output_of("rref", "m.npy").splitlines(), dtype=dtype),
                          expected)
    assert np.array_equal(np.array(json_of("rref", "m.npy")["matrix"], dtype), expected)


def test_text_of_a_result_is_read_again(rng):
    text = "\n".join(" ".join(map(str, row)) for row in rng.normal(size=(3, 5)))
    once = output_of("rref", "-", stdin=text)
    assert output_of("rref", "-", stdin=once) == once


def test_rref_json():
    report = json_of("rref", "-", stdin="1 2 3 | 6\n2 4 6 | 12\n")
    accepted, rejected = report.pop("margin")
    assert accepted > 1e10 and rejected == 0
    assert report == {"matrix": [[1, 2, 3, 6], [0, 0, 0, 0]], "pivots": [0], "rank": 1,
                      "ambiguous": False, "status": 0}
    report = json_of("rref", "-", stdin="1 1\n1 1.00000000000001")
    assert report["ambiguous"] is True and 1 < report["margin"][0] < 64


def test_rref_exact():
    report = json_of("rref", "-", "--exact", stdin="3 0.1 1/3\n0 1 2\n")
    assert report == {"matrix": [["1", "0", "2/45"], ["0", "1", "2"]], "pivots": [0, 1], "rank": 2}
    text = output_of("rref", "-", "--exact", stdin="2 1\n")
    assert text == "1 1/2\n# rank 1, pivot in column 1\n"


def test_rref_modulo():
    report = json_of("rref", "-", "--mod", 7, stdin="3 1/2\n1 5\n")        # 1/2 is 4 modulo 7
    assert report == {"matrix": [[1, 0], [0, 1]], "pivots": [0, 1], "rank": 2}
    assert output_of("rref", "-", "--mod", 5, stdin="2 4\n1 2\n") == (
        "1 2\n0 0\n# rank 1, pivot in column 1\n")


def test_rref_steps_are_those_of_eliminate():
    work = matrix.eliminate([[2, 3, 6], [4, 5, 10]], columns=2)
    expected = f"{work}\n\n# rank 2, pivots in columns 1, 2\n"
    assert output_of("rref", "-", "--steps", stdin=SYSTEM) == expected
    assert output_of("rref", "-", "--steps", "--exact", stdin=SYSTEM) == expected
    assert json_of("rref", "-", "--steps", stdin=SYSTEM) == {
        "matrix": [["1", "0", "0"], ["0", "1", "2"]], "pivots": [0, 1], "rank": 2,
        "steps": ["R2 <- R2 - 2 R1", "R2 <- -R2", "R1 <- R1 - 3 R2", "R1 <- 1/2 R1"]}


def test_rref_says_when_the_rank_was_close():
    # [[.95, .45], [.05, .55]] - I, rounded: singular but for rounding.
    text = f"{0.95 - 1} 0.45\n0.05 {0.55 - 1}\n"
    assert output_of("rref", "-", stdin=text).endswith(
        "; too close to call in floats, see --exact\n")
    assert "close" not in output_of("rref", "-", "--exact", stdin=text)


def test_rref_of_what_is_not_finite():
    assert output_of("rref", "-", stdin="1 nan\n2 inf") == (
        "nan nan\nnan nan\n# rank 0; the matrix holds NaN or infinity\n")
    assert json_of("rref", "-", stdin="1 nan") == {
        "matrix": [[None, None]], "pivots": [], "rank": 0, "ambiguous": True,
        "margin": [None, None], "status": 1}


def test_bars_may_stand_first_and_last():
    assert output_of("rref", "-", stdin="| 1 2\n| 3 4") == "| 1 2\n| 3 4\n# rank 0\n"
    assert output_of("rref", "-", stdin="2 4 |") == "1 2 |\n# rank 1, pivot in column 1\n"


# ---- solve ----

@pytest.mark.parametrize("text", [SYSTEM, "2 3 6\n4 5 10", "2,3,6\n4,5,10"])
@pytest.mark.parametrize("options", [(), ("--exact",)])
def test_solve_unique(text, options):
    assert output_of("solve", "-", *options, stdin=text) == "unique\nx1 = 0\nx2 = 2\n"


def test_solve_infinite():
    text = "1 2 3 | 6\n0 1 4 | 5/2"
    for options in ((), ("--exact",)):
        result = output_of("solve", "-", *options, stdin=text)
        assert result in ("infinite\nx1 = 1 + 5 x3\nx2 = 2.5 - 4 x3\nx3 is free\n",
                          "infinite\nx1 = 1 + 5 x3\nx2 = 5/2 - 4 x3\nx3 is free\n")
    assert output_of("solve", "-", stdin="0 1 1 0 | 0") == (
        "infinite\nx1 is free\nx2 = -x3\nx3 is free\nx4 is free\n")


def test_solve_inconsistent():
    for options in ((), ("--exact",), ("--mod", 5)):
        assert output_of("solve", "-", *options, stdin="1 2 | 3\n2 4 | 7") == "inconsistent\n"
    report = json_of("solve", "-", stdin="1 2 | 3\n2 4 | 7")
    assert report == {"status": "inconsistent", "x": [None, None], "null_space": [[-2], [1]],
                      "ambiguous": False}
    report = json_of("solve", "-", "--exact", stdin="1 2 | 3\n2 4 | 7")
    assert report == {"status": "inconsistent", "x": None, "null_space": [["-2"], ["1"]]}


def test_solve_several_right_hand_sides():
    assert output_of("solve", "-", stdin="2 0 | 2 4\n0 1 | 1 3") == (
        "unique\n\nright-hand side 1\nx1 = 1\nx2 = 1\n\nright-hand side 2\nx1 = 2\nx2 = 3\n")
    assert json_of("solve", "-", "--mod", 3, stdin="2 0 | 2 4\n0 1 | 1 3") == {
        "status": "unique", "x": [[1, 2], [1, 0]], "null_space": [[], []]}


def test_solve_json():
    assert json_of("solve", "-", stdin=SYSTEM) == {
        "status": "unique", "x": [0, 2], "null_space": [[], []], "ambiguous": False}
    assert json_of("solve", "-", stdin="1 1 1\n1 1.00000000000001 1")["ambiguous"] is True
    assert json_of("solve", "-", "--exact", stdin="3 | 1") == {
        "status": "unique", "x": ["1/3"], "null_space": [[]]}


def test_solve_of_what_is_not_finite():
    assert output_of("solve", "-", stdin="1 nan | 2").startswith("nan\n")
    assert json_of("solve", "-", stdin="1 0 inf\n0 1 1") == {
        "status": "nan", "x": [None, None], "null_space": [[], []], "ambiguous": False}


def test_solve_says_what_is_wrong_with_which_side():
    assert output_of("solve", "-", stdin="1 nan 2\n1 2 3") == (
        "nan\n# the system holds NaN or infinity\n")
    text = "1 2 | 3 1\n2 4 | 6 3"
    for options in ((), ("--exact",), ("--mod", 5)):
        found = output_of("solve", "-", *options, stdin=text)
        assert found.startswith("inconsistent\n\nright-hand side 1\nx1 = 3 ")
        assert found.endswith("\n\nright-hand side 2\ninconsistent\n")


def test_solve_without_variables():
    assert output_of("solve", "-", stdin="0\n0") == "unique\n"
    assert output_of("solve", "-", stdin="|0 1\n|0 2") == (
        "inconsistent\n\nright-hand side 1\n\nright-hand side 2\ninconsistent\n")


def test_solve_tells_a_close_call():
    assert output_of("solve", "-", stdin="1 1 1\n1 1.00000000000001 1").endswith(
        "\n# too close to call in floats, see --exact\n")


def test_exact_numbers_of_any_length():
    text = "\n".join(" ".join(f"{i + j}e{999 if i == j else -999}" for j in range(1, 5))
                     for i in range(1, 4))
    for options in ((), ("--json",), ("--steps",)):
        assert len(output_of("rref", "-", "--exact", *options, stdin=text)) > 5000
    for options in ((), ("--json",)):
        assert len(output_of("solve", "-", "--exact", *options, stdin=text)) > 5000


def test_solve_of_an_array_file(folder):
    np.save("m.npy", np.array([[2, 3, 6], [4, 5, 10]], np.float32))
    assert output_of("solve", "m.npy") == "unique\nx1 = 0\nx2 = 2\n"


# ---- steps ----

def test_solve_steps():
    work = matrix.eliminate([[2, 3, 6], [4, 5, 10]], columns=2)
    assert output_of("solve", "-", "--steps", stdin=SYSTEM) == f"{work}\n\nunique\nx1 = 0\nx2 = 2\n"
    assert json_of("solve", "-", "--steps", stdin=SYSTEM) == {
        "status": "unique", "x": ["0", "2"], "null_space": [[], []],
        "steps": [str(step) for step in work.steps]}


@pytest.mark.parametrize("command", ["rref", "solve"])
def test_steps_modulo_a_prime(command):
    work = matrix.eliminate([[2, 3, 6], [4, 5, 10]], columns=2, modulus=7)
    text = output_of(command, "-", "--steps", "--mod", 7, stdin=SYSTEM)
    assert text.startswith(f"{work}\n\n") and "/" not in text
    assert text.endswith("x1 = 0\nx2 = 2\n" if command == "solve" else
                         "# rank 2, pivots in columns 1, 2\n")


def test_steps_of_an_inconsistent_system():
    text = output_of("solve", "-", "--steps", stdin="1 2 | 3\n2 4 | 7")
    assert text.endswith("[ 1  2 | 3 ]\n[ 0  0 | 1 ]\n\n"
                         "Row 2 says 0 = 1: there is no solution.\n\ninconsistent\n")
    assert output_of("rref", "-", "--exact", stdin="1 2 | 3\n2 4 | 7") == (
        "1 2 | 3\n0 0 | 1\n# rank 1, pivot in column 1\n"
        "# Row 2 says 0 = 1: there is no solution.\n")


# ---- input as people write it ----

EQUATIONS = "2x + 3y = 6; 4x = 10 - 5y"


def test_equations_in_the_argument_in_a_file_and_in_standard_input(folder):
    (folder / "system.txt").write_text("# two equations\n2x + 3y = 6\n4x = 10 \u2212 5y\n", "utf-8")
    for options in ((), ("--exact",)):
        for arguments in ((EQUATIONS,), ("system.txt",)):
            assert output_of("solve", *arguments, *options) == "unique\nx = 0\ny = 2\n"
        assert output_of("solve", "-", *options, stdin=EQUATIONS) == "unique\nx = 0\ny = 2\n"
    assert output_of("solve", "speed + 2 t = 3") == "infinite\nspeed = 3 - 2 t\nt is free\n"
    assert json_of("solve", EQUATIONS, "--mod", 7)["names"] == ["x", "y"]
    assert output_of("rref", EQUATIONS, "--exact") == (
        "1 0 | 0\n0 1 | 2\n# rank 2, pivots in columns 1, 2\n# unknowns x, y\n")
    assert json_of("rref", EQUATIONS)["names"] == ["x", "y"]


@pytest.mark.parametrize("text", ["1,2;3,4", "1 2; 3 4", "[[1, 2], [3, 4]]",
                                  r"1 & 2 \\ 3 & 4", r"\begin{bmatrix}1&2\\3&4\end{bmatrix}"])
def test_a_matrix_in_the_argument(text):
    expected = "1 0\n0 1\n# rank 2, pivots in columns 1, 2\n"
    assert output_of("rref", text) == output_of("rref", "-", stdin=text) == expected


def test_an_argument_is_a_file_if_there_is_one(folder):
    (folder / "1,2;3,4").write_text("5 10")
    assert output_of("rref", "1,2;3,4") == "1 2\n# rank 1, pivot in column 1\n"
    for name in ("none", "my matrix", "a=b.csv", "2024", "1,2.txt"):
        assert error_of("rref", name) == f"mathwork: {name}: No such file or directory"


def test_errors_in_the_argument():
    assert error_of("solve", "x y = 2") == (
        "mathwork: the argument: there is a product of unknowns: SymPy solves equations that are "
        "not linear, in 'x y = 2'")
    assert error_of("rref", "1 2; 3 4 5") == (
        "mathwork: the argument: a row of length 3, those above have length 2")
    assert error_of("solve", "-", stdin="x + y = 2\n\nx^2 = 4") == (
        "mathwork: standard input: line 3: there is a power: SymPy solves equations that are not "
        "linear, in 'x^2 = 4'")


# ---- bad input ----

@pytest.mark.parametrize(("text", "message"), [
    ("", "there is no row of numbers in it"),
    ("a b\n", "there is no row of numbers in it"),
    ("1 2\n3 x", "line 2: column 2: 'x' is not a number: for matrices of symbols there is SymPy"),
    ("1 2\n3 2*x", "line 2: column 2: '2*x' is not a number"),
    ("1 2\n\n3 4 5", "line 3: a row of length 3, those above have length 2"),
    ("1 2\n3 | 4", "line 2: the | stands after 1 numbers, in the rows above there is no |"),
    ("1 | 2\n3 4", "line 2: there is no |, in the rows above the | stands after 1 numbers"),
    ("1 | 2 | 3", "line 1: there is more than one |"),
    ("1,,2", "line 1: column 2: '' is not a number"),
    ("1/0 2", "line 1: column 1: '1/0' is not a number"),
    ("1 |\n|", "line 2: there is no number in it"),
])
def test_bad_text(folder, text, message):
    (folder / "m.csv").write_text(text)
    for options in ((), ("--exact",)):
        for command in ("rref", "solve"):
            assert error_of(command, "m.csv", *options) == f"mathwork: m.csv: {message}"
    assert error_of("rref", "-", stdin=text) == f"mathwork: standard input: {message}"


@pytest.mark.parametrize("number", ["nan", "inf", "1e999999999", "1e-1000"])
def test_what_is_not_exact(number):
    assert error_of("rref", "-", "--exact", stdin=f"1 {number}") == (
        f"mathwork: standard input: line 1: column 2: '{number}' is not a number: {FOR_EXACT}")


@pytest.mark.parametrize(("array", "message"), [
    (np.ones(3), "a matrix has shape (m, n), got (3,)"),
    (np.ones((1, 2, 3)), "a matrix has shape (m, n), got (1, 2, 3)"),
])
def test_bad_arrays(folder, array, message):
    np.save("m.npy", array)
    for command in ("rref", "solve"):
        assert error_of(command, "m.npy") == f"mathwork: m.npy: {message}"


def test_arrays_of_no_numbers(folder):
    np.save("m.npy", np.zeros((2, 2), "M8[s]"))
    assert error_of("rref", "m.npy") == (
        "mathwork: m.npy must hold real numbers, got dtype datetime64[s]")
    np.save("m.npy", [[1, np.nan]])
    assert error_of("rref", "m.npy", "--exact") == (
        "mathwork: m.npy: A must be finite to be exact, got NaN")
    (np.arange(3)).tofile("m.npy")
    assert error_of("rref", "m.npy").startswith("mathwork: m.npy: not a .npy file of numbers: ")


# ---- complex numbers ----

def test_complex_numbers_in_text(folder):
    # (1 + i) x = 2i has x = 1 + i; -i times the second row is [0 1 2].
    assert output_of("rref", "1+1j 0 | 2i; 0 i | 2j") == (
        "1 0 | 1+1j\n0 1 |    2\n# rank 2, pivots in columns 1, 2\n")
    assert output_of("solve", "-", stdin="1 2j 1 | 3-1/2i\n") == (
        "infinite\nx1 = 3-0.5j - 2j x2 - x3\nx2 is free\nx3 is free\n")
    assert output_of("solve", "1 1+2i | 3") == "infinite\nx1 = 3 + (-1-2j) x2\nx2 is free\n"
    assert output_of("solve", "1 i | 1; i -1 | 1").startswith("inconsistent\n")
    assert output_of("rref", "1j, 1 - 2j; 2, 3").endswith("# rank 2, pivots in columns 1, 2\n")
    assert "# rank 1, pivot in column 1; too close to call in floats\n" in output_of(
        "rref", "1 1i; 1i -1.000000000000001")
    # What is written reads back to the same bits.
    text = output_of("rref", "1+2j 2|1; 2j 1|0.1j")
    assert output_of("rref", "-", stdin=text) == text


def test_complex_numbers_in_json_are_pairs(folder):
    report = json_of("solve", "1 1i | 1+2i; 1i -1 | -2+i")
    assert report == {"status": "infinite", "x": [[1, 2], [0, 0]],
                      "null_space": [[[0, -1]], [[1, 0]]], "ambiguous": False}
    np.save("m.npy", np.array([[2j, 4], [np.nan, 1]], np.complex64)[:1])
    assert json_of("rref", "m.npy")["matrix"] == [[[1, 0], [0, -2]]]
    np.save("m.npy", np.array([[np.nan * 1j, 1]]))
    assert json_of("rref", "m.npy")["matrix"] == [[[None, None], [None, None]]]


def test_complex_numbers_have_no_exact_arithmetic(folder):
    for option in (["--exact"], ["--steps"], ["--mod", 7]):
        assert error_of("rref", "1 2i", *option) == (
            "mathwork: the argument: column 2: '2i' is not a number: complex numbers have no exact "
            "arithmetic here, and are read as floats")
    np.save("m.npy", np.array([[1j]]))
    assert error_of("rref", "m.npy", "--exact").startswith(
        "mathwork: m.npy: A must hold real numbers, got dtype complex128: Fractions")


def test_text_that_is_none(folder):
    (folder / "m.txt").write_bytes(b"1 2\n\xff\xfe")
    assert error_of("rref", "m.txt") == "mathwork: m.txt: it is not text in UTF-8"


def test_bad_moduli_and_options():
    assert error_of("rref", "-", "--mod", 6, stdin=SYSTEM) == (
        "mathwork: modulus must be a prime, got 6")
    assert error_of("solve", "-", "--mod", 3, "--exact", stdin=SYSTEM) == (
        "mathwork: exact and modulus exclude each other, got both")
    assert error_of("rref", "-", "--mod", 3, stdin="1/3") == (
        "mathwork: standard input: A has the entry 1/3, whose denominator is divisible by the "
        "modulus 3")
    assert error_of("rref", "none.csv") == "mathwork: none.csv: No such file or directory"


def test_solve_wants_a_right_hand_side(folder):
    assert error_of("solve", "-", stdin="1 2 |") == (
        "mathwork: standard input: there is no right-hand side in it")
    np.save("m.npy", np.ones((2, 0)))
    assert error_of("solve", "m.npy") == "mathwork: m.npy: there is no right-hand side in it"


@pytest.mark.parametrize(("first", "options", "cell"), [
    ("inf inf", ["--exact"], "inf"), ("nan 1", ["--exact"], "nan"),
    ("1e1000 2e1000", ["--exact"], "1e1000"), ("1/0 2/0", [], "1/0"), ("1;2 3", [], "1;2"),
    ("1.5/2 3/1.5", [], "1.5/2")])
def test_a_first_row_that_fails_is_no_header(first, options, cell):
    assert error_of("rref", "-", *options, stdin=f"{first}\n3 4\n") == (
        f"mathwork: standard input: line 1: column 1: {cell!r} is not a number"
        + (f": {FOR_EXACT}" if "--exact" in options else ""))


def test_the_minus_sign_of_typeset_pages():
    assert output_of("rref", "-", stdin="\u22121 \u22122\n3 4\n").startswith("1 0\n0 1\n")


def test_a_chemical_reaction_is_no_name_of_a_file():
    """The reader of docs/systems.md who gives the reaction itself is told what to write"""
    message = error_of("solve", "KMnO4 + HCl -> KCl + MnCl2")
    assert message == ("mathwork: the argument: '->' belongs to a chemical reaction: write an "
                       "equation for each element, such as 4 KMnO4 = H2O for oxygen, in "
                       "'KMnO4 + HCl -> KCl + MnCl2'")
