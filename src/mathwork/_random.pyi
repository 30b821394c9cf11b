"""What `mathwork._levels.random` offers, at every level."""
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mathwork._types import FloatArray

distributions: dict[str, int]

def fill_random(out: FloatArray, distribution: int, seed: Sequence[int], scale: float,
                workers: int = 1) -> FloatArray: ...

# ---- for tests ----

def numbers_of_bits(bits: NDArray[np.uint32] | NDArray[np.uint64], distribution: int
                    ) -> FloatArray: ...
def philox_block(block: int, key: tuple[int, int], high: tuple[int, int]) -> list[int]: ...
