"""Work larger than one machine: mathwork over the partitions and blocks of Dask collections.

Moments, fit_linear, fit_line         mathwork.dask.moments
fit_groups, fit_rolling               mathwork.dask.groups, rolling
forward, train_many                   mathwork.dask.nn
rref, solve, lu, inv, det             mathwork.dask.matrix
orbit_table, solve_kepler, propagate  mathwork.dask.orbit

Dask schedules all of it. Functions have the names and the results of those for arrays in memory,
but for what is lazy: a Dask array, a Dask dataframe, or a Delayed.
"""
from mathwork.dask.groups import fit_groups
from mathwork.dask.matrix import LU, Reduced, Solution, det, inv, lu, rref, solve
from mathwork.dask.moments import Moments, fit_line, fit_linear
from mathwork.dask.nn import forward, train_many
from mathwork.dask.orbit import orbit_table, propagate, solve_kepler
from mathwork.dask.rolling import fit_rolling

__all__ = ["LU", "Moments", "Reduced", "Solution", "det", "fit_groups", "fit_line", "fit_linear",
           "fit_rolling", "forward", "inv", "lu", "orbit_table", "propagate", "rref", "solve",
           "solve_kepler", "train_many"]
