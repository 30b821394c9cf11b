"""Elimination by elementary operations: each step, what is written of it, and where it leads."""
import pickle
from fractions import Fraction

import gauss
import hypothesis.strategies as st
import numpy as np
import pytest
from helpers import raises
from hypothesis import given

from mathwork.matrix import Elimination, augment, eliminate, rref
from mathwork.matrix.steps import Add, Scale, Swap

entries = st.one_of(st.integers(-9, 9), st.fractions(-9, 9, max_denominator=6))


@st.composite
def matrices(draw, numbers=entries):
    m, n = draw(st.integers(0, 5)), draw(st.integers(0, 6))
    array = np.empty((m, n), object)
    for at in np.ndindex(m, n):
        array[at] = draw(numbers)
    return array


def is_echelon(rows, pivots, columns):
    """Whether row i has its first entry at pivots[i], among the columns that may have pivots"""
    firsts = [next((j for j, entry in enumerate(row[:columns]) if entry), None) for row in rows]
    return firsts == [*pivots, *[None] * (len(rows) - len(pivots))]


# ---- the documented examples ----

def test_the_documented_system():
    # 2x + 3y = 6, 4x + 5y = 10: the notes that this package implements.
    work = eliminate(augment([[2, 3], [4, 5]], [6, 10]), columns=2)
    assert work.result.tolist() == [[1, 0, 0], [0, 1, 2]]
    assert [str(step) for step in work.steps] == [
        "R2 <- R2 - 2 R1", "R2 <- -R2", "R1 <- R1 - 3 R2", "R1 <- 1/2 R1"]
    assert str(work) == "\n\n".join([
        "[ 2  3 |  6 ]\n[ 4  5 | 10 ]", "R2 <- R2 - 2 R1",
        "[ 2   3 |  6 ]\n[ 0  -1 | -2 ]", "R2 <- -R2",
        "[ 2  3 | 6 ]\n[ 0  1 | 2 ]", "R1 <- R1 - 3 R2",
        "[ 2  0 | 0 ]\n[ 0  1 | 2 ]", "R1 <- 1/2 R1",
        "[ 1  0 | 0 ]\n[ 0  1 | 2 ]"])


def test_the_documented_matrix():
    # Noted as [[1, 0, 0, -14], [0, 1, 0, 5]], which is not the reduced form of it.
    work = eliminate([[1, 2, 3, 6], [0, 1, 4, 5]])
    assert work.steps == (Add(target=0, source=1, factor=Fraction(-2)),)
    assert work.result.tolist() == [[1, 0, -5, -4], [0, 1, 4, 5]]
    assert str(work) == ("[ 1  2  3  6 ]\n[ 0  1  4  5 ]\n\nR1 <- R1 - 2 R2\n\n"
                         "[ 1  0  -5  -4 ]\n[ 0  1   4   5 ]")


# ---- exact ----

@given(matrices(), st.sampled_from(["textbook", "integers"]))
def test_the_result_is_the_reduced_form(A, order):
    work = eliminate(A, order=order)
    expected, pivots = gauss.over_rationals(A.tolist(), A.shape[1])
    assert work.result.tolist() == expected and work.pivots == pivots
    assert work.result.shape == work.matrix.shape == A.shape
    assert (work.result == rref(A, exact=True).matrix).all()
    assert all(type(entry) is Fraction for entry in work.result.flat)


@given(matrices(), st.integers(0, 6))
def test_columns_keep_pivots_out_of_the_augmented_part(A, columns):
    columns = min(columns, A.shape[1])
    work = eliminate(A, columns=columns)
    expected, pivots = gauss.over_rationals(A.tolist(), columns)
    assert work.pivots == pivots and work.columns == columns and work.rank == len(pivots)
    result = work.result.tolist()
    assert [row[:columns] for row in result] == [row[:columns] for row in expected]
    if not any(any(row) for row in expected[len(pivots):]):
        assert result == expected


