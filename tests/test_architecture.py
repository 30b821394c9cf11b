"""The modules import each other in one direction, read off their sources.

An import inside a function counts as one at the top: it may be late to save time at the start, or
because a package is optional, but not to close a circle. `from package import name` counts as an
import of the package, and of the module where `name` is one. `import package.module` counts as an
import of the module alone, as Python imports every package above a module in any case.
"""
import ast
import importlib.util
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from mathwork import _levels
from mathwork.nn.formats import FORMATS

SOURCES = Path(__file__).parents[1] / "src"

KERNELS = {_levels.module_name(topic, level) for topic in _levels.TOPICS
           for level in _levels.LEVELS}

# The layers from the bottom up. A part of the package, module or folder, imports parts of the
# layers below its own.
LAYERS = (
    {"_arguments", "_interrupts", "_starting", "_tables", "_types"},
    {"_arrays", "_cpu", "_extras", "_files", "_html", "_rows", "_status", "_version", "_warnings",
     "_workers", "constants"},
    {module.partition(".")[2] for module in KERNELS},
    {"_levels", "_doors", "_parameters"},
    {"activations", "init", "matrix", "nn", "orbit", "regression"},
    {"_runtime", "dask", "data", "sklearn"},
    {"mathwork"},           # what `import mathwork` brings
    {"cli"},
    {"__main__"},
    {"_mathwork"},          # beside the package: what the script `mathwork` starts
)
# Which part imports another one of its own layer, and for what.
BESIDE = {
    ("nn", "activations"),  # their derivatives
    ("nn", "init"),         # Network.he
}

# What the compiled sources may import of the package.
BELOW_KERNELS = {"mathwork._arguments", "mathwork._arrays", "mathwork._interrupts",
                 "mathwork._status", "mathwork._warnings", "mathwork._workers"}

# Modules that import by a name which is made while they run, and what they import so.
BY_NAME = {
    "mathwork": set(),                      # its topics, also imported for type checkers
    "mathwork._extras": set(),              # packages of other people
    "mathwork._levels": KERNELS,
    "mathwork.nn.formats": {f"mathwork.nn.formats.{module}" for module in FORMATS.values()},
}


# ---- from sources to a graph ----

def modules_in(folder):
    """{name: path} of the modules, interpreted and compiled, of the packages in a folder."""
    found = {}
    for path in sorted(folder.rglob("*.py*")):
        if path.suffix in (".py", ".pyx"):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def graph_of(modules, by_name):
    """{module: the modules that it imports}"""
    graph = {}
    for module, path in modules.items():
        package = module if path.stem == "__init__" else module.rpartition(".")[0]
        named = imports_in(path, package)
        graph[module] = (named & modules.keys() | by_name.get(module, set())) - {module}
    return graph


def imports_in(path, package):
    """All names that the import statements of a file in `package` may make modules of."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        source = import_statements(source)
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


def import_statements(source):
    """Those of Cython code, as Python has them."""
    code = re.sub(r'""".*?"""|#[^\n]*', "", source, flags=re.DOTALL)
    code = re.sub(r"\bcimport\b", "import", code)
    names = r"(?:[^(\n]+|\([^)]*\))"
    return "\n".join(re.findall(rf"^\s*((?:from\s+\S+\s+)?import\s+{names})$", code, re.MULTILINE))


# ---- what is wrong with a graph ----

def circle_in(graph):
    """A circle of imports as text, or None."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " -> ".join(reversed(error.args[1]))     # which lists who is imported first
    return None


def part_of(module):
    """The module or folder directly below mathwork."""
    return module.split(".")[1] if "." in module else module


def wrong_ways_in(graph):
    """The imports that do not go down the layers, as text."""
    height = {part: place for place, layer in enumerate(LAYERS) for part in layer}
    return sorted(f"{module} -> {other}" for module, imported in graph.items() for other in imported
                  if part_of(module) != part_of(other)
                  and height[part_of(module)] <= height[part_of(other)]
                  and (part_of(module), part_of(other)) not in BESIDE)


