"""ONNX models that are made to do harm, as in hostile_files. They need onnx."""
import pickle

import numpy as np
from hostile_files import WEIGHTS, Trap
from onnx import TensorProto, helper, numpy_helper
from raw_files import field, varint

MILLION = 10**6
GRAPH = 7       # the number of a model's field; those of a graph: NODE, INITIALIZER, INPUT, OUTPUT
NODE, INITIALIZER, INPUT, OUTPUT = 1, 5, 11, 12

GEMM = helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)
WEIGHT = numpy_helper.from_array(np.ones((3, 2), np.float32), "w")


def model(nodes, initializers=(), shape=("n", 2), dtype=TensorProto.FLOAT, **options):
    graph = helper.make_graph(nodes, "hostile", [helper.make_tensor_value_info("x", dtype, shape)],
                              [helper.make_tensor_value_info("y", dtype, None)], initializers)
    options = {"opset_imports": [helper.make_opsetid("", 20)]} | options
    return helper.make_model(graph, **options).SerializeToString()


def chain(*operators, **options):
    """Return a model of operators with one input, each the result of the operator before it"""
    names = ["x", *(f"v{index}" for index in range(len(operators) - 1)), "y"]
    return model([helper.make_node(operator, [names[index]], [names[index + 1]])
                  for index, operator in enumerate(operators)], **options)


def more(number, contents):
    """Return a good model with more entries in a field of its graph; protocol buffers append"""
    return model([GEMM], [WEIGHT]) + field(GRAPH, b"".join(contents))


def tensor(dims, **fields):
    """Return a model with this tensor as its only weight"""
    fields = {"data_type": TensorProto.FLOAT} | fields
    return model([GEMM], [TensorProto(name="w", dims=dims, **fields)])


def external(location, dims=(1, 2), count=1, **more):
    """Return a model with all its weights in another file"""
    tensors = []
    for index in range(count):
        entry = TensorProto(name=f"w{index}", data_type=TensorProto.FLOAT, dims=dims,
                            data_location=TensorProto.EXTERNAL)
        for key, value in {"location": location, **more}.items():
            entry.external_data.add(key=key, value=value)
        tensors.append(entry)
    names = ["x", *(f"v{index}" for index in range(count - 1)), "y"]
    return model([helper.make_node("MatMul", [names[index], f"w{index}"], [names[index + 1]])
                  for index in range(count)], tensors, ("n", dims[0]))


def shared(operator):
    """Return 4 MB that 4,000 products use: directly, or each through a node of its own"""
    nodes, value = [], "x"
    for index in range(4000):
        weight = "w"
        if operator is not None:
            weight = f"w{index}"
            nodes.append(helper.make_node(operator, ["w"], [weight]))
        nodes.append(helper.make_node("MatMul", [value, weight], [value := f"v{index}"]))
    return model([*nodes, helper.make_node("Relu", [value], ["y"])],
                 [numpy_helper.from_array(np.ones((1000, 1000), np.float32), "w")], ("n", 1000))


def of_nodes(*lines, width=3, **integers):
    """Return a model of nodes "Operator inputs output", and of constants that hold integers

    An operator may have its axis behind a colon. Fill makes a constant of a shape, of ones.
    """
    nodes = []
    for line in lines:
        operator, *inputs, output = line.split()
        operator, _, axis = operator.partition(":")
        options = {"axis": int(axis)} if axis else {}
        if operator == "Fill":
            operator = "ConstantOfShape"
            options = {"value": helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])}
        nodes.append(helper.make_node(operator, inputs, [output], **options))
    return model(nodes, [numpy_helper.from_array(np.array(values, np.int64), name)
                         for name, values in integers.items()], ("n", width))


def with_attribute(**attribute):
    return model([helper.make_node("Elu", ["x"], ["y"], **attribute)])