@given(matrices(), st.booleans(), st.sampled_from(["textbook", "integers"]))
def test_steps_are_elementary_and_lead_to_the_result(A, reduced, order):
    work = eliminate(A, reduced=reduced, order=order)
    states = work.matrices()
    assert (states[0] == A).all() and len(states) == len(work.steps) + 1
    for step, before, after in zip(work.steps, states, states[1:], strict=False):
        expected = before.copy()
        if isinstance(step, Swap):
            assert step.i != step.j
            expected[[step.i, step.j]] = expected[[step.j, step.i]]
        elif isinstance(step, Scale):
            assert step.factor not in (0, 1)
            expected[step.i] *= step.factor
        else:
            assert isinstance(step, Add) and step.target != step.source and step.factor != 0
            expected[step.target] += step.factor * expected[step.source]
        assert (after == expected).all()
    assert is_echelon(work.result.tolist(), work.pivots, A.shape[1])


@given(matrices())
def test_the_steps_as_one_matrix(A):
    work = eliminate(A)
    m = len(A)
    assert work.transform.shape == (m, m)
    assert (work.transform @ A == work.result).all() if A.size else True
    assert (work.replay(A) == work.result).all()
    column = np.arange(m)
    assert work.replay(column).shape == (m,)
    assert work.replay(column).tolist() == work.replay(column[:, None])[:, 0].tolist()
    assert work.replay(np.empty((m, 0))).shape == (m, 0)


def test_fractions_are_avoided_where_they_can_be(rng):
    # Down to echelon form the rows are integers; fractions come with the last divisions.
    for _ in range(50):
        A = rng.integers(-9, 10, (4, 5))
        for state in eliminate(A, reduced=False, order="integers").matrices():
            assert all(entry.denominator == 1 for entry in state.flat)


@given(matrices())
def test_the_order_of_a_textbook_clears_an_entry_in_one_step(A):
    steps = eliminate(A).steps
    scaled = [step for step in steps if isinstance(step, Scale)]
    added = [step for step in steps if isinstance(step, Add)]
    rank = rref(A, exact=True).rank
    assert len(scaled) <= rank and len(added) <= rank * (len(A) - 1)
    assert len(steps) - len(scaled) - len(added) <= min(rank, max(len(A) - 1, 0))


@pytest.mark.parametrize(("n", "largest"), [(2, 9), (3, 9), (3, 999), (4, 9)])
def test_a_regular_system_takes_no_more_steps_than_by_hand(rng, n, largest):
    # n divisions and n (n - 1) subtractions; an exchange only brings up a 1, and saves a division.
    for _ in range(50):
        A = rng.integers(1, largest + 1, (n, n + 1))
        work = eliminate(A, columns=n)
        exchanges = sum(isinstance(step, Swap) and bool(before[step.i, :n].any())
                        for step, before in zip(work.steps, work.matrices(), strict=False))
        assert len(work.steps) <= n * n + exchanges


def steps_column_by_column(A, columns):
    """How many steps a hand takes that clears each column with its first row that is not zero"""
    rows, steps, rank = [[Fraction(entry) for entry in row] for row in A.tolist()], 0, 0
    for column in range(columns):
        found = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if found is None:
            continue
        steps += found != rank
        rows[rank], rows[found] = rows[found], rows[rank]
        pivot = rows[rank][column]
        steps += pivot != 1
        rows[rank] = [entry / pivot for entry in rows[rank]]
        for i, row in enumerate(rows):
            if i != rank and row[column]:
                steps += 1
                rows[i] = [entry - row[column] * other
                           for entry, other in zip(row, rows[rank], strict=True)]
        rank += 1
    return steps


