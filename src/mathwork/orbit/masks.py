"""Masked elements: NaN on the way in, masked again on the way out.

They come as masked arrays of NumPy, which the columns of astropy's tables are, and as astropy's
masked quantities. astropy is never imported here before the caller has.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def unmasked(value: Any) -> tuple[Any, NDArray[np.bool] | None]:
    """Return a value with NaN for what is masked, and its mask; None if it has no mask.

    A column of a table with a unit becomes a quantity.
    """
    mask = None
    unit = getattr(value, "unit", None)
    if isinstance(value, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(value)
        data = np.ma.getdata(value)
        value = np.where(mask, np.nan, np.asarray(data)) if data.dtype.kind in "biuf" else data
    elif hasattr(value, "unmasked") and hasattr(value, "mask"):
        with np.errstate(all="ignore"):
            mask, value = np.asarray(value.mask), value.unmasked.astype(float)
        value[mask] = np.nan
        return value, mask
    elif not (unit is not None and hasattr(value, "quantity")):
        return value, None          # no column of a table
    if unit is not None:
        value = np.asarray(value) * _units().Unit(unit)
    return value, mask


def masked(value: Any, mask: NDArray[np.bool]) -> Any:
    """Return an array whose first axes are those of the mask as a masked array of its kind."""
    mask = np.broadcast_to(mask.reshape(mask.shape + (1,) * (np.ndim(value) - mask.ndim)),
                           np.shape(value))
    if not hasattr(value, "unit"):
        if isinstance(value, np.ndarray):
            return np.ma.MaskedArray(value, mask)
        return type(value)(np.ma.MaskedArray(value.magnitude, mask), value.units)
    from astropy.utils.masked import Masked

    return Masked(value, mask)


def common(masks: list[NDArray[np.bool] | None], shape: tuple[int, ...]
           ) -> NDArray[np.bool] | None:
    """Return the mask of orbits of which any element is masked; None if nothing had a mask."""
    found = [mask for mask in masks if mask is not None]
    if not found or not shape:
        return None
    mask = np.zeros(shape, bool)
    for each in found:
        mask |= each
    return mask


def _units() -> Any:
    from astropy import units

    return units
