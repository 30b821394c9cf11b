"""Training: networks that learn from inputs and answers.

answers     inputs and answers as the kernels take them, and the loss that fits a network
settings    optimisers, learning rates and their checks
loop        epochs until the end, an interrupt or a divergence
results     Training, Trainings, DivergenceError
progress    a bar on a terminal
single      train
many        train_many
"""
from mathwork.nn.training.many import train_many
from mathwork.nn.training.results import DivergenceError, Training, Trainings
from mathwork.nn.training.single import train

__all__ = ["DivergenceError", "Training", "Trainings", "train", "train_many"]
