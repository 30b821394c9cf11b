"""Results that the collector of cycles leaves alone: they go with their last reference."""
import copy
import gc
import pickle
import sys
import weakref

import numpy as np
import pytest

from mathwork._levels import core as kernels
from mathwork.matrix import Reduced, rref


class Noted(Reduced):
    """A subclass with a member, which can be part of a cycle."""


def noted():
    reduced = rref(np.eye(3))
    return Noted(reduced.matrix, reduced.pivots)


def test_a_result_is_not_tracked():
    assert not gc.is_tracked(rref(np.eye(3)))
    assert not gc.is_tracked(pickle.loads(pickle.dumps(rref(np.eye(3)))))


def test_a_result_goes_with_its_last_reference():
    matrix = weakref.ref(rref(np.eye(3)).matrix)
    assert matrix() is None


def test_results_hold_their_class_as_long_as_they_live():
    before = sys.getrefcount(Reduced)
    results = [rref(np.eye(3)) for _ in range(100)]
    assert sys.getrefcount(Reduced) == before + 100
    del results
    assert sys.getrefcount(Reduced) == before


def test_a_subclass_with_members_is_collected_in_a_cycle():
    result = noted()
    assert gc.is_tracked(result)
    result.itself = result
    matrix = weakref.ref(result.matrix)
    del result
    gc.collect()
    assert matrix() is None


def test_objects_of_a_subclass_go_with_their_last_reference():
    before = sys.getrefcount(Noted)
    matrix = weakref.ref(noted().matrix)
    assert matrix() is None
    assert sys.getrefcount(Noted) == before


@pytest.mark.parametrize("members", [("__dict__",), ("__weakref__",), ("__dict__", "__weakref__"),
                                     ("note",)])
def test_a_public_class_with_members_stays_with_the_collector(members):
    try:
        public = kernels.reductions(type("Public", (kernels.Reduction,), {"__slots__": members}))
    finally:
        kernels.reductions(Reduced)
    result = kernels.reduction(public, np.eye(2), (0, 1), 2, (2, 1.0, 0.0, 0, 1))
    assert gc.is_tracked(result)
    if "__weakref__" in members:
        note = weakref.ref(result)
        del result
        assert note() is None


def test_a_result_takes_no_class_of_another_kind_of_memory():
    for result, cls in ((rref(np.eye(3)), Noted), (noted(), Reduced)):
        with pytest.raises(TypeError, match="__class__ assignment"):
            result.__class__ = cls


@pytest.mark.parametrize("of", [copy.copy, copy.deepcopy,
                                lambda result: pickle.loads(pickle.dumps(result))])
def test_a_copy_is_of_the_same_class(of):
    made = of(noted())
    assert type(made) is Noted and (made.matrix == np.eye(3)).all() and made.pivots == (0, 1, 2)
