"""Networks of dense layers.

Dense             mathwork.nn.dense
Network           mathwork.nn.network; nn.sources and nn.chain make networks from elsewhere
RowFunction       mathwork.nn.cfunction
load              mathwork.nn.loading, for the files of mathwork.nn.formats
cost              mathwork.nn.cost
"""
from mathwork.nn.cfunction import RowFunction
from mathwork.nn.cost import cost
from mathwork.nn.dense import Dense
from mathwork.nn.loading import load
from mathwork.nn.network import Network

__all__ = ["Dense", "Network", "RowFunction", "cost", "load"]
