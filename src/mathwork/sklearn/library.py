"""The parts of scikit-learn that the estimators are made of."""
from __future__ import annotations

from typing import TYPE_CHECKING

from mathwork._extras import extra

if TYPE_CHECKING:
    from typing import Any


def _part(name: str) -> Any:
    return extra(f"sklearn.{name}", "offer estimators for scikit-learn", project="scikit-learn")


base = _part("base")
checks = _part("utils.validation")
class_weights = _part("utils.class_weight")
exceptions = _part("exceptions")
model_selection = _part("model_selection")
multiclass = _part("utils.multiclass")
