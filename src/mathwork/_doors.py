"""Doors: public functions that are compiled, and the names that they go by.

A hot call must not pass a Python function on its way to the kernel, and a docstring must not need a
compiler. So the public function is the kernel's own, and a declaration in Python gives it its
name, signature and docstring::

    @door(kernels.rref)
    def rref(A, *, tol=None, workers=1):
        '''The reduced row echelon form of a matrix.'''
        return ...

The kernel answers a call whose arguments are plain. It hands any other call to the body of the
declaration, its ``__wrapped__``. A kernel that answers every call has a declaration without a body.
"""
import functools


def door(kernel):
    """A decorator of the declaration of `kernel`; it returns the kernel."""
    def declare(declaration):
        return public(functools.update_wrapper(kernel, declaration))
    return declare


def public(named):
    """Name the package that offers `named`, for pickles and tracebacks; return `named`.

    They must name neither a level, which another machine may not have, nor a file, which may move.
    """
    named.__module__ = named.__module__.rpartition(".")[0]
    return named
