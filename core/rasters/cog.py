"""Writing finished rows to a cloud-optimized GeoTIFF: overviews, and an order of bytes that suits reading over HTTP.

Such a file cannot be written row by row: its overviews stand before its pixels. So the rows go into a plain GeoTIFF in
the hidden room, of which GDAL's driver makes the final file at the end, in memory bounded by GDAL's cache. The room
holds both for a while. That step cannot be interrupted, and a run that is cancelled meanwhile ends after it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import ParameterError
from ..base.progress import may_go_on
from ..gdal.environment import can_compress, gdal_env, load_rasterio
from .band_meta import names_of
from .class_names import write_names
from .creation_options import check_range
from .geotiff import GeoTiffSink

#: Options of GDAL's driver that change neither the grid nor the bands.
_OPTIONS = (
    "blocksize", "compress", "level", "quality", "predictor", "bigtiff", "num_threads", "overview_resampling",
    "overview_compress", "overview_quality", "overview_predictor", "sparse_ok",
)  # fmt: skip
_RESAMPLING = ("NEAREST", "AVERAGE", "BILINEAR", "CUBIC", "CUBICSPLINE", "LANCZOS", "MODE", "RMS")
_RANGES = {"level": (1, 22), "quality": (1, 100), "overview_quality": (1, 100)}


class CogSink(GeoTiffSink):
    """As :class:`GeoTiffSink`, but the file is a cloud-optimized GeoTIFF.

    It has tiles of 512 pixels and overviews down to one tile: of classes (``categories``, or ``meta`` with classes) the
    most frequent value, of all else the average of what is known. ``options`` are those of GDAL's COG driver.
    """

    def _prepare(self) -> None:
        super()._prepare()
        self._final = ""
        if self.value_type.dtype == np.int8 and _is_before((3, 7)):
            allowed = "needs GDAL 3.7 or later in a cloud-optimized GeoTIFF: choose int16"
            raise ParameterError("data type", "int8", allowed)
        self._cog = {**_defaults(self.value_type.dtype), **self.cog_options(self.spec.options)}

    @staticmethod
    def checked_options(options: Mapping[str, str], dtype: np.dtype) -> dict[str, Any]:
        """Those of the driver are checked; none of them is for the file that the rows go into."""
        CogSink.cog_options(options)
        return {}

    @staticmethod
    def cog_options(options: Mapping[str, str]) -> dict[str, Any]:
        """The user's creation options in rasterio's spelling; raises :class:`ParameterError`."""
        own = {key.strip().lower(): str(value) for key, value in options.items()}
        for key, value in own.items():
            said = f"{key.upper()}={value}"
            if key not in _OPTIONS:
                allowed = f"is none of a cloud-optimized GeoTIFF; those are {', '.join(_OPTIONS).upper()}"
                raise ParameterError("creation options", key.upper(), allowed)
            if key in ("compress", "overview_compress") and not _compresses(value):
                raise ParameterError("creation options", said, "is not a compression that this GDAL writes")
            if key == "overview_resampling" and value.upper() not in _RESAMPLING:
                raise ParameterError("creation options", said, f"must be one of {', '.join(_RESAMPLING)}")
            if key == "blocksize":
                check_range(key, value, 128, 4096)
                if int(value) % 128:
                    raise ParameterError("creation options", said, "must be a multiple of 128")
            if key == "num_threads":
                check_range(key, value, 1, 1024)
            if key in _RANGES:
                check_range(key, value, *_RANGES[key])
        return own

    def _create(self) -> str:
        target = Path(self._partial.create())
        self._final = str(target)
        # Not in the folder of the output, all of which is renamed.
        plain = target.parent.parent / "rows"
        plain.mkdir()
        return str(plain / "rows.tif")

    def _complete(self) -> None:
        from rasterio.shutil import copy

        with gdal_env(), self._writing():
            self._close()
            may_go_on()
            copy(self._file, self._final, driver="COG", **self._resampled())
            self._check_blocks(self._final, str(self._cog.get("sparse_ok", "")).upper() in ("TRUE", "YES", "ON", "1"))
            os.unlink(self._file)
            write_names(self._final, self.spec.categories or names_of(self.spec.meta, self.value_type.nodata))

    def _resampled(self) -> dict[str, Any]:
        classes = bool(self.spec.categories) or any(band.classes is not None for band in self.spec.meta)
        return {"overview_resampling": "MODE" if classes else "AVERAGE", **self._cog}


def _defaults(dtype: np.dtype) -> dict[str, Any]:
    compress = "ZSTD" if can_compress("ZSTD") else "DEFLATE"
    predictor = "NO" if dtype.itemsize > 4 and dtype.kind != "f" else "YES"
    return {"compress": compress, "level": 1, "predictor": predictor, "bigtiff": "IF_SAFER", "num_threads": "ALL_CPUS"}


def _compresses(compress: str) -> bool:
    return compress.upper() == "NONE" or can_compress(compress.upper())


def _is_before(version: tuple[int, int]) -> bool:
    return tuple(int(part) for part in load_rasterio().__gdal_version__.split(".")[:2]) < version
