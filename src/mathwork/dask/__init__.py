"""Work larger than one machine: mathwork over the partitions and blocks of Dask collections.

Moments, fit_linear, fit_line         mathwork.dask.moments
fit_groups                            mathwork.dask.groups
"""
from mathwork.dask.groups import fit_groups
from mathwork.dask.moments import Moments, fit_line, fit_linear

__all__ = ["Moments", "fit_groups", "fit_line", "fit_linear"]
