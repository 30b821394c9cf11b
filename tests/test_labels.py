"""classify: two classes from one output, several labels; labels of any kind, kept in files."""
import copy
import json
import pickle

import numpy as np
import pytest
from command_line import error_of, output_of
from helpers import raises, same_bits
from hostile_files import with_arrays

from mathwork.nn import Dense, Network, load
from mathwork.nn.labels import METADATA, Labels, from_text, text_of

KINDS = {
    "bool": np.array([False, True]), "int8": np.array([-1, 1], np.int8),
    "uint64": np.array([0, 2**64 - 1], np.uint64), "big-endian": np.array([1, 2], ">i4"),
    "float32": np.array([0.1, np.inf], np.float32), "float64": np.array([0.1, np.nan]),
    "text": np.array(["no", "yes, or \"no\"\n"]), "bytes": np.array([b"\xff", b"yes"]),
    "dates": np.array(["2020-01-01", "NaT"], "M8[D]"), "durations": np.array([1, 2], "m8[h]"),
    "objects": np.array(["no", 1], object), "none": np.array([None, True], object)}
SUFFIXES = [".npz", ".safetensors", ".onnx"]


def sided(activation="identity", **options):
    """One output, the first input minus the second"""
    return Network([Dense([[1.0, -1.0]], None, activation)], **options)


# ---- one output ----

X = np.array([[2.0, 1.0], [1.0, 2.0], [0.5, 0.25], [1.0, 1.0], [-5.0, -4.0]])


@pytest.mark.parametrize("activation", ["identity", "sigmoid"])
def test_one_output_says_which_side_a_row_is_on(activation):
    net = sided(activation)
    answers = net.classify(X)
    assert answers.tolist() == [1, 0, 1, 0, 0] and answers.dtype == np.intp
    assert [net.classify(row) for row in X] == answers.tolist()
    assert type(net.classify(X[0])) is int
    assert net.classify(np.zeros((0, 2))).shape == (0,)


def test_a_threshold_of_ones_own():
    assert sided().classify(X, threshold=0.25).tolist() == [1, 0, 0, 0, 0]
    assert sided("sigmoid").classify(X, threshold=0.7).tolist() == [1, 0, 0, 0, 0]
    assert sided("tanh").classify(X, threshold=0).tolist() == [1, 0, 1, 0, 0]
    assert sided().classify(X, threshold=-np.inf).tolist() == [1, 1, 1, 1, 1]


def test_nan_counts_as_large():
    assert sided().classify([[np.nan, 1.0], [-1.0, 0.0]]).tolist() == [1, 0]


@pytest.mark.parametrize("activation", ["tanh", "relu", "softmax", ("elu", 0.5), "softplus"])
def test_one_output_that_has_no_threshold(activation):
    name = activation if isinstance(activation, str) else activation[0]
    with raises(ValueError, f"one output of the activation {name} does not say where class 1 "
                            "begins: give threshold=; known are identity (0), sigmoid (0.5)"):
        sided(activation).classify(X)


@pytest.mark.parametrize(("threshold", "kind"), [
    (np.nan, ValueError), ("0.5", TypeError), (1j, TypeError), ([0.5], TypeError)])
def test_bad_thresholds(threshold, kind):
    with raises(kind, f"threshold must be a number, got {threshold!r}"):
        sided().classify(X, threshold=threshold)


def test_a_threshold_is_for_one_output():
    with raises(ValueError, "threshold is for a network of one output, this one has 2"):
        Network([Dense(np.eye(2))]).classify(X, threshold=0.5)


# ---- labels ----

