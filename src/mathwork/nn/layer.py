"""What all layers share."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, ClassVar, NoReturn, Self

    import numpy as np

    from mathwork._types import Activation, ActivationName, FloatDType


class Layer:
    """One immutable layer, which an activation ends. Each public layer has this base.

    `_kind` is its name in kernels and files. It takes `_n_in` numbers and gives `_n_out`.
    """

    __slots__ = ("activation",)

    _kind: ClassVar[str]
    _n_in: Any
    _n_out: Any
    _n_parameters: Any

    activation: Activation

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {self._class_name} layer is immutable, {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a {self._class_name} layer is immutable, {name} cannot be deleted")

    @property
    def _dtypes(self) -> set[np.dtype[Any]]:
        """The dtypes of its weights"""
        raise NotImplementedError

    @property
    def _class_name(self) -> str:
        return next(kind.__name__ for kind in type(self).__mro__ if "_kind" in vars(kind))

    @property
    def _activation(self) -> tuple[ActivationName, tuple[Any, ...]]:
        """(name, parameters) for the kernel: numbers, or one tuple of them for prelu."""
        given: Any = self.activation
        return (given[0], given[1:]) if isinstance(given, tuple) else (given, ())

    @property
    def _activation_text(self) -> str:
        name, parameters = self._activation
        if not parameters or name == "prelu":
            return name
        return f"{name}({', '.join(f'{number:g}' for number in parameters)})"

    @property
    def _text(self) -> str:
        """What a network prints for this layer."""
        text = self._inner_text
        return text if self.activation == "identity" else f"{text}+{self._activation_text}"

    @property
    def _inner_text(self) -> str:
        """What a network prints for this layer without its activation."""
        return self._kind

    @property
    def _taken_text(self) -> str:
        """What an error says of the size that this layer takes."""
        return f"a {self._class_name} of {self._n_in}"

    def _astype(self, dtype: FloatDType) -> Self:
        """Return this layer in another dtype, or itself if it has that dtype."""
        raise NotImplementedError

    def _plain(self) -> Any:
        """Return this layer, or an equal one of the public class for an object of a subclass.

        The attributes of a subclass may be properties: the layer has the values that they give now.
        """
        raise NotImplementedError
