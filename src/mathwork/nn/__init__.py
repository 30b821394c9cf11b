"""Networks of dense layers.

Dense, Network   mathwork.nn.network
load             mathwork.nn.formats
cost             mathwork.nn.cost
"""
from mathwork.nn.cost import cost
from mathwork.nn.formats import load
from mathwork.nn.network import Dense, Network

__all__ = ["Dense", "Network", "cost", "load"]