# ---- the package ----

@pytest.fixture(scope="module")
def modules():
    return modules_in(SOURCES)


@pytest.fixture(scope="module")
def graph(modules):
    return graph_of(modules, BY_NAME)


def test_there_is_no_circle_of_imports(graph):
    assert circle_in(graph) is None


def test_every_part_has_a_layer(modules):
    assert {part_of(module) for module in modules} <= set().union(*LAYERS)


def test_imports_go_down_the_layers(graph):
    assert wrong_ways_in(graph) == []


def test_kernels_import_only_what_is_below_them(modules):
    wrong = {(path.name, name) for path in SOURCES.rglob("*") if path.suffix in (".pyx", ".pxi")
             for name in imports_in(path, "mathwork") & modules.keys() - BELOW_KERNELS}
    assert wrong == set()


def test_what_is_imported_by_name_is_known(modules):
    assert {module for module, path in modules.items()
            if re.search(r"import_module\(|__import__\(", path.read_text(encoding="utf-8"))
            } == set(BY_NAME)


# ---- these tests can fail ----

def test_a_circle_is_found_and_named():
    graph = {"a": {"b", "d"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}
    assert circle_in(graph) in ("a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c")
    assert circle_in(graph | {"c": {"d"}}) is None


def test_imports_of_every_kind_are_read(tmp_path):
    def write(name, text):
        path = tmp_path / "made" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    write("__init__.py", "from .top import answer\nimport sys")
    write("top.py", "def answer():\n    from made.folder.deep import found\n    return found")
    (tmp_path / "made" / "folder").mkdir()
    write("folder/__init__.py", "")
    write("folder/deep.py", "from .. import low\nfrom . import other as beside")
    write("folder/other.py", "import made.low as low")
    write("low.py", "if True:\n    import made.kernel, numpy")
    write("kernel.pyx", "cimport numpy\nfrom made.folder import other")
    graph = graph_of(modules_in(tmp_path), {"made.folder.other": {"made.folder"}})
    assert graph == {
        "made": {"made.top"},
        "made.top": {"made.folder.deep"},
        "made.folder": set(),
        "made.folder.deep": {"made", "made.low", "made.folder", "made.folder.other"},
        "made.folder.other": {"made.low", "made.folder"},
        "made.low": {"made.kernel"},
        "made.kernel": {"made.folder", "made.folder.other"},
    }
    assert circle_in(graph).count("made") > 2


def test_imports_of_kernels_are_read(tmp_path):
    path = tmp_path / "door.pxi"
    path.write_text('''
from libc.math cimport fabs, sqrt
cimport numpy as cnp
import mathwork._arrays as _arrays      # import mathwork.data
from mathwork.nn import (
    cost,
    Dense)
cdef extern from "header.h":
    void import_it()

def door(x):
    """A door.

    from mathwork.orbit import period
    """
    from mathwork.matrix import elimination         # which imports this module
''')
    assert {name for name in imports_in(path, "mathwork") if name.startswith("mathwork")} == {
        "mathwork._arrays", "mathwork.nn", "mathwork.nn.cost", "mathwork.nn.Dense",
        "mathwork.matrix", "mathwork.matrix.elimination"}


def test_an_import_up_or_beside_is_found():
    graph = {"mathwork.init": {"mathwork._arrays", "mathwork.nn.dense"},
             "mathwork.nn.dense": {"mathwork.init", "mathwork.nn", "mathwork.cli"},
             "mathwork.constants": {"mathwork"}, "mathwork.cli.fit": {"mathwork.cli.tables"}}
    assert wrong_ways_in(graph) == [
        "mathwork.constants -> mathwork", "mathwork.init -> mathwork.nn.dense",
        "mathwork.nn.dense -> mathwork.cli"]
