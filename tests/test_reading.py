"""Matrices and equations in text: what is read, and what is refused in which words."""
import re
import sys
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
from helpers import raises
from hypothesis import given

from mathwork.matrix import parse_equations, parse_matrix, solve
from mathwork.matrix.equations import CONSTANT, read_equations

HALF = Fraction(1, 2)
LINEAR = "SymPy solves equations that are not linear"
FOR_EXACT = ("exact numbers are finite, with an exponent of at most 999 and at most "
             f"{sys.get_int_max_str_digits()} digits")


def coefficients(text):
    """{name: coefficient} of left - right, as one equation has them"""
    A, b, names = read_equations([text], True)
    (row,), (constant,) = A, b
    return {CONSTANT: -constant, **dict(zip(names, row, strict=True))}



# ---- matrices ----

@pytest.mark.parametrize("text", [
    "1,2;3,4", "1 2; 3 4", "[1 2; 3 4]", "1,2\n3,4", "1 2;\n3 4;\n", "[[1, 2], [3, 4]]",
    "[[1, 2],\n [3, 4]]", "[[1. 2.]\n [3. 4.]]", "a,b\n1,2\n3,4", "# a comment\n\n1\t2\n3 4",
    r"1 & 2 \\ 3 & 4", r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}",
    "\\begin{pmatrix}\n1 & 2 \\\\[2pt]\n3 & 4\n\\end{pmatrix}",
    r"$\left[\begin{array}{cc} 1 & 2 \\ \hline 3 & 4 \end{array}\right]$",
    r"\left( \begin{matrix} \frac{2}{2} & 2 \\ 3 & \dfrac{8}{2} \end{matrix} \right)"])
def test_a_matrix_in_many_forms(text):
    matrix, columns = parse_matrix(text)
    assert matrix.tolist() == [[1, 2], [3, 4]] and columns is None
    assert all(type(entry) is Fraction for entry in matrix.flat)
    floats, _ = parse_matrix(text, exact=False)
    assert floats.dtype == np.float64 and floats.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("text", [
    "2 3 | 6; 4 5 | 10", "[2 3 | 6]\n[4 5 | 10]", "2,3,|,6\n4,5,|,10",
    r"2 & 3 & | & 6 \\ 4 & 5 & | & 10",
    r"\begin{array}{rr|r} 2 & 3 & 6 \\ 4 & 5 & 10 \end{array}",
    "\\begin{array}{|c c|c|}\n2 & 3 & 6 \\\\\n4 & 5 & 10\n\\end{array}"])
def test_the_bar_of_an_augmented_matrix(text):
    matrix, columns = parse_matrix(text)
    assert (matrix.tolist(), columns) == ([[2, 3, 6], [4, 5, 10]], 2)


def test_numbers_in_text():
    matrix, _ = parse_matrix(r"3/4, 0.1, 1e-3, \u22122; -\frac{1}{2}, .5, +7, \frac{-3}{4}".replace(
        r"\u2212", "\u2212"))
    assert matrix.tolist() == [[Fraction(3, 4), Fraction(1, 10), Fraction(1, 1000), -2],
                               [-HALF, HALF, 7, Fraction(-3, 4)]]
    assert parse_matrix("[1; 2]").matrix.tolist() == [[1], [2]]


@pytest.mark.parametrize(("text", "message"), [
    ("", "there is no row of numbers in the text"),
    ("a b", "there is no row of numbers in the text"),
    ("1 2\n3 2x", "line 2: column 2: '2x' is not a number"),
    ("a, 1; 2, 3", "column 1: 'a' is not a number: for matrices of symbols there is SymPy"),
    ("1 2; 3", "column 2: '2;' is not a number"),
    ("1;2;3\n4;5;6", "line 1: column 1: '1;2;3' is not a number"),    # columns, or a slip
    ("1 2; 3 4 5", "a row of length 3, those above have length 2"),
    ("1 2 | 3; 4 | 5 6", "the | stands after 1 numbers, in the rows above the | stands after 2 "
                         "numbers"),
    ("1 1e999999999", f"column 2: '1e999999999' is not a number: {FOR_EXACT}")])
def test_text_that_is_no_matrix(text, message):
    with raises(ValueError, message):
        parse_matrix(text)


def test_text_is_wanted():
    for parse in (parse_matrix, parse_equations):
        with raises(TypeError, "text must be a str, got list"):
            parse([[1, 2]])


# ---- equations ----

