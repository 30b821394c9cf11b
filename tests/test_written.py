"""What is written of reduced matrices and solutions: as in a book, in text and in LaTeX."""
import pickle
import re
from fractions import Fraction

import gauss
import hypothesis.strategies as st
import numpy as np
import pytest
from helpers import raises
from hypothesis import given

from mathwork.matrix import null_space, rref, solve
from mathwork.matrix.written import as_latex, as_text, combination, name_latex

LINE = [[1, 2]], [3]


# ---- numbers and sums ----

@pytest.mark.parametrize(("number", "text", "latex"), [
    (3, "3", "3"), (Fraction(3, 4), "3/4", r"\frac{3}{4}"),
    (Fraction(-6, 8), "-3/4", r"-\frac{3}{4}"),
    (Fraction(5), "5", "5"), (np.int64(7), "7", "7"), (0.1 + 0.2, "0.3", "0.3"), (-0.0, "0", "0"),
    (1e-30, "1e-30", r"1 \cdot 10^{-30}"), (1 - 2j, "1-2j", r"1-2\mathrm{j}"),
    (2j, "2j", r"2\mathrm{j}"), (-1j, "-1j", r"-1\mathrm{j}"), (3 + 0j, "3", "3"), (0j, "0", "0"),
    (np.complex64(0.1 + 0.2j), "0.1+0.2j", r"0.1+0.2\mathrm{j}"),
    (2 + 1e-16j, "2", "2"), (1e-16 - 2j, "-2j", r"-2\mathrm{j}"),
    (1e-9 + 1e-30j, "1e-09", r"1 \cdot 10^{-9}"), (1e-9 - 1e-9j, "1e-09-1e-09j",
    r"1 \cdot 10^{-9}-1 \cdot 10^{-9}\mathrm{j}"), (np.nan, "nan", "nan")])
def test_a_number(number, text, latex):
    assert (as_text(number), as_latex(number)) == (text, latex)


@pytest.mark.parametrize(("terms", "text"), [
    ([(3, ""), (-2, "t")], "3 - 2 t"), ([(0, ""), (1, "s"), (-1, "t")], "s - t"),
    ([(-1, "t")], "-t"), ([(Fraction(3, 4), ""), (Fraction(-1, 2), "t")], "3/4 - 1/2 t"),
    ([], "0"), ([(0, ""), (0, "t")], "0"), ([(1, ""), (1, "t")], "1 + t"),
    ([(2j, ""), (1 - 1j, "t")], "2j + (1-1j) t"),
    ([(1 - 1j, ""), (-2j, "t")], "1-1j - 2j t"), ([(0j, ""), (-1 + 0j, "s"), (1e-9 + 1e-9j, "t")],
    "-s + (1e-09+1e-09j) t"), ([(2, ""), (-1e-9j, "t")], "2 - 1e-09j t")])
def test_a_sum(terms, text):
    assert combination(terms) == text


@pytest.mark.parametrize(("name", "latex"), [
    ("x", "x"), ("x12", "x_{12}"), ("x_1", "x_{1}"), ("force", r"\mathrm{force}"),
    ("KMnO4", r"\mathrm{KMnO}_{4}"), ("\u03bb", "\u03bb"), ("a_b", r"\text{a\_b}")])
def test_a_name_in_latex(name, latex):
    assert name_latex(name) == latex


# ---- solutions ----

def test_one_solution():
    # 2x + 3y = 6, 4x + 5y = 10: the notes that this package implements.
    assert str(solve([[2, 3], [4, 5]], [6, 10])) == "x1 = 0\nx2 = 2"
    assert solve([[2, 3], [4, 5]], [6, 10]).text("xy") == "x = 0\ny = 2"


