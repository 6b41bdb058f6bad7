"""ONNX models as operators: real models, run by onnxruntime, against numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from patchwise.core import ParameterError, SpatialPatcher, SpatialRectangular, SpatialRegularStride, stream
from patchwise.core.domains import PixelWindow
from patchwise.core.operators.onnx import Onnx
from patchwise.core.operators.onnx_model import available_providers
from patchwise.core.sinks import ArraySink
from patchwise.core.window import SpatialTukey
from scipy.ndimage import correlate
from scipy.special import expit, softmax

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from . import onnx_models as models  # noqa: E402
from .cases import in_memory_source  # noqa: E402

