"""mathwork train: what it learns, what it writes, and what it refuses."""
import json
import re

import numpy as np
import pytest
from command_line import error_of, output_of, run

from mathwork.nn import load


def table_of(names, *columns):
    rows = [",".join(names), *(",".join(map(str, row)) for row in zip(*columns, strict=True))]
    return "\n".join(rows) + "\n"


@pytest.fixture
def flowers(folder, rng):
    """A file, flowers.csv, of two measures, one far from 0 and one small, and of three kinds.

    Its rows and their kinds.
    """
    kind = np.arange(240) % 3
    size = 1000 + 0.1 * (kind + 0.2 * rng.normal(size=240))
    weight = 3e-5 * ((kind - 1) ** 2 + 0.2 * rng.normal(size=240))
    names = np.array(["rose", "iris", "lily"])[kind]
    (folder / "flowers.csv").write_text(table_of(["size", "weight", "name"], size, weight, names))
    return np.column_stack([size, weight]), names


def json_of(*arguments):
    return json.loads(output_of("train", *arguments, "--json"))


# ---- classes ----

def test_classes(flowers):
    x, names = flowers
    report = json_of("flowers.csv", "--y", "name", "--hidden", "16", "-o", "net.safetensors")
    assert set(report) == {"task", "x", "y", "network", "parameters", "epochs", "seconds", "loss",
                           "validation_loss", "rows", "accuracy", "classes", "confusion"}
    assert report["task"] == "classes" and report["x"] == ["size", "weight"]
    assert report["y"] == "name" and report["classes"] == ["iris", "lily", "rose"]
    # the layer before subtracts 1000, which float32 could not multiply into the next one
    assert report["network"] == "Network(2-2-16-3, identity-relu-softmax, float32)"
    # a fifth is held out, and a tenth of the others says when to stop: each kind alike
    assert sum(report["rows"].values()) == 240
    assert abs(report["rows"]["held_out"] - 48) <= 1
    assert abs(report["rows"]["validation"] - 19.2) <= 1
    confusion = np.array(report["confusion"])
    assert confusion.sum() == report["rows"]["held_out"]
    assert abs(confusion.sum(axis=1) - 16).max() <= 1
    assert report["accuracy"] == np.trace(confusion) / confusion.sum() > 0.95
    # the network takes the columns as they are
    network = load("net.safetensors")
    assert network.n_parameters == report["parameters"]
    assert (network.classes_[network.classify(x)] == names).mean() > 0.95
    told = output_of("forward", "net.safetensors", "flowers.csv", "--columns", "size,weight",
                     "--labels").split()
    assert told == network.classes_[network.classify(x)].tolist()


def test_two_classes_are_one_output(flowers):
    x, names = flowers
    text = table_of(["size", "is_rose"], x[:, 0], (names == "rose").astype(int))
    result = run("train", "-", "--y", "is_rose", "--hidden", "8", "-o", "net.npz", stdin=text)
    assert result.exit_code == 0
    network = load("net.npz")
    assert network.sizes[-1] == 1 and network.layers[-1].activation == "sigmoid"
    assert network.classes_.tolist() == [0, 1]
    assert (network.classify(x[:, :1]) == (names == "rose")).mean() > 0.95


def test_text(flowers):
    text = output_of("train", "flowers.csv", "--y", "name", "--hidden", "16", "-o", "net.npz")
    assert text.startswith("learned     name (classes) from size, weight\n"
                           "network     Network(")
    assert re.search(r"\ntrained     on 17\d rows, \d+ epochs, \d+\.\d\d s\n", text)
    assert re.search(r"\nheld out    \d+ of 4\d right, (9\d|100)\.\d%\n\n"
                     r"told:  iris  lily  rose\niris +\d+ +\d+ +\d+\nlily +", text)
    assert text.endswith("\nsaved       net.npz\n")


def test_the_same_seed_gives_the_same_network(flowers):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        output_of("train", "flowers.csv", "--y", "name", "--hidden", "8", "--epochs", "5",
                  "--seed", seed, "-o", f"{name}.npz")
    first, same, other = (load(f"{name}.npz").layers[-1].weight for name in "abc")
    assert np.array_equal(first, same) and not np.array_equal(first, other)


# ---- numbers ----

def test_numbers(folder, rng):
    x = rng.uniform(-1, 1, (400, 2))
    y = 1e4 + 500 * np.sin(2 * x[:, 0]) * x[:, 1]
    (folder / "wave.csv").write_text(table_of(["a", "b", "c"], *x.T, y))
    report = json_of("wave.csv", "--y", "c", "--hidden", "32,32", "--activation", "tanh",
                     "-o", "net.onnx")
    assert report["task"] == "numbers" and report["rsquared"] > 0.97
    assert report["rmse"] < 500 * 0.2
    assert set(report) >= {"rsquared", "rmse"} and "accuracy" not in report
    network = load("net.onnx")
    error = network(x)[:, 0] - y
    assert 1 - np.mean(error ** 2) / np.var(y) > 0.97
    text = output_of("train", "wave.csv", "--y", "c", "--hidden", "8", "--epochs", "3")
    assert re.search(r"\nheld out    80 rows, R2 -?\d\.\d{4}, root mean square error [\d.e+]+\n$",
                     text)


def test_a_table_in_npy(folder, rng):
    x = rng.normal(size=(200, 3))
    np.save("table.npy", np.column_stack([x, x @ [1, 2, 3]]))
    report = json_of("table.npy", "--y", "@4", "--hidden", "")
    assert report["x"] == ["@1", "@2", "@3"]
    assert report["network"].startswith("Network(3-1, identity")
    assert report["rsquared"] > 0.999