def test_a_line_of_solutions():
    text = "x1 = 3 - 2 t\nx2 = t\n\n(x1, x2) = (3, 0) + t (-2, 1)"
    assert str(solve(*LINE)) == str(solve(*LINE, exact=True)) == solve(*LINE).text() == text
    assert solve(*LINE).latex() == (
        "\\begin{aligned}\n"
        "x_{1} &= 3 - 2 t \\\\\n"
        "x_{2} &= t \\\\\n"
        "\\begin{pmatrix} x_{1} \\\\ x_{2} \\end{pmatrix} &= "
        "\\begin{pmatrix} 3 \\\\ 0 \\end{pmatrix} + t \\begin{pmatrix} -2 \\\\ 1 \\end{pmatrix}\n"
        "\\end{aligned}")
    assert solve(*LINE)._repr_latex_() == f"$\\displaystyle {solve(*LINE).latex()}$"


def test_fractions_and_two_parameters():
    assert str(solve([[4, 3, 1]], [2], exact=True)) == (
        "x1 = 1/2 - 3/4 t1 - 1/4 t2\nx2 = t1\nx3 = t2\n\n"
        "(x1, x2, x3) = (1/2, 0, 0) + t1 (-3/4, 1, 0) + t2 (-1/4, 0, 1)")


def test_a_parameter_has_a_name_of_its_own():
    assert solve(*LINE).text("st").startswith("s = 3 - 2 u\nt = u")
    assert solve([[1, 2, 1]], [3]).text(["t1", "b", "c"]).startswith("t1 = 3 - 2 s1 - s2")
    assert solve([[1] * 8], [3]).text("tsuvwpqr").startswith("t = 3 - free1 - free2")


def test_no_solution():
    for keywords in ({}, {"exact": True}, {"modulus": 5}):
        solution = solve([[1, 2], [2, 4]], [3, 7], **keywords)
        assert str(solution).startswith("There is no solution.")
        assert r"\text{There is no solution.}" in solution.latex()
    assert str(solve([[1, 2], [2, 4]], [[3, 1], [7, 2]])) == (
        "Right-hand side 1:\nThere is no solution.\n\n"
        "Right-hand side 2:\nx1 = 1 - 2 t\nx2 = t\n\n(x1, x2) = (1, 0) + t (-2, 1)")
    assert str(solve([[1, np.nan]], [1])) == "The system holds NaN or infinity."


def test_a_close_call_is_told():
    close = solve([[1, 1], [1, 1 + 1e-14]], [1, 1])
    assert close.ambiguous and str(close).endswith(
        "This was a close call in floats; exact=True decides it.")


def test_a_stack():
    A, b = [[[1, 2], [2, 4]], [[1, 0], [0, 1]], [[1, 2], [2, 4]]], [[3, 7], [3, 7], [1, 2]]
    line = "x1 = 1 - 2 t\nx2 = t\n\n(x1, x2) = (1, 0) + t (-2, 1)"
    text = ("System 1:\nThere is no solution.\n\nSystem 2:\nx1 = 3\nx2 = 7\n\nSystem 3:\n" + line)
    assert str(solve(A, b)) == str(solve(A, b, exact=True)) == text
    assert str(solve(A, b, modulus=11)) == text.replace("-2", "9").replace("- 2", "+ 9") + (
        "\n\nAll numbers are modulo 11.")


def test_the_modulus_is_kept():
    solution = solve(*LINE, modulus=7)
    assert (solution.modulus, solve(*LINE).modulus, solve(*LINE, exact=True).modulus) == (
        7, None, None)
    assert str(pickle.loads(pickle.dumps(solution))) == str(solution) == (
        "x1 = 3 + 5 t\nx2 = t\n\n(x1, x2) = (3, 0) + t (5, 1)\n\nAll numbers are modulo 7.")


@given(st.integers(1, 3), st.integers(1, 4), st.integers(0, 2 ** 32))
def test_the_written_equations_hold(m, n, seed):
    rng = np.random.default_rng(seed)
    A = np.array(gauss.of_rank(rng, m, n, rng.integers(0, min(m, n) + 1))).reshape(m, n)
    b = A @ rng.integers(-3, 4, n)
    equations, *_ = solve(A, b, exact=True).text().partition("\n\n")
    one = null_space(A).shape[1] == 1
    values = {"t" if one else f"t{i + 1}": Fraction(int(rng.integers(-9, 10))) for i in range(n)}
    for line in equations.splitlines():
        name, value = line.split(" = ")
        value = re.sub(r"(\d+)/(\d+)", r"Fraction(\1, \2)", value)
        value = re.sub(r"(?<=[\d)]) (?=t)", " * ", value)
        values[name] = eval(value, {"Fraction": Fraction}, values)
    assert (A @ np.array([values[f"x{i + 1}"] for i in range(n)], object) == b).all()


