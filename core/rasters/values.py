"""From float results to the type of the file: rounding, clipping, nodata, and a count of what was lost."""

from __future__ import annotations

import numpy as np

from ..base.errors import ParameterError

# No 64-bit integers: results are computed as float64, which holds them only up to 2^53, and rasterio hands nodata on as
# a double, which is read back as another value or as none.
DATA_TYPES = ("float32", "float64", "uint8", "int8", "uint16", "int16", "uint32", "int32")


class ValueType:
    """How results are written as ``dtype``.

    Unknown is written as ``nodata``: as chosen, else NaN for floats and, for integers, the largest value of the type
    (signed: the smallest). Integers are rounded to the nearest, and what lies outside the type's range is clipped to
    it, beside the nodata value. ``clipped`` and ``collided`` (valid values that equal the nodata value) are counted.
    """

    def __init__(self, dtype: str = "float32", nodata: float | None = None) -> None:
        if dtype not in DATA_TYPES:
            raise ParameterError("data type", dtype, f"must be one of {', '.join(DATA_TYPES)}")
        self.dtype = np.dtype(dtype)
        self.chosen = nodata is not None
        self.nodata = self._default() if nodata is None else self._checked(float(nodata))
        self.clipped = self.collided = 0

    def _default(self) -> float:
        if self.dtype.kind == "f":
            return float("nan")
        limits = np.iinfo(self.dtype)
        return float(limits.min if self.dtype.kind == "i" else limits.max)

    def _checked(self, nodata: float) -> float:
        if self.dtype.kind == "f":
            with np.errstate(over="ignore"):
                as_written = float(self.dtype.type(nodata))
            if np.isfinite(nodata) and not np.isfinite(as_written):
                raise ParameterError("nodata", nodata, f"must fit the data type {self.dtype}")
            return as_written
        limits = np.iinfo(self.dtype)
        if not np.isfinite(nodata) or nodata != int(nodata) or not limits.min <= int(nodata) <= limits.max:
            allowed = f"must be a whole number from {limits.min} to {limits.max}, the range of {self.dtype}"
            raise ParameterError("nodata", nodata, allowed)
        return nodata

    def convert(self, values: np.ndarray, out: np.ndarray) -> None:
        """Write float ``values`` (NaN where unknown) into ``out`` of the file's type and the same shape."""
        if self.dtype.kind == "f":
            with np.errstate(over="ignore"):
                np.copyto(out, values, casting="unsafe")
            if not np.isnan(self.nodata):
                self.collided += int(np.count_nonzero(out == out.dtype.type(self.nodata)))
                out[np.isnan(values)] = self.nodata
            return
        unknown = np.isnan(values)
        whole = np.rint(values, dtype=np.float64 if self.dtype.itemsize >= 4 else None)
        low, high = self._limits()
        outside = (whole < low) | (whole > high)
        outside &= whole != self.nodata
        self.clipped += int(np.count_nonzero(outside))
        self.collided += int(np.count_nonzero(whole == self.nodata))
        np.copyto(whole, np.clip(whole, low, high), where=outside)
        whole[unknown] = self.nodata
        np.copyto(out, whole, casting="unsafe")

    def _limits(self) -> tuple[float, float]:
        """The range that valid values are clipped to: the type's, without a nodata value at its end."""
        limits = np.iinfo(self.dtype)
        low, high = float(limits.min), float(limits.max)
        return (low + 1 if self.nodata == low else low), (high - 1 if self.nodata == high else high)

    def losses(self) -> list[str]:
        """Sentences about values that could not be written as they are."""
        said = []
        if self.clipped:
            lost = f"{self.clipped} values lie outside the range of {self.dtype} and were clipped to it"
            said.append(f"{lost}: choose a wider data type to keep them")
        if self.collided:
            lost = f"{self.collided} valid values equal the nodata value {self.nodata:g} and will be taken for unknown"
            said.append(f"{lost}: choose another nodata value or a wider data type")
        return said
