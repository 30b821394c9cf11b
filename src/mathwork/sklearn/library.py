"""The parts of scikit-learn that the estimators are made of."""
from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mathwork._extras import extra

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

Method = TypeVar("Method", bound="Callable[..., Any]")


def _part(name: str) -> Any:
    return extra(f"sklearn.{name}", "offer estimators for scikit-learn", project="scikit-learn")


def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Hide a method from estimators for which `check` is False."""
    hide: Callable[[Method], Method] = _part("utils.metaestimators").available_if(check)
    return hide


base = _part("base")
checks = _part("utils.validation")
class_weights = _part("utils.class_weight")
exceptions = _part("exceptions")
model_selection = _part("model_selection")
multiclass = _part("utils.multiclass")