@pytest.mark.parametrize("text", [
    "2x + 3y = 6; 4x + 5y = 10", "2x + 3y = 6\n4x + 5y = 10", "2*x+3*y=6, 4 x + 5 y = 10",
    "2x = 6 - 3y; 10 = 4x + 5y", "x + 3y = 6 - x # comment\n#\n\n4(x + y) + y - 10 = 0",
    "2x + 3y \u2212 6 = 0; 4x + 5y = 10", "4/2 x + 3y = 6; 4x + 10y/2 = 10",
    r"\begin{cases} 2x + 3y = 6 \\ 4x + 5y = 10 \end{cases}",
    "\\begin{aligned}\n2x + 3y &= 6 \\\\\n4x + 5y &= 10\n\\end{aligned}",
    r"\frac{4}{2} x + 3 \cdot y = 6 \\ 4x + 5y = 10"])
def test_equations_in_many_forms(text):
    A, b, names = parse_equations(text)
    assert solve(A, b, exact=True).text(names) == "x = 0\ny = 2"
    floats = parse_equations(text, exact=False)
    assert floats.A.dtype == floats.b.dtype == np.float64
    assert floats.names == ("x", "y") and solve(floats.A, floats.b).text("xy") == "x = 0\ny = 2"


@pytest.mark.parametrize(("text", "expected"), [
    ("3/4 x - y = 0.5", {"": -HALF, "x": Fraction(3, 4), "y": -1}),
    ("3/4x = 1", {"": -1, "x": Fraction(3, 4)}), ("x/2 = y", {"": 0, "x": HALF, "y": -1}),
    ("-y = -(2 - x)", {"": 2, "y": -1, "x": -1}), ("--x = +3", {"": -3, "x": 1}),
    ("x - x = 0", {"": 0, "x": 0}), ("0x + .5 = 1e-1", {"": Fraction(2, 5), "x": 0}),
    ("2(x + 1)/3 = x*4", {"": Fraction(2, 3), "x": Fraction(-10, 3)}),
    ("x1 + x_2 + I_in' = \u03bb", {"": 0, "x1": 1, "x_2": 1, "I_in'": 1, "\u03bb": -1}),
    ("2 3 flow = 1", {"": -1, "flow": 6}), ("1 = 2", {"": -1}),
    ("2 e3 + e1 = 0", {"": 0, "e3": 2, "e1": 1})])
def test_one_equation(text, expected):
    assert coefficients(text) == expected


def test_names_are_in_the_order_of_their_appearance():
    A, b, names = parse_equations("b + a = 1; z_{2} = 3a")
    assert names == ("b", "a", "z_2")
    assert (A.tolist(), b.tolist()) == ([[1, 1, 0], [0, -3, 1]], [1, 0])


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2 ** 32))
def test_what_is_written_is_read(m, n, seed):
    rng = np.random.default_rng(seed)
    A = [[Fraction(*map(int, rng.integers((-9, 1), 10))) for _ in range(n)] for _ in range(m)]
    b = [Fraction(*map(int, rng.integers((-9, 1), 10))) for _ in range(m)]
    lines = [" + ".join(f"{factor} x{j}" for j, factor in enumerate(row)) + f" = {side}"
             for row, side in zip(A, b, strict=True)]
    found = parse_equations("\n".join(lines).replace("+ -", "- "))
    assert (found.A.tolist(), found.b.tolist()) == (A, b)
    assert found.names == tuple(f"x{j}" for j in range(n))


@pytest.mark.parametrize(("text", "message"), [
    ("x*y = 1", f"there is a product of unknowns: {LINEAR}, in 'x*y = 1'"),
    ("2x 3y = 1", f"there is a product of unknowns: {LINEAR}, in '2x 3y = 1'"),
    ("x^2 = 1", f"there is a power: {LINEAR}, in 'x^2 = 1'"),
    ("x**2 = 1", f"there is a power: {LINEAR}, in 'x**2 = 1'"),
    ("(x + 1)^2 = 1", f"there is a power: {LINEAR}, in '(x + 1)^2 = 1'"),
    ("sin(x) = 1", f"sin(...) is a function, or a product without *: {LINEAR}, in 'sin(x) = 1'"),
    ("2/x = 1", f"there is a division by an unknown: {LINEAR}, in '2/x = 1'"),
    ("x/0 = 1", "there is a division by zero, in 'x/0 = 1'"),
    ("2x + 3y", "there is no =, in '2x + 3y'"),
    ("x = 1 = y", "there is more than one =, in 'x = 1 = y'"),
    ("x + = 1", "there is '=' where a number or an unknown is wanted, in 'x + = 1'"),
    ("x =", "there is the end where a number or an unknown is wanted, in 'x ='"),
    ("2(x + 1 = 3", "there is '=' where ) is wanted, in '2(x + 1 = 3'"),
    ("x) = 3", "')' is not expected, in 'x) = 3'"),
    ("x @ 2 = 1", "'@' has no meaning in an equation, in 'x @ 2 = 1'"),
    ("2e3 = x", "2e3 may be a number or a product: write 2e+3 or 2*e3, in '2e3 = x'"),
    ("1e+9999999 x = 1", "1e+9999999 is too large or too small, in '1e+9999999 x = 1'"),
    ("x = 1\n\ny = x y", f"line 3: there is a product of unknowns: {LINEAR}, in 'y = x y'"),
    ("", "there is no equation in the text")])
