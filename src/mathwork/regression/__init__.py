"""Least squares that reach the limit of the data: lines, planes, polynomials, with inference.

fit_line, LineFit                                     mathwork.regression.line, line_fit
fit_linear, LinearFit                                 mathwork.regression.linear, linear_fit
RankWarning                                           mathwork._warnings
fit_polynomial, PolynomialFit                         mathwork.regression.polynomial, polynomial_fit
Prediction                                            mathwork.regression.members
Contrast, JointTest                                   mathwork.regression.restrictions
fit_groups, GroupFits                                 mathwork.regression.groups
fit_rolling, RollingFits                              mathwork.regression.rolling
PlaneFit                                              mathwork.regression.batches
fit_ridge, RidgeFit                                   mathwork.regression.ridge
Moments                                               mathwork.regression.moments
the codes of `status`                                 mathwork.regression.status
"""
from mathwork._warnings import RankWarning
from mathwork.regression import status as status
from mathwork.regression.batches import PlaneFit
from mathwork.regression.groups import GroupFits, fit_groups
from mathwork.regression.line import fit_line
from mathwork.regression.line_fit import LineFit
from mathwork.regression.linear import fit_linear
from mathwork.regression.linear_fit import LinearFit
from mathwork.regression.members import Prediction
from mathwork.regression.moments import Moments
from mathwork.regression.polynomial import fit_polynomial
from mathwork.regression.polynomial_fit import PolynomialFit
from mathwork.regression.restrictions import Contrast, JointTest
from mathwork.regression.ridge import RidgeFit, fit_ridge
from mathwork.regression.rolling import RollingFits, fit_rolling

__all__ = [
    "Contrast", "GroupFits", "JointTest", "LineFit", "LinearFit", "Moments", "PlaneFit",
    "PolynomialFit", "Prediction", "RankWarning", "RidgeFit", "RollingFits", "fit_groups",
    "fit_line", "fit_linear", "fit_polynomial", "fit_ridge", "fit_rolling",
]