# ---- which is which ----

@pytest.mark.parametrize(("cells", "task"), [
    (["a", "b"] * 30, "classes"), (["1", "2", "7"] * 20, "classes"),
    ([str(at) for at in range(60)], "numbers"), (["0.5", "1.5"] * 30, "numbers"),
    (["1", "2", "x"] * 20, None)], ids=str)
def test_the_task_is_told_by_the_column(folder, cells, task):
    (folder / "table.csv").write_text(table_of(["x", "y"], range(60), cells))
    arguments = ("table.csv", "--y", "y", "--hidden", "4", "--epochs", "2")
    if task is None:        # numbers with a slip are no classes
        assert error_of("train", *arguments) == (
            "mathwork: table.csv: line 4: column y: 'x' is not a finite number: --missing drop "
            "leaves out such rows")
        task = "classes"
        assert json_of(*arguments, "--task", "classes")["classes"] == ["1", "2", "x"]
    else:
        assert json_of(*arguments)["task"] == task
    if task == "classes" and cells[0] == "1" and "x" not in cells:
        assert json_of(*arguments, "--task", "numbers")["task"] == "numbers"


@pytest.mark.parametrize("size", [1e-36, 1e-30, 1e30, 1e37])
def test_amounts_of_any_size_are_learnt_alike(folder, rng, size):
    x = rng.uniform(-1, 1, (200, 2))
    y = x[:, 0] + x[:, 1] ** 2
    (folder / "t.csv").write_text(table_of("aby", *(size * x).T, size * y))
    report = json_of("t.csv", "--y", "y", "-o", "net.npz", "--seed", "1", "--epochs", "100")
    assert report["rsquared"] > 0.9 and 0 < report["rmse"] < 0.2 * size


@pytest.mark.parametrize("size", [1e-310, 1e-160, 1e-45, 1e40, 1e155, 1e307])
def test_amounts_beyond_float32_are_refused(folder, rng, size):
    x = rng.uniform(-1, 1, (200, 2))
    (folder / "t.csv").write_text(table_of("aby", *x.T, size * (1 + x[:, 0])))
    error = error_of("train", "t.csv", "--y", "y", "-o", "net.npz")
    assert error.startswith("mathwork: t.csv: the largest number in column y is ")
    assert "from 1.2e-38 to 3.4e+38" in error


def test_gaps_are_errors_or_left_out(folder):
    (folder / "table.csv").write_text("x,y\n" + "1,10\n2,20\n3,\n,30\n" * 20)
    arguments = ("table.csv", "--y", "y", "--hidden", "4", "--epochs", "2", "--task", "numbers")
    assert error_of("train", *arguments) == (
        "mathwork: table.csv: line 4: column y: '' is not a finite number: --missing drop leaves "
        "out such rows")
    result = run("train", *arguments, "--missing", "drop", "--json")
    assert result.stderr == ("mathwork: warning: table.csv: 40 rows are left out: a gap in a "
                             "column that is used\n")
    assert sum(json.loads(result.stdout)["rows"].values()) == 40


def test_a_table_as_spreadsheets_write_it(folder):
    text = "height;kind\n" + "1.001,5;a\n9.999,5;b\n" * 30
    (folder / "table.csv").write_text(text, encoding="utf-16")
    report = json_of("table.csv", "--y", "kind", "--decimal", ",", "--thousands", ".", "--hidden",
                     "4")
    assert report["classes"] == ["a", "b"] and report["accuracy"] == 1


def test_rows_with_nothing_to_learn_are_left_out(folder):
    (folder / "table.csv").write_text("x,y\n" + "1,a\n2,b\n3,\n" * 20)
    result = run("train", "table.csv", "--y", "y", "--hidden", "4", "--epochs", "2", "--json")
    assert result.stderr == ("mathwork: warning: table.csv: 20 rows are left out: a gap in a "
                             "column that is used\n")
    assert sum(json.loads(result.stdout)["rows"].values()) == 40


# ---- refusals ----

def test_refusals(flowers):
    def error(*arguments):
        return error_of("train", "flowers.csv", *arguments).removeprefix("mathwork: ")

    assert error("--y", "nam").startswith("flowers.csv: there is no column 'nam'")
    assert error("--y", "name", "--x", "name") == "flowers.csv: column name is y"
    assert error("--y", "name", "--x", "size,size") == ("flowers.csv: column size is named twice "
                                                        "in --x")
    assert error("--y", "name", "-o", "net.txt") == (
        "a network's file must end in .npz, .onnx, .safetensors, got 'net.txt'")
    assert error("--y", "name", "-o", "away/net.npz") == "away/net.npz: there is no folder away"
    assert error("--y", "name", "--hidden", "8,x").startswith(
        "Invalid value for '--hidden': '8,x' must be integers above 0")
    assert error("--y", "name", "--activation", "rel").startswith(
        "flowers.csv: activation must be one of identity, relu,")
    assert error("--y", "name", "--task", "numbers").startswith(
        "flowers.csv: line 2: column name: 'rose' is not a finite number:")


def test_a_column_of_one_value_is_refused():
    assert error_of("train", "-", "--y", "y", stdin="x,y\n1,a\n2,a\n") == (
        "mathwork: standard input: column y has one value alone, 'a': there is nothing to learn")


def test_nothing_is_held_out_with_0(flowers):
    report = json_of("flowers.csv", "--y", "name", "--epochs", "2", "--held-out", "0")
    assert report["rows"]["held_out"] == 0 and "accuracy" not in report