@given(matrices(st.integers(-3, 3)))
def test_no_more_steps_than_column_by_column(A):
    n = A.shape[1]
    assert len(eliminate(A).steps) <= steps_column_by_column(A, n)
    assert len(eliminate(A, columns=n // 2).steps) <= steps_column_by_column(A, n // 2)


def test_where_it_costs_no_step_numbers_are_the_nicer_ones():
    # A 1 below saves the division; a row of even numbers is halved at once, others at the end.
    assert [str(step) for step in eliminate([[3, 2], [1, 1]]).steps] == [
        "R1 <-> R2", "R2 <- R2 - 3 R1", "R2 <- -R2", "R1 <- R1 - R2"]
    assert str(eliminate([[2, 4, 6], [3, 1, 5]]).steps[0]) == "R1 <- 1/2 R1"
    assert [str(step) for step in eliminate([[2, 3, 6], [4, 5, 10]]).steps][-1] == "R1 <- 1/2 R1"


# ---- modulo a prime ----

@given(matrices(st.integers(-9, 9)), st.sampled_from([2, 3, 7, 2 ** 31 - 1]), st.booleans())
def test_modulo_a_prime_the_result_is_that_of_rref(A, p, reduced):
    work = eliminate(A, modulus=p, reduced=reduced)
    expected = rref(A, modulus=p)
    assert work.pivots == expected.pivots and (work.modulus, work.exact) == (p, True)
    if reduced:
        assert work.result.tolist() == expected.matrix.tolist()
    assert work.result.dtype == work.matrix.dtype == np.int64
    assert (work.matrix == A.astype(int) % p).all()
    assert (work.replay(A) == work.result).all()
    assert is_echelon(work.result.tolist(), work.pivots, A.shape[1])


def test_modulo_a_prime_as_text():
    # 6 is 3 * 2, and 2 * -3 is 1 modulo 7.
    work = eliminate([[2, 1], [6, 5]], modulus=7, columns=1)
    assert str(work) == "\n\n".join([
        "[ 2 | 1 ]\n[ 6 | 5 ]", "R2 <- R2 - 3 R1", "[ 2 | 1 ]\n[ 0 | 2 ]", "R1 <- -3 R1",
        "[ 1 | 4 ]\n[ 0 | 2 ]", "Row 2 says 0 = 2: there is no solution."])
    assert repr(work) == ("<Elimination: 2 x 2 to reduced echelon form, 2 steps, rank 1 modulo 7>")


# ---- systems without a solution ----

def test_an_inconsistent_system_is_told():
    assert str(eliminate([[1, 2, 3], [2, 4, 7]], columns=2)).endswith(
        "[ 1  2 | 3 ]\n[ 0  0 | 1 ]\n\nRow 2 says 0 = 1: there is no solution.")
    assert eliminate([[1, 2, 3], [2, 4, 7]], columns=2).latex().endswith(
        " \\\\\n& \\text{Row 2 says 0 = 1: there is no solution.}\n\\end{aligned}")
    # In floats too, but not of what is rounding: 0.1 + 0.2 is not 0.3.
    assert "Row 2 says 0 = 1:" in str(eliminate([[1, 2, 3], [2, 4, 7]], columns=2, exact=False))
    rounded = eliminate([[1, 1, 0.1], [1, 1, 0.2], [2, 2, 0.1 + 0.2]], columns=2, exact=False)
    assert "Row 2 says 0 =" in str(rounded)
    assert "says" not in str(eliminate([[0.1, 0.1], [0.3, 0.1 + 0.2]], columns=1, exact=False))
    assert "says" not in str(eliminate([[1, 2, 3], [2, 4, 7]]))
    assert str(eliminate([[1, 0, 5], [0, 0, 2]], columns=1)).endswith(
        "Row 2 says 0 = 2: right-hand side 2 has no solution.")


def test_floats_are_the_decimals_they_print():
    work = eliminate([[0.1, 0.2]])
    assert str(work) == "[ 1/10  1/5 ]\n\nR1 <- 10 R1\n\n[ 1  2 ]"


# ---- floats ----

def test_floats_as_they_are():
    work = eliminate([[2, 3, 6], [4, 5, 10]], exact=False, columns=2)
    assert work.matrix.dtype == work.result.dtype == work.transform.dtype == np.float64
    assert [str(step) for step in work.steps] == [
        "R1 <-> R2", "R2 <- R2 - 0.5 R1", "R2 <- 2 R2", "R1 <- R1 - 5 R2", "R1 <- 0.25 R1"]
    assert work.result.tolist() == [[1, 0, 0], [0, 1, 2]]


@pytest.mark.parametrize("reduced", [True, False])
def test_floats_have_the_pivots_of_rref(rng, reduced):
    for _ in range(200):
        m, n = rng.integers(1, 7, 2)
        rows = gauss.of_rank(rng, m, n, rng.integers(0, min(m, n) + 1))
        A = np.array(rows).reshape(m, n) / 3
        work = eliminate(A, exact=False, reduced=reduced)
        expected = rref(A)
        assert work.pivots == expected.pivots
        assert is_echelon(work.result.tolist(), work.pivots, n)
        size = np.abs(work.transform).max(initial=1) * np.abs(A).max(initial=1)
        assert np.abs(work.transform @ A - work.result).max() <= 1e-13 * size
        if reduced:
            assert np.allclose(work.result, expected.matrix, rtol=0, atol=1e-13 * size)


@pytest.mark.parametrize("A", [
    [[1e200, 1], [1e-200, 2e-200]], [[1e200, 1, 1], [1e-200, 2e-200, 1]], [[1e-20, 1]],
    [[1e16, 1], [1e-310, 2e-310]], [[1e308, 1e308], [1e308, -1e308]], [[1e-310, 2e-310]],
    [[1, 1e40, 1e40], [1, 1, 2]], [[2, 2 * (1 + 4.44e-16)]]])
def test_floats_at_the_ends_of_the_range(A):
    work, expected = eliminate(A, exact=False), rref(A)
    assert work.pivots == expected.pivots
    np.testing.assert_allclose(work.result, expected.matrix, rtol=1e-15)
    assert len(work.matrices()) == len(work.steps) + 1 and str(work)
    assert is_echelon(eliminate(A, exact=False, reduced=False).result.tolist(), work.pivots,
                      len(A[0]))


def test_no_zero_is_negative():
    text = str(eliminate([[-1.0, 0, 2], [3, -0.0, 1]], exact=False))
    assert "-0 " not in text


# ---- what is written ----

@pytest.mark.parametrize(("step", "text", "latex"), [
    (Swap(0, 2), "R1 <-> R3", r"R_{1} \leftrightarrow R_{3}"),
    (Scale(1, Fraction(-1)), "R2 <- -R2", r"R_{2} \leftarrow -R_{2}"),
    (Scale(1, Fraction(-3, 4)), "R2 <- -3/4 R2", r"R_{2} \leftarrow -\frac{3}{4} R_{2}"),
    (Scale(9, 0.5), "R10 <- 0.5 R10", r"R_{10} \leftarrow 0.5 R_{10}"),
    (Scale(0, 1e-30), "R1 <- 1e-30 R1", r"R_{1} \leftarrow 1 \cdot 10^{-30} R_{1}"),
    (Add(1, 0, Fraction(-4)), "R2 <- R2 - 4 R1", r"R_{2} \leftarrow R_{2} - 4 R_{1}"),
    (Add(1, 0, Fraction(1)), "R2 <- R2 + R1", r"R_{2} \leftarrow R_{2} + R_{1}"),
    (Add(0, 2, Fraction(2, 3)), "R1 <- R1 + 2/3 R3",
     r"R_{1} \leftarrow R_{1} + \frac{2}{3} R_{3}"),
])
def test_steps_as_text(step, text, latex):
    assert str(step) == text and step.latex == latex


def test_latex():
    work = eliminate([[3, 1]], columns=1)
    assert work.latex() == (
        "\\begin{aligned}\n"
        "& \\left[\\begin{array}{r|r} 3 & 1 \\end{array}\\right] \\\\\n"
        "\\xrightarrow{R_{1} \\leftarrow \\frac{1}{3} R_{1}} {}\n"
        "& \\left[\\begin{array}{r|r} 1 & \\frac{1}{3} \\end{array}\\right]\n"
        "\\end{aligned}")
    assert work._repr_latex_() == f"$\\displaystyle {work.latex()}$"


def test_numbers_of_any_length_are_written():
    work = eliminate([[3, 10 ** 5000]])
    digits = "1" + "0" * 5000
    assert str(work).endswith(f"[ 1  {digits}/3 ]") and digits in work.latex()


def test_operations_in_latex_are_read_by_matplotlib(rng):
    mathtext = pytest.importorskip("matplotlib.mathtext")
    parser = mathtext.MathTextParser("path")
    for step in eliminate(rng.integers(-9, 10, (3, 4))).steps:
        parser.parse(f"${step.latex}$")


@given(matrices())
def test_latex_is_balanced(A):
    text = eliminate(A).latex()
    assert text.count("{") == text.count("}")
    assert text.count("\\begin") == text.count("\\end")
    assert text.count("\\left[") == text.count("\\right]")


@pytest.mark.parametrize(("columns", "text"), [
    (0, "[ 1  2 ]"), (1, "[ 1 | 2 ]"), (2, "[ 1  2 ]")])
def test_the_bar(columns, text):
    assert str(eliminate([[1, 2]], columns=columns)) == text


def test_repr():
    assert repr(eliminate([[1, 2, 3, 6], [0, 1, 4, 5]])) == (
        "<Elimination: 2 x 4 to reduced echelon form, 1 step, rank 2>")
    assert repr(eliminate(np.zeros((0, 3)), reduced=False)) == (
        "<Elimination: 0 x 3 to echelon form, 0 steps, rank 0>")


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (2, 2)])
@pytest.mark.parametrize("exact", [True, False])
def test_nothing_to_do(shape, exact):
    work = eliminate(np.zeros(shape), exact=exact)
    assert (work.steps, work.pivots, work.rank) == ((), (), 0)
    assert work.matrix.shape == work.result.shape == shape
    assert work.transform.tolist() == np.eye(shape[0]).tolist()
    assert str(work) and work.latex()
    if shape[1] == 0:
        assert "array" not in work.latex()
        assert str(work) == "\n".join(["[ ]"] * max(shape[0], 1))


