from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from mathwork._types import FloatArray, FloatDType

activation_codes: dict[str, int]
loss_codes: dict[str, int]
rule_codes: dict[str, int]
step_kinds: dict[str, int]
outcomes: tuple[str, ...]

def philox_block(block: int, key: Sequence[int], high: Sequence[int]) -> list[int]: ...

@disjoint_base
class Model:
    dtype: FloatDType
    def __new__(cls, layers: Sequence[Any], dtype: FloatDType) -> Model: ...
    @property
    def n_parameters(self) -> int: ...

@disjoint_base
class Trainer(Model):
    epoch: int
    row: int
    since_best: int
    lowest: float
    stopped: bool
    def __new__(cls, layers: Sequence[Any], dtype: FloatDType, loss: str, delta: float = 1.0,
                batch: int = 128, workers: int = 1) -> Trainer: ...
    def get_parameters(self) -> FloatArray: ...
    def get_saved(self) -> FloatArray: ...
    def get_best(self) -> FloatArray: ...
    def set_parameters(self, vector: FloatArray) -> None: ...
    def set_rule(self, name: str, rate: float, *, decay: float = 0.0, momentum: float = 0.0,
                 nesterov: bool = False, beta1: float = 0.9, beta2: float = 0.999,
                 eps: float = 1e-8) -> None: ...
    def run(self, samples: Samples, validation: Samples | None, batch: int,
            rates: NDArray[np.float64], losses: NDArray[np.float64],
            validation_losses: NDArray[np.float64], seed: Sequence[int] | None = None,
            patience: int = -1, tolerance: float = 0.0) -> str: ...
    def loss(self, samples: Samples) -> float: ...
    def loss_and_gradient(self, samples: Samples) -> tuple[float, FloatArray]: ...

@disjoint_base
class Samples:
    n: int
    def __new__(cls, trainer: Trainer, x: FloatArray, answers: FloatArray | NDArray[np.intp],
                weights: FloatArray | None = None) -> Samples: ...

@disjoint_base
class WholeData:
    def __new__(cls, trainer: Trainer, samples: Samples, squares: bool,
                decay: float = 0) -> WholeData: ...
    def run(self, validation: Samples | None, losses: NDArray[np.float64],
            validation_losses: NDArray[np.float64], patience: int = -1,
            tolerance: float = 0.0) -> str: ...

@disjoint_base
class Round:
    def __call__(self, first: int, stop: int) -> None: ...
