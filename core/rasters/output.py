"""The one way to write rasters: from what is to be written to the sink of its format.

A further format is a file with a subclass of :class:`RasterSink` (``sink.py``) and a line in ``FORMATS``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import numpy as np

from ..base.errors import ParameterError
from ..grid.domain import RasterDomain
from .cog import CogSink
from .geotiff import GeoTiffSink
from .sink import AUTO as AUTO
from .sink import OutputSpec as OutputSpec
from .sink import RasterSink
from .source_files import SourceFiles
from .zarr import ZarrSink

#: The sinks by the name of their format. An ending that several share stands for the first of them.
FORMATS: dict[str, type[RasterSink]] = {
    "geotiff": GeoTiffSink,
    "cog": CogSink,
    "zarr": ZarrSink,
}


def sink_for(path: str, domain: RasterDomain, spec: OutputSpec) -> RasterSink:
    """The sink that writes to ``path`` what ``spec`` says; nothing is made before it is started.

    Raises :class:`ParameterError` for what cannot be written so.
    """
    sink: type[RasterSink] = FORMATS[format_of(path, spec.format)]
    return sink(path, domain, **vars(spec))


def format_of(path: str, wanted: str = AUTO) -> str:
    """The format of ``path``: the one that is ``wanted``, or by the name's ending; GeoTIFF for any other ending."""
    if wanted in FORMATS:
        return wanted
    if wanted != AUTO:
        raise ParameterError("format", wanted, f"must be one of {', '.join((AUTO, *FORMATS))}")
    ending = os.path.splitext(str(path))[1].lower()
    return next((name for name, sink in FORMATS.items() if ending in sink.ENDINGS), "geotiff")


def check_output(
    path: str, sources: Iterable[str] | SourceFiles = (), parameter: str = "output", wanted: str = AUTO
) -> None:
    """Raise :class:`ParameterError` for a target that does not suit its format, or that is read."""
    FORMATS[format_of(path, wanted)].check(path, sources, parameter)


def check_options(options: Mapping[str, str], name: str) -> None:
    """Raise :class:`ParameterError` for creation options that the format ``name`` does not have."""
    FORMATS[name].checked_options(options, np.dtype(np.float32))


def suits(path: str, name: str) -> bool:
    """Whether a file of the format ``name`` may have the ending of ``path``."""
    return os.path.splitext(str(path))[1].lower() in FORMATS[name].ENDINGS


def with_ending(path: str, wanted: str) -> str:
    """``path`` with an ending that the format has: its own where it suits."""
    if wanted == AUTO or not path or suits(path, format_of(path, wanted)):
        return path
    return os.path.splitext(path)[0] + str(FORMATS[wanted].ENDINGS[0])
