"""Properties of all bands of a dataset, each read once."""

from __future__ import annotations

from functools import cached_property
from typing import Any


class Facts:
    """Stands for an open rasterio dataset where bands are described one by one.

    rasterio makes the list for all bands each time that it is asked for one: of 65535 bands that takes hours.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dataset, name)

    @cached_property
    def mask_flag_enums(self) -> Any:
        """Flags of the masks."""
        return self._dataset.mask_flag_enums

    @cached_property
    def dtypes(self) -> Any:
        """Types of the values."""
        return self._dataset.dtypes

    @cached_property
    def nodatavals(self) -> Any:
        """Nodata values."""
        return self._dataset.nodatavals

    @cached_property
    def descriptions(self) -> Any:
        """Names."""
        return self._dataset.descriptions

    @cached_property
    def scales(self) -> Any:
        """Scales."""
        return self._dataset.scales

    @cached_property
    def offsets(self) -> Any:
        """Offsets."""
        return self._dataset.offsets

    @cached_property
    def units(self) -> Any:
        """Units."""
        return self._dataset.units

    @cached_property
    def colorinterp(self) -> Any:
        """Colour interpretations."""
        return self._dataset.colorinterp
