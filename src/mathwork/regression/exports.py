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

        Examples
        --------
        >>> from mathwork.regression import fit_line
        >>> frame = fit_line([0, 1, 2], [[1, 3, 5], [0, 1, 2]]).to_pandas()
        >>> frame["slope"].to_list()
        [2.0, 1.0]
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

        Examples
        --------
        >>> from mathwork.regression import fit_line
        >>> frame = fit_line([0, 1, 2], [[1, 3, 5], [0, 1, 2]]).to_polars()
        >>> frame["slope"].to_list()
        [2.0, 1.0]
        """
        return extra("polars", "make a data frame").DataFrame(self.to_dict())
