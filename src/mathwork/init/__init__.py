"""Initialisation: weights whose variance keeps a signal's size from layer to layer.

he_normal, he_uniform              for rectified layers: variance 2 / fan_in
glorot_normal, glorot_uniform      for tanh and its kin: 2 / (fan_in + fan_out); Xavier's
lecun_normal, lecun_uniform        for selu: 1 / fan_in
orthogonal                         rows or columns at right angles
he_variance, he_std, he_limit      the parameters of He's distributions
normal_pdf, uniform_pdf            the densities

A seed gives the same bits at every vector level, on any number of workers, and in later releases.
"""
from mathwork.init.densities import normal_pdf, uniform_pdf
from mathwork.init.scales import he_limit, he_std, he_variance
from mathwork.init.weights import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    orthogonal,
)

__all__ = ["glorot_normal", "glorot_uniform", "he_limit", "he_normal", "he_std", "he_uniform",
           "he_variance", "lecun_normal", "lecun_uniform", "normal_pdf", "orthogonal",
           "uniform_pdf"]
