"""Networks of dense layers, normalisation and residuals.

Dense             mathwork.nn.dense
LayerNorm, RMSNorm    mathwork.nn.norms
Residual          mathwork.nn.residual
Network           mathwork.nn.network, with the members of nn.exchange and nn.derivatives;
                  networks from elsewhere are made by nn.estimators (scikit-learn),
                  nn.keras_models, nn.pytorch and nn.formats.onnx, on nn.graph; nn.picture draws
Networks          mathwork.nn.networks
RowFunction       mathwork.nn.cfunction
load              mathwork.nn.loading, for the files of mathwork.nn.formats
cost              mathwork.nn.cost
gradient, value_and_gradient    mathwork.nn.derivatives
train, train_many, Training, Trainings, DivergenceError    mathwork.nn.training
"""
from mathwork.nn.cfunction import RowFunction
from mathwork.nn.cost import cost
from mathwork.nn.dense import Dense
from mathwork.nn.derivatives.by_parameters import gradient, value_and_gradient
from mathwork.nn.loading import load
from mathwork.nn.network import Network
from mathwork.nn.networks import Networks
from mathwork.nn.norms import LayerNorm, RMSNorm
from mathwork.nn.residual import Residual
from mathwork.nn.training import DivergenceError, Training, Trainings, train, train_many

__all__ = ["Dense", "DivergenceError", "LayerNorm", "Network", "Networks", "RMSNorm", "Residual",
           "RowFunction", "Training", "Trainings", "cost", "gradient", "load", "train",
           "train_many", "value_and_gradient"]
