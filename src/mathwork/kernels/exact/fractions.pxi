# Fractions made of integers, and written into arrays of objects.

from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF, Py_XDECREF

cdef extern from "Python.h":
    ctypedef struct PyMemberDef:
        Py_ssize_t offset
    ctypedef struct PyMemberDescrObject:
        PyMemberDef* d_member
    object PyType_GenericAlloc(PyTypeObject*, Py_ssize_t)
    bint PyObject_GC_IsTracked(object)
    void PyObject_GC_UnTrack(PyObject*)

cdef object fraction_class = None
cdef object fraction_zero, fraction_one
cdef Py_ssize_t numerator_at, denominator_at    # their slots in a Fraction; 0: it has none


cdef Py_ssize_t place_of(object slot) except -1:
    """Where an object of a class with __slots__ has this slot; 0 if `slot` is something else"""
    from types import MemberDescriptorType

    if not isinstance(slot, MemberDescriptorType):
        return 0
    return (<PyMemberDescrObject*>slot).d_member.offset


cdef bint know_fractions() except False:
    """Import Fraction when it is first needed, so that the import of the package need not"""
    global fraction_class, fraction_zero, fraction_one, numerator_at, denominator_at
    if fraction_class is None:
        from fractions import Fraction
        numerator_at = place_of(Fraction._numerator)
        denominator_at = place_of(Fraction._denominator)
        fraction_zero, fraction_one = Fraction(0), Fraction(1)
        fraction_class = Fraction
    return True


cdef inline void fill_slot(object made, Py_ssize_t place, object value):
    Py_INCREF(value)
    (<PyObject**>(<char*><PyObject*>made + place))[0] = <PyObject*>value


cdef inline object new_fraction(object numerator, object denominator):
    """Return numerator / denominator; it is in lowest terms already, denominator positive

    Fraction.__new__ would divide by the greatest common divisor once more. The collector of cycles
    need not visit Fractions, which hold integers alone: with many of them it takes the most time.
    """
    cdef object made = PyType_GenericAlloc(<PyTypeObject*>fraction_class, 0)
    if PyObject_GC_IsTracked(made):
        PyObject_GC_UnTrack(<PyObject*>made)
    if numerator_at and denominator_at:
        fill_slot(made, numerator_at, numerator)
        fill_slot(made, denominator_at, denominator)
    else:
        made._numerator = numerator
        made._denominator = denominator
    return made


cdef object small_fraction(int64_t numerator, int64_t denominator, bint minus):
    """Return numerator / denominator, or minus that; 0 and 1 are always the same object"""
    cdef uint64_t above = magnitude(numerator), below = magnitude(denominator), divisor
    cdef object whole
    if numerator == 0:
        return fraction_zero
    minus ^= (numerator < 0) != (denominator < 0)
    if above == below and not minus:
        return fraction_one
    divisor = common_divisor(above, below)
    whole = above // divisor
    return new_fraction(-whole if minus else whole, below // divisor)


cdef inline void put_object(cnp.ndarray array, Py_ssize_t at, object value):
    """array.flat[at] = value for a plain array of objects"""
    cdef PyObject** place = <PyObject**>cnp.PyArray_DATA(array) + at
    cdef PyObject* before = place[0]
    Py_INCREF(value)
    place[0] = <PyObject*>value
    Py_XDECREF(before)
