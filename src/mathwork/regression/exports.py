"""Results of many fits as data frames."""
from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from mathwork._extras import extra

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray


class AsTable:
    """Data frames of the columns that `to_dict` gives."""

    __slots__ = ()

    @abstractmethod
    def to_dict(self) -> dict[str, NDArray[Any]]:
        """The fields as columns of a table."""

    def to_pandas(self) -> Any:
        """The columns of `to_dict` as a data frame of pandas.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is missing.
        """
        return extra("pandas", "make a data frame").DataFrame(self.to_dict())

    def to_polars(self) -> Any:
        """The columns of `to_dict` as a data frame of polars.

        Returns
        -------
        polars.DataFrame

        Raises
        ------
        ImportError
            If polars is missing.
        """
        return extra("polars", "make a data frame").DataFrame(self.to_dict())
