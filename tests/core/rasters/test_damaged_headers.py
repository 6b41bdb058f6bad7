"""Headers that are damaged, and files of very many bands: what is asked of a dataset, and how often."""

from collections import Counter

import numpy as np
import pytest
from patchwise.core.base.errors import ParameterError, RasterReadError
from patchwise.core.rasters.band_facts import Facts
from patchwise.core.rasters.bands import describe

pytest.importorskip("rasterio")

from patchwise.core import RasterFile  # noqa: E402
from patchwise.core.operators import onnx_model  # noqa: E402
from patchwise.core.rasters.opened import OpenedFile  # noqa: E402
from rasterio.errors import CRSError  # noqa: E402

from ..made_rasters import write_raster  # noqa: E402

ERRORS = [
    CRSError("no CRS"),
    ValueError("bad"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    OverflowError("large"),
    KeyError("key"),
    SystemError("null"),
    TypeError("kind"),
]


class Damaged:
    """A dataset of which one thing cannot be asked; counts how often each is."""

    def __init__(self, dataset, name, error):
        self._dataset, self._name, self._error = dataset, name, error
        self.asked = Counter()

    def __getattr__(self, name):
        self.asked[name] += 1
        if name == self._name:
            raise self._error
        return getattr(self._dataset, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._dataset.close()


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("name", ["crs", "transform", "descriptions", "nodatavals", "tags", "block_shapes"])
def test_a_header_that_cannot_be_described_is_an_error_of_reading(tmp_path, monkeypatch, name, error):
    path, real = write_raster(tmp_path / "a.tif", np.ones((2, 5, 6), np.uint8)), OpenedFile._opened_by
    monkeypatch.setattr(OpenedFile, "_opened_by", lambda self, options: Damaged(real(self, options), name, error))
    with pytest.raises(RasterReadError, match="input is .*a.tif': it cannot be opened as a raster"):
        RasterFile(path)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_rasterio_raises_when_it_opens_is_an_error_of_reading(tmp_path, monkeypatch, error):
    import rasterio.io

    path = write_raster(tmp_path / "a.tif", np.ones((2, 5, 6), np.uint8))

    def raises(*_, **__):
        raise error

    monkeypatch.setattr(rasterio.io, "DatasetReader", raises)
    with pytest.raises(RasterReadError, match="cannot be opened as a raster"):
        RasterFile(path)


def test_lists_of_all_bands_are_asked_for_once(tmp_path):
    import rasterio

    path = write_raster(tmp_path / "many.tif", np.ones((200, 3, 3), np.uint8))
    with Damaged(rasterio.open(path), "", None) as dataset:
        facts = Facts(dataset)
        assert len([describe(facts, index) for index in range(1, 201)]) == 200
        assert max(dataset.asked.values()) == 1


class Session:
    """A session of which something cannot be asked."""

    def __init__(self, name, error):
        self._name, self._error = name, error

    def get_providers(self):
        return ["CPUExecutionProvider"]

    def __getattr__(self, name):
        def ask():
            if name == self._name:
                raise self._error
            return []

        return ask


@pytest.mark.parametrize("name", ["get_inputs", "get_outputs", "get_modelmeta"])
@pytest.mark.parametrize("error", ERRORS[1:], ids=lambda error: type(error).__name__)
def test_a_damaged_model_is_refused(monkeypatch, name, error):
    monkeypatch.setattr(onnx_model, "_session", lambda *_: Session(name, error))
    with pytest.raises(ParameterError, match="path is 'a.onnx': is damaged"):
        onnx_model.OnnxModel("a.onnx", 3, (8, 8), "cpu", None)
