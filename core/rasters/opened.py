"""A raster file that is open: opened once for all its uses, with the same errors for all."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any

from ..base.errors import ParameterError, PatchwiseError, RasterReadError
from ..gdal.drivers import allowed, disguise, foreign_part
from ..gdal.environment import gdal_env, gdal_words, load_rasterio
from .band_meta import BandMeta, read_meta
from .bands import Band
from .source_files import Found, files_of
from .source_identity import Stamp, stamp_of
from .view import RasterView


class OpenedFile:
    """A file that is opened when it is :meth:`described`, and again when it is used after :meth:`close`.

    All selections of bands of a :class:`~patchwise.core.RasterFile` share one. ``stamps``: size and time of the file
    before it was opened, by its path; empty for what is no plain file. The parameters are those of the raster.
    """

    def __init__(
        self, path: str, parameter: str, overview: int | None, view: RasterView, drivers: Sequence[str], alone: bool
    ) -> None:
        self.path, self.parameter, self.view = path, parameter, view
        self._overview, self._drivers, self._alone = overview, tuple(drivers), alone
        at = stamp_of(path)
        self.stamps: dict[str, Stamp] = {} if at is None else {path: at}
        self._dataset: Any = None
        self._turn = threading.RLock()

    @contextmanager
    def using(self) -> Iterator[Any]:
        """The rasterio dataset, within GDAL's settings for it, for one thread at a time."""
        with self._turn, self._env():
            self._dataset = self._dataset or self._checked()
            yield self._dataset

    @property
    def closed(self) -> bool:
        """Whether it would have to be opened."""
        return self._dataset is None

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            if self._dataset is not None:
                self._dataset.close()
                self._dataset = None

    @contextmanager
    def described(self) -> Iterator[Any]:
        """The dataset, opened for the first time.

        Damage of a header shows when its values are used: then the file is closed again.
        """
        try:
            with self._env():
                self._dataset = self._checked()
                yield self._dataset
        except PatchwiseError:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise self._unreadable(error) from error

    @cached_property
    def _files(self) -> Found:
        with self.using() as dataset:
            return files_of(self.path, dataset.files, dataset.driver, _listed)

    def files(self) -> Found:
        """The files that it is made of, searched for once."""
        return self._files

    def meta(self, bands: Sequence[Band]) -> tuple[BandMeta, ...]:
        """What follows these bands; no pixel is read."""
        with self.using() as dataset:
            return read_meta(dataset, [band.index for band in bands])

    def _env(self) -> AbstractContextManager[None]:
        return gdal_env(**({"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"} if self._alone else {}))

    def _checked(self) -> Any:
        """The dataset. One that would read files of others is refused before it does."""
        dataset = self._opened_by({})
        foreign = foreign_part(self.path, dataset, self._alone)
        if foreign:
            dataset.close()
            raise RasterReadError(
                f"{self.parameter} is {self.path!r}: {foreign}. Remove that, or convert the raster to a new GeoTIFF"
            )
        if self._overview is None:
            return dataset
        dataset.close()
        return self._opened_by({"overview_level": self._overview})

    def _opened_by(self, options: dict[str, Any]) -> Any:
        rasterio = load_rasterio()
        drivers = self._drivers or allowed(self.path)
        options = {**dict(self.view.options), **options}
        try:
            if not drivers:
                return rasterio.open(self.path, **options)
            from rasterio.io import DatasetReader  # rasterio.open takes one driver only

            return DatasetReader(self.path, driver=list(drivers), **options)
        except Exception as error:  # of a damaged header rasterio raises many types, and all mean the same to the user
            disguised = disguise(self.path, refused=True) if drivers else ""
            if disguised:
                raise ParameterError(self.parameter, self.path, disguised) from error
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> RasterReadError:
        text = f"{self.parameter} is {self.path!r}: it cannot be opened as a raster ({gdal_words(error)})"
        return RasterReadError(text)


def _listed(path: str) -> Sequence[str]:
    """The files of a VRT as GDAL lists them; none where it cannot be opened."""
    rasterio = load_rasterio()
    try:
        with rasterio.open(path, driver="VRT") as dataset:
            return list(dataset.files)
    except (rasterio.errors.RasterioError, OSError):
        return []