def test_without_labels():
    net = sided()
    assert net.classes_ is None and net.multilabel is False
    with pytest.raises(AttributeError):
        net.classes_ = [0, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_any_kind(kind):
    labels = KINDS[kind]
    net = sided(classes=labels)
    assert net.classes_.dtype == labels.dtype.newbyteorder("=") and not net.classes_.flags.writeable
    chosen = net.classes_[net.classify(X)]
    np.testing.assert_array_equal(chosen, labels[[1, 0, 1, 0, 0]])


def test_labels_are_a_copy():
    labels = np.array([3, 4])
    net = sided(classes=labels)
    labels[0] = 9
    assert net.classes_.tolist() == [3, 4]


def test_numbers_of_labels():
    three = [Dense(np.ones((3, 2)))]
    assert Network(three, classes="abc"[0:0] or ["a", "b", "c"]).classes_.tolist() == [*"abc"]
    for layers, classes, wanted, shape in (
            (three, ["a", "b"], "3 labels, one for each output", (2,)),
            (three, [["a", "b", "c"]], "3 labels, one for each output", (1, 3)),
            (three, "abc", "3 labels, one for each output", ()),
            ([Dense([[1.0]])], ["a"], "2 labels, one for both classes of its one output", (1,))):
        with raises(ValueError, f"classes must hold {wanted}, got shape {shape}"):
            Network(layers, classes=classes)


def test_several_labels_are_no_class():
    net = Network([Dense(np.eye(2), None, "sigmoid")], classes=["a", "b"], multilabel=True)
    assert net.multilabel and net.classes_.tolist() == ["a", "b"]
    message = ("classify picks one class a row, and the outputs of this network are labels of "
               "which several may hold (multilabel): net(x) > 0.5 says which")
    with raises(ValueError, message):
        net.classify(X)
    one = sided("sigmoid", classes=["a"], multilabel=True)
    with raises(ValueError, message):
        one.classify(X, threshold=0.5)
    with raises(TypeError, "multilabel must be True or False, got 'no'"):
        sided(multilabel="no")


# ---- kept ----

def equal_labels(net, other):
    assert net.multilabel == other.multilabel
    if net.classes_ is None:
        assert other.classes_ is None
        return
    assert net.classes_.dtype == other.classes_.dtype
    np.testing.assert_array_equal(net.classes_, other.classes_)
    assert not other.classes_.flags.writeable


NETS = {"no labels": lambda: sided(), "multilabel": lambda: sided(multilabel=True),
        "both": lambda: sided(classes=["a"], multilabel=True),
        **{kind: lambda kind=kind: sided("sigmoid", classes=KINDS[kind]) for kind in KINDS}}


@pytest.mark.parametrize("name", NETS)
def test_pickles_and_copies_keep_labels(name):
    net = NETS[name]()
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        equal_labels(net, pickle.loads(pickle.dumps(net, protocol)))
    equal_labels(net, copy.deepcopy(net))


class Older(Network):
    """A subclass that knows of no labels"""
    __slots__ = ()

    def __new__(cls, layers, dtype):
        return super().__new__(cls, layers, dtype=dtype)


def test_a_subclass_without_labels_pickles():
    net = Older([Dense([[1.0]])], np.float64)
    twin = pickle.loads(pickle.dumps(net))
    assert type(twin) is Older and twin.dtype == np.float64


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", NETS)
def test_files_keep_labels(tmp_path, suffix, name):
    pytest.importorskip({".npz": "numpy"}.get(suffix, suffix[1:]), reason=f"needs {suffix[1:]}")
    net = NETS[name]()
    net.save(tmp_path / f"net{suffix}")
    for twin in (load(tmp_path / f"net{suffix}"), load(tmp_path / f"net{suffix}", dtype="f8")):
        equal_labels(net, twin)
    if suffix == ".onnx":
        equal_labels(net, Network.from_onnx(net.to_onnx()))


@pytest.mark.parametrize("labels", [
    np.array([1j, 2]), np.array([1, 2], np.longdouble), np.array([(1,), (2,)], "i4,"),
    np.array([{}, []], object)])
def test_labels_that_files_cannot_hold(tmp_path, labels):
    net = sided(classes=labels)
    equal_labels(net, pickle.loads(pickle.dumps(net)))
    with pytest.raises(ValueError, match=r"classes of .* cannot be saved: use numbers or text"):
        net.save(tmp_path / "net.npz")


GOOD = {"multilabel": False, "dtype": "<i8", "classes": [1, 2]}


@pytest.mark.parametrize("text", [
    "", "null", "[]", "{}", "3", '"x"', "[" * 100_000,
    *(json.dumps(GOOD | change) for change in (
        {"multilabel": 1}, {"dtype": "c16"}, {"dtype": "nothing"}, {"dtype": "<U999999999"},
        {"dtype": 3}, {"dtype": "i4,i4"}, {"classes": 3}, {"classes": [[1], [2]]},
        {"classes": ["a", "b"]}, {"classes": [2**70, 1]}, {"dtype": "|S3"}, {"dtype": None}))])
def test_texts_that_are_no_labels(text):
    with raises(ValueError, "its labels are not what mathwork writes"):
        from_text(text)


def test_text_there_and_back():
    assert text_of(Labels()) is None
    assert json.loads(text_of(Labels(np.array([1, 2])))) == GOOD
    assert from_text(json.dumps(GOOD)).classes.tolist() == [1, 2]
    with raises(ValueError, f"its labels have {2**24 + 1} characters; at most {2**24} are read"):
        from_text(" " * (2**24 + 1))


def test_labels_of_a_file_must_fit(tmp_path):
    path = tmp_path / "net.npz"
    path.write_bytes(with_arrays(labels=np.array(json.dumps(GOOD | {"classes": [1, 2, 3, 4, 5]}))))
    with pytest.raises(ValueError, match=r"net\.npz: classes must hold .* got shape \(5,\)"):
        load(path)
    assert METADATA == "mathwork.labels"        # a name in files: it must stay


# ---- on the command line ----

def test_forward_classify_of_one_output(folder):
    sided("sigmoid").save("net.npz")
    text = "".join(f"{a},{b}\n" for a, b in X)
    assert output_of("forward", "net.npz", "-", "--classify", stdin=text) == "1\n0\n1\n0\n0\n"
    assert output_of("forward", "net.npz", "-", "--classify", "--threshold", 0.7,
                     stdin=text) == "1\n0\n0\n0\n0\n"
    sided("tanh").save("net.npz")
    assert "does not say where class 1 begins" in error_of("forward", "net.npz", "-", "--classify",
                                                           stdin=text)
    assert error_of("forward", "net.npz", "-", "--threshold", 1, stdin=text) == (
        "mathwork: --threshold is for --classify and --labels. See mathwork forward -h.")
    sided(multilabel=True).save("net.npz")
    assert "(multilabel)" in error_of("forward", "net.npz", "-", "--classify", stdin=text)


def test_forward_labels(folder):
    text = "2,1\n1,2\n"
    sided(classes=["no, never", "yes"]).save("net.npz")
    assert output_of("forward", "net.npz", "-", "--labels", stdin=text) == 'yes\n"no, never"\n'
    report = output_of("forward", "net.npz", "-", "--labels", "--json", stdin=text)
    assert json.loads(report) == {"labels": ["yes", "no, never"]}
    output_of("forward", "net.npz", "-", "--labels", "-o", "out.npy", stdin=text)
    assert np.load("out.npy").tolist() == ["yes", "no, never"]
    for kind, lines in (("objects", "1\nno\n"), ("int8", "1\n-1\n"), ("bool", "True\nFalse\n"),
                        ("dates", "NaT\n2020-01-01\n"), ("float32", "inf\n0.1\n")):
        sided(classes=KINDS[kind]).save("net.npz")
        assert output_of("forward", "net.npz", "-", "--labels", stdin=text) == lines
    sided().save("net.npz")
    assert error_of("forward", "net.npz", "-", "--labels", stdin=text) == (
        "mathwork: net.npz: the network has no labels of its classes: --classify writes their "
        "indices")


def test_convert_keeps_labels(folder):
    sided(classes=["no", "yes"]).save("net.npz")
    output_of("convert", "net.npz", "two.npz", "--dtype", "float64")
    assert load("two.npz").classes_.tolist() == ["no", "yes"]
    assert same_bits(load("two.npz")(X), load("net.npz")(X).astype(np.float64))
