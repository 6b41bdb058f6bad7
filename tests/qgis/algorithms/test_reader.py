"""Parameters are read by name, and travel as one value."""

import ast
from pathlib import Path

import patchwise.processing_provider
from patchwise.processing_provider.parameters.reader import Reader
from qgis.core import QgsProcessingContext

#: Their signatures are QGIS's, or those that the dock calls.
OF_QGIS = {"checkParameterValues", "refuse", "prepareAlgorithm", "processAlgorithm", "job", "patcher"}


def test_parameters_and_context_travel_in_a_reader():
    folder = Path(patchwise.processing_provider.__file__).parent
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and {"parameters", "context"} <= {arg.arg for arg in node.args.args}:
                assert node.name in OF_QGIS, f"{path.relative_to(folder)}: {node.name} can take a Reader"


def test_a_reader_tells_what_is_given_from_what_is_defined(provider):
    algorithm = provider.algorithm("slidingwindow")
    reader = Reader(algorithm, {"NODATA": None, "RESOLUTION": "", "CHIP_SIZE": 64, "OTHER": 1}, QgsProcessingContext())
    assert [reader.has(name) for name in ("NODATA", "STRIDE", "OTHER")] == [True, True, False]
    assert [reader.given(name) for name in ("NODATA", "RESOLUTION", "STRIDE", "CHIP_SIZE")] == [False] * 3 + [True]
    assert reader.number_if_given("NODATA") is None and reader.whole("CHIP_SIZE") == 64
    assert reader.whole("WORKERS") == 0 and reader.text("FORMAT") == "auto", "what is not given has its default"


def test_another_value_leaves_the_reader_as_it_was(provider):
    reader = Reader(provider.algorithm("slidingwindow"), {"CHIP_SIZE": 64, "STRIDE": 32}, QgsProcessingContext())
    other = reader.having(CHIP_SIZE=128)
    assert (other.whole("CHIP_SIZE"), other.whole("STRIDE")) == (128, 32) and reader.whole("CHIP_SIZE") == 64