def test_text_that_is_no_linear_equation(text, message):
    with raises(ValueError, message):
        parse_equations(text)


def test_nesting_has_an_end():
    assert coefficients("(" * 50 + "x" + ")" * 50 + " = 1") == {"": -1, "x": 1}
    with raises(ValueError, f"parentheses are nested too deeply, in '{'(' * 60}...'"):
        coefficients("(" * 10 ** 5 + "x" + ")" * 10 ** 5 + " = 1")
    assert coefficients("-" * 10 ** 5 + "x = 1") == {"": -1, "x": 1}


# ---- complex numbers ----

@pytest.mark.parametrize(("text", "number"), [
    ("3+2j", 3 + 2j), ("2i", 2j), ("-i", -1j), ("j", 1j), ("1-1/2j", 1 - 0.5j),
    ("-1e-5-2e+3j", -1e-5 - 2e3j),
    ("2-j", 2 - 1j), ("+3/4+0.5i", 0.75 + 0.5j), (".5j", 0.5j), ("1E5j", 1e5j)])
def test_a_complex_number(text, number):
    matrix, columns = parse_matrix(f"1 {text} | 2", exact=False)
    assert matrix.dtype == np.complex128 and matrix.tolist() == [[1, number, 2]] and columns == 2
    # Where commas separate numbers, spaces may stand around a sign.
    spaced = re.sub(r"(?<=[0-9])([+-])(?=[0-9.ij])", r" \1 ", text)
    if "e" not in text.lower():
        assert parse_matrix(f"1, {spaced}", exact=False).matrix.tolist() == [[1, number]]
    with pytest.raises(ValueError, match="complex numbers have no exact arithmetic here"):
        parse_matrix(f"1 {text}")


@pytest.mark.parametrize("text", ["3+-2j", "1--2j", "hi", "ej", "2jj", "1+2k", "2 j3", "1/0j"])
def test_what_is_no_complex_number(text):
    with pytest.raises(ValueError, match="is not a number"):
        parse_matrix(f"1, {text}", exact=False)


def test_reals_stay_reals():
    assert parse_matrix("1 2;3 4", exact=False).matrix.dtype == np.float64


@pytest.mark.parametrize("arrow", ["->", "-->", "=>", "<=>", "\u2192", "\u21cc", "\u27f6"])
def test_a_chemical_reaction_is_told_what_to_write(arrow):
    for text in (f"KMnO4 + HCl {arrow} KCl", f"2 H2 + O2 {arrow} 2 H2O"):
        with raises(ValueError, f"{arrow!r} belongs to a chemical reaction: write an equation for "
                                f"each element, such as 4 KMnO4 = H2O for oxygen, in {text!r}"):
            parse_equations(text)


@pytest.mark.parametrize(("text", "name"), [("(10-20j) a + 20j b = 100", "j"),
                                            ("20 j * a = 1", "j"), ("a 2i = 3", "i")])
def test_complex_coefficients_are_sent_to_matrices(text, name):
    with raises(ValueError, f"{name} is an unknown here, and no unknown is multiplied by another: "
                            "complex numbers stand in a matrix, such as 10-20j 20j | 100, in "
                            f"{text!r}"):
        parse_equations(text)


def test_i_and_j_are_names_of_unknowns():
    assert parse_equations("2i + 3j = 6").names == ("i", "j")


@pytest.mark.parametrize(("text", "column", "sign"), [("10 - 20j 20j | 100", 2, "-"),
                                                      ("1 + 2", 2, "+"), ("- 2 3", 1, "-")])
def test_a_blank_inside_a_number(text, column, sign):
    with raises(ValueError, f"column {column}: {sign!r} is not a number: there are no blanks in a "
                            "number, such as -2 or 10-20j"):
        parse_matrix(text, exact=False)