CONSTANTS = "numbers of constants"
NODES, SHAPE = "nodes; at most", "declares the shape"
NOTHING = "is not what a node gives"
ADDED, OUTSIDE, NO_FILE = "would need more than", "is not in the folder", "is not a file"
ONNX = {
    "empty": ("opset 0", lambda: b""),
    "zeros": ("is not an ONNX model", lambda: bytes(1000)),
    "a pickle": ("is not an ONNX model", lambda: pickle.dumps(Trap())),
    "text": ("is not an ONNX model", lambda: b"a text\n"),
    "a message in itself": ("is not an ONNX model", lambda: bytes([GRAPH << 3 | 2]) * 10**5),
    "groups in groups": ("is not an ONNX model", lambda: b"\x3b" * 10**5),
    "a field beyond the file": ("is not an ONNX model", lambda: b"\x3a" + varint(2**62)),
    "no graph": ("", lambda: chain("Relu")[-4:]),
    "a million nodes": (NODES, lambda: more(NODE, (
        b"\x0a\x18\x0a\x07%07d\x12\x07%07d\x22\x04Relu" % (index, index + 1)
        for index in range(MILLION)))),
    "a million empty nodes": (NODES, lambda: more(NODE, [field(NODE, b"")] * MILLION)),
    "a million initializers": ("", lambda: more(INITIALIZER, (
        b"\x2a\x13\x08\x01\x10\x01\x42\x07%07d\x4a\x04\0\0\0\0" % index
        for index in range(MILLION)))),
    "a million empty initializers": ("", lambda: more(
        INITIALIZER, [field(INITIALIZER, b"")] * MILLION)),
    "a million inputs": ("", lambda: more(INPUT, [field(INPUT, b"")] * MILLION)),
    "a million outputs": ("", lambda: more(OUTPUT, [field(OUTPUT, b"")] * MILLION)),
    "two initializers of one name": ("two initializers", lambda: model([GEMM], [WEIGHT, WEIGHT])),
    "a node that takes itself": ("needs its own result", lambda: model(
        [helper.make_node("Gemm", ["y", "w"], ["y"])], [WEIGHT])),
    "a cycle": (NOTHING, lambda: model([helper.make_node("Relu", ["b"], ["a"]),
                                        helper.make_node("Relu", ["a"], ["b"])])),
    "a cycle of constants": (NOTHING, lambda: model([helper.make_node("Identity", ["b"], ["a"]),
                                                     helper.make_node("Identity", ["a"], ["b"])])),
    "one name twice": ("must be new names", lambda: model(
        [helper.make_node("Relu", ["x"], ["x"])])),
    "a branch": ("multiplies two values of the samples", lambda: model(
        [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Mul", ["a", "x"], ["y"])])),
    "a width of 2^62": ("has samples of more than", lambda: chain("Relu", shape=("n", 2**62))),
    "a width of -2^62": ("", lambda: chain("Relu", shape=("n", -2**62))),
    "a width of -5": ("", lambda: chain("Relu", shape=("n", -5))),
    "a width that is not told": ("has an unknown shape", lambda: chain("Relu", shape=None)),
    "10,000 identity matrices": (ADDED, lambda: chain(*["Relu"] * 9999, shape=("n", 2000))),
    "float64 identity matrices": (ADDED, lambda: chain(
        *["Relu"] * 9999, shape=("n", 2000), dtype=TensorProto.DOUBLE)),
    "a weight that 4,000 nodes use": (ADDED, lambda: shared(None)),
    "a weight under 4,000 names": (ADDED, lambda: shared("Identity")),
    "a weight that 4,000 nodes turn": (ADDED, lambda: shared("Transpose")),
    "lengths that overflow": (SHAPE, lambda: tensor([2**40, 2**40], raw_data=bytes(8))),
    "lengths that overflow to 0": (SHAPE, lambda: tensor([2**32, 2**32], raw_data=b"")),
    "lengths that disagree": (SHAPE, lambda: tensor([3, 2], raw_data=bytes(8))),
    "lengths below zero": ("has the shape", lambda: tensor([-1, -2], raw_data=bytes(8))),
    "a length beside a zero": ("", lambda: tensor([0, 2**62], raw_data=b"")),
    "100,000 lengths of 2^62": ("", lambda: tensor([2**62] * 10**5, raw_data=b"")),
    "100,000 lengths of the input": ("", lambda: model(
        [helper.make_node("Flatten", ["x"], ["a"]),
         helper.make_node("Gemm", ["a", "w"], ["y"], transB=1)],
        [WEIGHT], shape=["n"] + [2**62] * 10**5)),
    "a type that is not": ("the data type", lambda: tensor([1, 2], data_type=99)),
    "a tensor of strings": ("the data type", lambda: tensor(
        [1, 2], data_type=TensorProto.STRING, string_data=[b"1", b"2"])),
    "bytes that are no numbers": (SHAPE, lambda: tensor([1, 2], raw_data=bytes(7))),
    "a part of a tensor": ("", lambda: tensor(
        [1, 2], raw_data=bytes(8), segment=TensorProto.Segment(begin=0, end=1))),
    "layers that do not chain": ("", lambda: model(
        [helper.make_node("Gemm", ["x", "w"], ["a"], transB=1),
         helper.make_node("Gemm", ["a", "v"], ["y"], transB=1)],
        [WEIGHT, numpy_helper.from_array(np.ones((3, 2), np.float32), "v")])),
    "an attribute of another type": ("wrong type", lambda: with_attribute(alpha="x")),
    "a million axes": ("has perm", lambda: model(
        [helper.make_node("Transpose", ["w"], ["v"], perm=range(MILLION)),
         helper.make_node("Gemm", ["x", "v"], ["y"])], [WEIGHT])),
    # Bombs: a small file that asks for much memory.
    "a constant 3,000 times": (CONSTANTS, lambda: of_nodes(
        "Fill s a", f"Concat:0 {'a ' * 3000} b", "Add x b y", s=[2 * MILLION])),
    "1,000 large constants": ("made of constants", lambda: of_nodes(
        *(f"Fill s a{k}" for k in range(1000)), f"Max {' '.join(f'a{k}' for k in range(1000))} b",
        "Add x b y", s=[2 * MILLION])),
    "1,000 sums of a large constant": ("made of constants", lambda: of_nodes(
        "Fill s a0", *(f"Add a{k} a0 a{k + 1}" for k in range(1000)), "Add x a1000 y",
        s=[2 * MILLION])),
    "a product of constants without numbers": (CONSTANTS, lambda: of_nodes(
        "Fill s a", "Fill t b", "MatMul a b c", "Add x c y", s=[2 * MILLION, 0],
        t=[0, 2 * MILLION])),
    "a shift that broadcasts": (CONSTANTS, lambda: of_nodes(
        "Fill s a", "Fill t b", "Fill u c", "Gemm a b c d", "Add x d y", s=[1, 1],
        t=[1, 2 * MILLION], u=[2 * MILLION, 1])),
    "large rows that are gathered": (CONSTANTS, lambda: of_nodes(
        "Fill s a", "Gather:0 a i b", "Add x b y", s=[2, MILLION], i=[0] * 10**5)),
    "2^55 zeros": (ADDED, lambda: of_nodes("Pad x p y", p=[0, 0, 0, 2**55])),
    "2^55 zeros beside nothing": (ADDED, lambda: of_nodes(
        "Slice x z z o a", "Pad a p y", z=[0], o=[1], p=[0, 0, 0, 2**55])),
    "many columns that are gathered": (ADDED, lambda: of_nodes(
        "Reshape x s a", "Gather:1 a i b", "Flatten b y", s=[0, 2, MILLION], i=[0] * 10**5,
        width=2 * MILLION)),
    "samples twice as wide, 30 times": (ADDED, lambda: of_nodes(
        "Concat:1 x x a0", *(f"Concat:1 a{k} a{k} a{k + 1}" for k in range(30)), "Relu a30 y")),
    "samples 5,000 times as wide, twice": (ADDED, lambda: of_nodes(
        f"Concat:1 {'x ' * 5000} a", f"Concat:1 {'a ' * 5000} y")),
    "1,000 sums of wide samples": ("with large samples", lambda: of_nodes(
        "Add x x a0", *(f"Add a{k} x a{k + 1}" for k in range(1000)), "Relu a1000 y",
        width=4 * MILLION)),
    "Gemm without its numbers": ("", lambda: of_nodes("Gemm s  a", "Add x a y", s=[1])),
    "an operator of 10 MB": ("is no operator", lambda: chain("x" * 10**7)),
    "an operator that clears the screen": ("is no operator", lambda: chain("\x1b[2J\n")),
    "an unknown operator": ("is no operator", lambda: chain("PyOp")),
    "an operator that is no text": ("is no operator", lambda: chain("Relu").replace(
        b"Relu", b"\xff\xfe\xfd\xfc")),
    "a graph in a graph": ("is no operator", lambda: model([helper.make_node(
        "If", ["x"], ["y"], then_branch=helper.make_graph([], "then", [], []))])),
    "Gemm rewritten": ("a standard operator", lambda: model([GEMM], [WEIGHT], functions=[
        helper.make_function("", "Gemm", ["a", "b"], ["c"], [],
                             [helper.make_opsetid("", 20)])])),
    "another Gelu of ours": ("not the function", lambda: model(
        [helper.make_node("Gelu", ["x"], ["y"], domain="mathwork")],
        opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("mathwork", 1)],
        functions=[helper.make_function(
            "mathwork", "Gelu", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])],
            [helper.make_opsetid("", 20)])])),
    "numbers above the folder": (OUTSIDE, lambda: external("../secret.bin")),
    "numbers above, in a roundabout way": (OUTSIDE, lambda: external("folder/../../secret.bin")),
    "numbers at the root": (OUTSIDE, lambda: external("/etc/passwd")),
    "numbers without end": (OUTSIDE, lambda: external("/dev/zero")),
    "numbers behind a link": (OUTSIDE, lambda: external("link.bin")),
    "numbers in a pipe": (NO_FILE, lambda: external("pipe.bin")),
    "numbers in a folder": (NO_FILE, lambda: external("folder")),
    "numbers nowhere": (NO_FILE, lambda: external("none.bin")),
    "no location": (NO_FILE, lambda: external("")),
    "a location with a null character": ("", lambda: external("weights.bin\0")),
    "a location that is no text": (NO_FILE, lambda: external("weights.bin").replace(
        b"weights.bin", b"\xff\xfe\xfd\xfc\xfb......")),
    "a location of 1 MB": (NO_FILE, lambda: external("x" * MILLION)),
    "more numbers than the other file": ("needs", lambda: external(
        "weights.bin", (WEIGHTS // 4, 2))),
    "2^64 numbers in the other file": ("has samples of more than", lambda: external(
        "weights.bin", (2**32, 2**32))),
    "an offset below zero": ("needs", lambda: external("weights.bin", offset="-4")),
    "an offset beyond the other file": ("needs", lambda: external(
        "weights.bin", offset=str(2**70))),
    "an offset that is no number": ("must be integers", lambda: external(
        "weights.bin", offset="nan")),
    "an offset of 5000 digits": ("must be integers", lambda: external(
        "weights.bin", offset="9" * 5000)),
    "another length than the shape": ("needs", lambda: external("weights.bin", length="4")),
    "5,000 weights that share bytes": ("needs", lambda: external(
        "weights.bin", (512, 512), 5000)),
}
