"""A user's Python file as an operator."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from patchwise.core import (
    ArraySink,
    GeoTensor,
    OperatorError,
    ParameterError,
    RasterField,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    stream,
)
from patchwise.core.base.errors import UserCodeError
from patchwise.core.operators.python_file import ChipMeta, PythonFile

from ...conftest import ROOT

TEMPLATE = ROOT / "docs" / "operator_template.py"
PATCHER = SpatialPatcher(SpatialRectangular((16, 16), "shift"), SpatialRegularStride(8))


def file_of(folder: Path, text: str, name: str = "blur.py") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def run(operator, array):
    field = RasterField(GeoTensor(array))
    sink = ArraySink(array.shape[-2:])
    stream(field.source, PATCHER, operator, sink, workers=2)
    return sink.array


def test_the_chip_and_what_is_known_of_it(tmp_path):
    path = file_of(tmp_path, "seen = []\ndef operator(chip, meta):\n    seen.append((chip, meta))\n    return chip\n")
    operator = PythonFile(path, ["red", ""])
    assert operator.name == "blur.py" and operator.georeferenced and not operator.pointwise
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    np.testing.assert_array_equal(operator(array), array)
    tensor = GeoTensor(array.astype(np.float64), "transform", "crs", band_names=("a", "b"))
    object.__setattr__(tensor, "anchor", (7, 9))
    operator(tensor)
    operator(np.ones((3, 4), np.uint8))
    seen = sys.modules[operator._function.__module__].seen
    assert [chip.shape for chip, _ in seen] == [(2, 3, 4), (2, 3, 4), (1, 3, 4)]
    assert [chip.dtype.name for chip, _ in seen] == ["float32", "float64", "float32"]
    assert not any(chip.flags.writeable for chip, _ in seen) and array.flags.writeable
    assert seen[0][1] == ChipMeta(None, None, None, ("red", ""))
    assert seen[1][1] == ChipMeta((7, 9), "transform", "crs", ("a", "b"))


def test_a_run_is_that_of_the_function(tmp_path):
    path = file_of(tmp_path, "import numpy as np\ndef operator(chip, meta):\n    return np.sqrt(chip[0]) + chip[1]\n")
    array = np.random.default_rng(0).random((2, 40, 50)).astype(np.float32)
    np.testing.assert_array_equal(run(PythonFile(path), array)[0], np.sqrt(array[0]) + array[1])


@pytest.mark.parametrize(
    "body, words",
    [
        ("    return 1 / 0", "blur.py, line 4: ZeroDivisionError: division by zero"),
        ("    return helper(chip)", "blur.py, line 2: KeyError: 'x'"),
        ("    return np.stack([chip, chip[:1, :1]])", "blur.py, line 4: ValueError: all input arrays"),
        ("    chip[0] = 1", "blur.py, line 4: ValueError: assignment destination is read-only"),
        ("    raise SystemExit", "blur.py, line 4: SystemExit$"),
        ("    pass", "blur.py: operator returned nothing"),
        ("    return chip[:, 1:]", "it returned the shape"),
    ],
)
def test_an_exception_names_file_line_and_chip(tmp_path, body, words):
    text = f"import numpy as np\ndef helper(chip): return {{}}['x']\ndef operator(chip, meta):\n{body}\n"
    operator = PythonFile(file_of(tmp_path, text))
    with pytest.raises(OperatorError, match=f"operator blur.py failed on the chip at row 0, column 0: {words}"):
        run(operator, np.ones((1, 20, 20), np.float32))


def test_an_exception_without_a_chip(tmp_path):
    operator = PythonFile(file_of(tmp_path, "def operator(chip, meta):\n    raise RuntimeError('no')\n"))
    with pytest.raises(UserCodeError, match=r"^blur\.py, line 2: RuntimeError: no$"):
        operator(np.ones((1, 2, 2)))


@pytest.mark.parametrize(
    "text, words",
    [
        ("x = (\n", r"is not valid Python: line 1: '\(' was never closed|is not valid Python: line \d"),
        ("def operator(chip, meta):\nreturn chip\n", "is not valid Python: line 2: "),
        ("x = '\0'\n", "is not valid Python"),
        ("# coding: nonsense\n", "is not valid Python"),
        ("", r"must define a function 'operator\(chip, meta\)'"),
        ("def other(chip, meta): return chip\n", r"must define a function 'operator"),
        ("def f():\n    def operator(chip, meta): return chip\n", r"must define a function 'operator"),
        ("\ndef operator(chip): return chip\n", "line 2: operator must take two arguments"),
        ("def operator(chip, meta, more): return chip\n", "line 1: operator must take two arguments"),
        ("def operator(chip, meta, *, more): return chip\n", "must take two arguments"),
        ("async def operator(chip, meta): return chip\n", "must be a plain function"),
    ],
)
def test_files_that_are_refused_without_being_run(tmp_path, text, words):
    marker = tmp_path / "was_run"
    path = file_of(tmp_path, text + (f"open({str(marker)!r}, 'w')\n" if "coding" not in text else ""))
    with pytest.raises(ParameterError, match=words) as caught:
        PythonFile(path, parameter="PYTHON")
    assert caught.value.parameter == "PYTHON" and not marker.exists()


@pytest.mark.parametrize(
    "text, words",
    [
        ("operator = 3\n", r"must define a function 'operator\(chip, meta\)'"),
        ("operator = lambda chip: chip\n", "must take two arguments"),
        ("def operator(chip, meta): return chip\n\nimport a_module_that_is_not_there\n", "line 3: ModuleNotFoundError"),
        ("def operator(chip, meta): return chip\nraise SystemExit(1)\n", "line 2: SystemExit: 1"),
    ],
)
def test_files_that_are_refused_when_they_are_loaded(tmp_path, text, words):
    operator = PythonFile(file_of(tmp_path, text))
    known = set(sys.modules)
    with pytest.raises(ParameterError, match=words):
        operator.load()
    assert set(sys.modules) == known


@pytest.mark.parametrize(
    "text",
    [
        "def operator(chip, meta, more=1): return chip\n",
        "def operator(*everything): return everything[0]\n",
        "import functools\noperator = functools.partial(lambda k, chip, meta: chip, 1)\n",
        "class Twice:\n    def __call__(self, chip, meta): return chip\noperator = Twice()\n",
        "if True:\n    def operator(chip, meta): return chip\n",
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\n"
        "def operator(chip, meta): return chip * A().x\n",
    ],
)
def test_whatever_can_be_called_with_chip_and_meta(tmp_path, text):
    array = np.ones((1, 2, 3), np.float32)
    np.testing.assert_array_equal(PythonFile(file_of(tmp_path, text)).load()(array), array)


@pytest.mark.parametrize("name", ["absent.py", "."])
def test_a_file_that_is_not_there(tmp_path, name):
    with pytest.raises(ParameterError, match="cannot be read"):
        PythonFile(str(tmp_path / name))


def test_a_changed_file_is_loaded_anew_and_nothing_is_left_beside_it(tmp_path):
    path = file_of(tmp_path, "def operator(chip, meta): return chip + 1\n")
    before, search = PythonFile(path).load(), list(sys.path)
    file_of(tmp_path, "def operator(chip, meta): return chip + 2\n")  # the same size and, most likely, time
    after = PythonFile(path)
    chip = np.zeros((1, 2, 2), np.float32)
    assert after(chip).max() == 2 and before(chip).max() == 1
    assert sys.path == search and [entry.name for entry in tmp_path.iterdir()] == ["blur.py"]


def test_a_configuration_names_the_content_and_runs_nothing(tmp_path):
    marker = tmp_path / "was_run"
    text = f"open({str(marker)!r}, 'w').close()\ndef operator(chip, meta): return chip\n"
    path = file_of(tmp_path, text)
    config = PythonFile(path, ["a"]).get_config()
    again = PythonFile.from_config(config)
    assert again.get_config() == config and again.band_names == ("a",) and not marker.exists()
    again.load()
    assert marker.exists()
    file_of(tmp_path, text + "# more\n")
    with pytest.raises(ParameterError, match="has changed since the configuration was written"):
        PythonFile.from_config(config)


def test_the_template_works_as_it_is():
    array = np.random.default_rng(0).normal(7, 3, (2, 16, 16)).astype(np.float32)
    array[0, :3, :5] = np.nan
    result = PythonFile(str(TEMPLATE)).load()(array)
    expected = (array - np.nanmean(array, axis=(1, 2), keepdims=True)) / np.nanstd(array, axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(result, expected, atol=1e-5)
    streamed = run(PythonFile(str(TEMPLATE)), np.tile(array, (1, 3, 3)))
    assert streamed.shape == (2, 48, 48) and np.isnan(streamed).sum() == 9 * 15
