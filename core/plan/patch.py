"""One chip on its way from the raster to the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..base.errors import MissingPackageError
from ..grid.domain import PixelWindow
from .cutting import finer


@dataclass(frozen=True, eq=False)
class Patch:
    """A chip with its place and its weights.

    ``data`` is ``(h, w)`` or ``(bands, h, w)`` with NaN where unknown; ``weights`` is ``(h, w)``, at least 0, and 0
    means "not covered by this chip". A chip may reach over the raster's edge (``pad``, ``reflect``): ``window`` is the
    place of the whole chip, and only its part on the raster is stitched.
    """

    data: Any
    window: PixelWindow
    weights: np.ndarray
    center: tuple[int, int] | None = None

    @property
    def anchor(self) -> tuple[int, int]:
        """``(row, col)`` of the chip's upper-left pixel, or of its centre where the geometry is round."""
        return self.center or (self.window.row, self.window.col)

    @property
    def indices(self) -> Any:
        """The chip's place as a ``rasterio.windows.Window``."""
        try:
            from rasterio.windows import Window
        except ImportError as error:
            raise MissingPackageError("rasterio", "to give a chip's place as its Window") from error
        return Window(self.window.col, self.window.row, self.window.width, self.window.height)

    def refined(self, factor: int) -> Patch:
        """The same place and weights on a grid that is ``factor`` times finer; the data stays as it is."""
        if factor == 1:
            return self
        center = None if self.center is None else (self.center[0] * factor, self.center[1] * factor)
        weights = finer(self.weights, factor)
        return replace(self, window=self.window.scaled(factor), weights=weights, center=center)

    def with_data(self, data: Any) -> Patch:
        """The same place and weights with other data; the number of bands may change, height and width may not."""
        return replace(self, data=data)
