"""Estimators for scikit-learn that train networks with mathwork; they need scikit-learn.

MLPClassifier     mathwork.sklearn.classifier
MLPRegressor      mathwork.sklearn.regressor; what both share is mathwork.sklearn.estimator

Parameters have the names that scikit-learn's own estimators give them where they mean the same.
"""
from mathwork.sklearn.classifier import MLPClassifier
from mathwork.sklearn.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