def test_names_that_do_not_fit():
    for call in (solve(*LINE).text, solve(*LINE).latex):
        with raises(ValueError, "names must hold 2 names, one for each unknown, got 3"):
            call("xyz")


def test_large_results_are_shortened_as_numpy_does():
    A = np.eye(1001)
    solution = solve(A, np.ones(1001))
    assert str(solution) == repr(solution) and solution._repr_latex_() is None
    assert solution.text().count("\n") == 1000
    reduced = rref(A)
    assert str(reduced) == repr(reduced) and reduced._repr_latex_() is None


# ---- reduced matrices ----

def test_a_reduced_matrix():
    assert str(rref([[1, 2, 3, 6], [0, 1, 4, 5]])) == (
        "[ 1  0  -5  -4 ]\n[ 0  1   4   5 ]\n\nrank 2, pivots in columns 1, 2")
    assert str(rref([[2, 3, 1]], columns=2, exact=True)) == (
        "[ 1  3/2 | 1/2 ]\n\nrank 1, pivot in column 1")
    assert str(rref(np.zeros((1, 2)))) == "[ 0  0 ]\n\nrank 0"
    assert rref([[2, 3, 1]], columns=2, exact=True)._repr_latex_() == (
        "$\\displaystyle \\begin{aligned}\n& \\left[\\begin{array}{rr|r} 1 & \\frac{3}{2} & "
        "\\frac{1}{2} \\end{array}\\right]\n\\end{aligned}$")


@pytest.mark.parametrize("keywords", [{"exact": True}, {"modulus": 11}])
def test_a_reduction_of_an_inconsistent_system_says_so(keywords):
    reduced = rref([[1, 2, 3], [2, 4, 7]], columns=2, **keywords)
    assert str(reduced).endswith("\n\nRow 2 says 0 = 1: there is no solution.")
    assert r"& \text{Row 2 says 0 = 1: there is no solution.}" in reduced.latex()
    assert "says" not in str(rref([[1, 2, 3], [2, 4, 6]], columns=2, **keywords))


def test_in_floats_rounding_is_no_contradiction(rng):
    for _ in range(200):
        A = rng.normal(size=(5, 2)) @ rng.normal(size=(2, 4))
        b = A @ rng.normal(size=4)
        assert "says" not in rref(np.column_stack((A, b)), columns=4).text()
        b[3] += 0.01
        assert "says 0 =" in rref(np.column_stack((A, b)), columns=4).text()


def test_a_stack_of_reduced_matrices():
    assert str(rref([[[1, 2, 3], [2, 4, 7]], [[1, 0, 3], [0, 1, 4]]], columns=2, exact=True)) == (
        "Matrix 1:\n[ 1  2 | 3 ]\n[ 0  0 | 1 ]\n\nrank 1, pivot in column 1\n\n"
        "Row 2 says 0 = 1: there is no solution.\n\n"
        "Matrix 2:\n[ 1  0 | 3 ]\n[ 0  1 | 4 ]\n\nrank 2, pivots in columns 1, 2")


def test_what_is_not_sure_is_told():
    assert rref([[1, 1], [1, 1 + 1e-14]]).text().endswith(
        "This was a close call in floats; exact=True decides it.")
    assert rref([[1, np.nan]]).text().endswith("NaN or infinity makes a matrix NaN.")


def test_latex_is_read_by_matplotlib():
    mathtext = pytest.importorskip("matplotlib.mathtext")
    parser = mathtext.MathTextParser("path")
    for line in solve([[4, 3, 1]], [2], exact=True).latex().splitlines()[1:4]:
        parser.parse(f"${line.removesuffix(' ' + 2 * chr(92)).replace('&', '')}$")
