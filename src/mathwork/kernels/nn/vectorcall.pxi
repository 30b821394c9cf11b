# Calls of a network from Python without a tuple of arguments: PEP 590.

from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM


cdef class ForwardPass          # of forward.pxi


cdef extern from *:
    ctypedef object (*call_slot "ternaryfunc")(object, PyObject*, PyObject*)
    ctypedef object (*vectorcall_slot "vectorcallfunc")(object, PyObject**, size_t, PyObject*)
    ctypedef struct TypeSlots "PyTypeObject":
        call_slot tp_call
        Py_ssize_t tp_vectorcall_offset
        unsigned long tp_flags
    unsigned long HAVE_VECTORCALL "Py_TPFLAGS_HAVE_VECTORCALL"
    TypeSlots* type_slots "Py_TYPE"(object)
    Py_ssize_t PyVectorcall_NARGS(size_t)
    void PyType_Modified(PyTypeObject*)


cdef object called(ForwardPass self, PyObject** arguments, size_t flags, PyObject* names):
    """Call self(x) without making a tuple; every other call goes the usual way"""
    cdef Py_ssize_t count = PyVectorcall_NARGS(flags), index
    cdef tuple positional
    cdef dict named = None
    if names == NULL and count == 1 and type_slots(self).tp_call == forward_call_slot:
        return self._call(<object>arguments[0], None, 1)
    positional = PyTuple_New(count)
    for index in range(count):
        Py_INCREF(<object>arguments[index])
        PyTuple_SET_ITEM(positional, index, <object>arguments[index])
    if names != NULL:
        named = {name: <object>arguments[count + index]
                 for index, name in enumerate(<tuple>names)}
    return type_slots(self).tp_call(self, <PyObject*>positional,
                                    <PyObject*>named if named is not None else NULL)


cdef call_slot forward_call_slot = NULL


def call_without_tuple(cls):
    """Let calls of this subclass of ForwardPass go by called(); a class decorator.

    A class made in Python inherits the slot's position from its base. Before Python 3.12 it does
    not inherit the flag for using the slot. If the class ever gets its own __call__, that is
    called.
    """
    global forward_call_slot
    cdef TypeSlots* slots = <TypeSlots*><PyObject*>cls
    cdef TypeSlots* base = <TypeSlots*><PyObject*>ForwardPass
    cdef void* anywhere = <void*>4096
    # An object with __bases__ would satisfy issubclass(), so cls must be a type as well.
    if not (isinstance(cls, type) and issubclass(cls, ForwardPass)):
        raise TypeError(f"cls must be a subclass of ForwardPass, got {cls!r}")
    forward_call_slot = base.tp_call
    slots.tp_vectorcall_offset = (<char*>&(<ForwardPass>anywhere).vectorcall) - <char*>anywhere
    slots.tp_flags |= HAVE_VECTORCALL
    PyType_Modified(<PyTypeObject*>cls)
    return cls