# ---- the object ----

@pytest.mark.parametrize("keywords", [{"exact": True}, {"exact": False}, {"modulus": 7}])
def test_pickles(keywords):
    work = eliminate([[2, 3, 6], [4, 5, 10]], columns=2, **keywords)
    copy = pickle.loads(pickle.dumps(work))
    assert type(copy) is Elimination
    assert (str(copy), copy.steps, copy.pivots, copy.columns, copy.exact, copy.reduced,
            copy.modulus) == (str(work), work.steps, work.pivots, work.columns, work.exact,
                              work.reduced, work.modulus)


def test_is_immutable():
    work = eliminate([[2, 3], [4, 5]])
    with raises(AttributeError, "an Elimination is immutable, steps cannot be set"):
        work.steps = ()
    with raises(AttributeError, "an Elimination is immutable, pivots cannot be deleted"):
        del work.pivots
    work.matrix[0, 0] = 7       # a copy
    assert work.matrix[0, 0] == 2


def test_is_made_by_eliminate():
    with raises(TypeError, "an Elimination is made by eliminate(A)"):
        Elimination()


# ---- bad input ----

def test_bad_input():
    for A in (5, [1, 2], np.ones((2, 2, 2), int)):
        for exact in (True, False):
            with raises(ValueError, f"A must have shape (m, n), got {np.shape(A)}"):
                eliminate(A, exact=exact)
    for columns in (-1, 3):
        with raises(ValueError, "columns must be between 0 and 2, the columns of A, "
                                f"got {columns}"):
            eliminate([[1, 2]], columns=columns)
    with raises(ValueError, "A must be finite, got NaN or infinity"):
        eliminate([[1, np.inf]], exact=False)
    with raises(ValueError, "A must be finite to be exact, got NaN"):
        eliminate([[1, np.nan]])
    with raises(TypeError, "A must hold real numbers, got dtype complex128"
                           ": Fractions and residues are real; SymPy has exact complex numbers"):
        eliminate([[1j]])
    with raises(TypeError, "A must hold real numbers, got dtype object"):
        eliminate([[Fraction(1, 2)]], exact=False)
    with raises(ValueError, "order must be one of textbook, integers, got 'fast'"):
        eliminate([[1]], order="fast")
    with raises(ValueError, "order 'integers' is for exact arithmetic: there are no fractions in "
                            "floats"):
        eliminate([[1]], order="integers", exact=False)
    with raises(ValueError, "order 'integers' is for exact arithmetic: there are no fractions "
                            "modulo a prime"):
        eliminate([[1]], order="integers", modulus=5)
    with raises(ValueError, "modulus must be a prime, got 6"):
        eliminate([[1]], modulus=6)
    for B in ([1, 2, 3], [[1]], 5, np.ones((2, 1, 1), int)):
        with raises(ValueError, f"B must have 2 rows, got shape {np.shape(B)}"):
            eliminate([[1, 2], [3, 4]]).replay(B)
