"""Doors: public functions that are compiled, and their names.

A hot call must not pass a Python function on its way to the kernel, and a docstring must not need a
compiler. So the public function is the kernel's own. A declaration in Python gives it its name,
signature and docstring::

    @door(kernels.rref)
    def rref(A, *, tol=None, workers=1):
        '''The reduced row echelon form of a matrix.'''
        return ...

The kernel answers a call with plain arguments. It hands any other call to the body of the
declaration, its ``__wrapped__``. A kernel that answers every call has a declaration without a body.
"""
from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")
Named = TypeVar("Named")


def door(kernel: Any) -> Callable[[Function], Function]:
    """Return a decorator for the declaration of `kernel`; the decorator returns the kernel.

    To a type checker the kernel has the types of the declaration.
    """
    def declare(declaration: Function) -> Function:
        functools.update_wrapper(kernel, declaration)
        return public(kernel)
    return declare


def typed_as(model: Function) -> Callable[[Callable[..., Any]], Function]:
    """A decorator that gives a function the types of `model`: it takes and returns the same."""
    def declare(declaration: Any) -> Any:
        return declaration
    return declare


def public(named: Named) -> Named:
    """Set the package of `named` as its module, for pickles and tracebacks; return `named`.

    They must name neither a level, which another machine may not have, nor a file, which may move.
    """
    named.__module__ = named.__module__.rpartition(".")[0]
    return named
