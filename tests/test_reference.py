"""The reference has every public name, and a docstring of each says what a reader asks."""
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest
from docstrings import lacking, own_methods, section

import mathwork

REFERENCE = Path(__file__).parent.parent / "docs" / "reference.md"
# The entrance of a file is no public module, nor is the command.
PUBLIC = [f"mathwork.{module.name}" for module in pkgutil.iter_modules(mathwork.__path__)
          if not module.name.startswith("_") and module.name != "cli"]
# What these describe beside their names is what another library asks of them.
ESTIMATORS = "mathwork.sklearn"


def described(name):
    """(dotted name, object) of every name in __all__, and of the methods of classes."""
    module = importlib.import_module(name)
    for public in module.__all__:
        value = getattr(module, public)
        yield f"{name}.{public}", value
        if inspect.isclass(value) and name != ESTIMATORS:
            for method in own_methods(value):
                yield f"{name}.{public}.{method}", getattr(value, method)


@pytest.mark.skipif(not REFERENCE.exists(), reason="not in a source tree")
def test_the_reference_lists_every_public_module():
    # A module's page is made of its __all__, and the build fails for a name without an entry.
    listed = re.findall(r"^   (mathwork\.\w+)$", REFERENCE.read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(PUBLIC)


@pytest.mark.parametrize("module", PUBLIC)
def test_every_docstring_has_the_sections_that_a_reader_looks_for(module):
    for package in ("sklearn", "dask"):
        if module == f"mathwork.{package}":
            pytest.importorskip(package)
    lack = {name: lacking(value) for name, value in described(module)
            if not isinstance(value, (np.ufunc, float))}
    assert not {name: sections for name, sections in lack.items() if sections}


@pytest.mark.parametrize("name", sorted({*mathwork.activations.__all__} - {"identity"}))
def test_an_activation_has_its_formula_and_its_error(name):
    assert section(inspect.getdoc(getattr(mathwork.activations, name)), "Notes")


def test_a_section_that_is_missing_is_found():
    def function(x) -> float:
        """The x.

        Parameters
        ----------
        x : float

        Returns
        -------
        float
        """

    def nothing() -> None:
        """Nothing.

        Examples
        --------
        >>> nothing()
        """

    assert (lacking(function), lacking(nothing)) == (["Examples", "Raises"], [])
