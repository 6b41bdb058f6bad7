"""What every operator keeps to: one suite, which each operator inherits."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from affine import Affine
from patchwise.core import (
    ApplyToChips,
    Category,
    Change,
    Classify,
    Expression,
    Fanout,
    GeoTensor,
    Identity,
    Index,
    Lambda,
    Onnx,
    Operator,
    ParameterError,
    PythonFile,
    Sequential,
    from_config,
    to_config,
)
from patchwise.core.base.configurable import build, part
from patchwise.core.operators import as_operator
from patchwise.core.operators.onnx import OnnxFile

SIZE = (20, 24)
#: What the loop reads of an operator, with the type that each is declared with.
TRAITS = {
    "name": str,
    "output_bands": (int, type(None)),
    "output_names": tuple,
    "passes": tuple,
    "pointwise": bool,
    "georeferenced": bool,
    "labels": bool,
    "categories": tuple,
    "scale": int,
    "batch_size": (int, type(None)),
    "chip_size": (tuple, type(None)),
    "used": (tuple, type(None)),
    "applies_scale": bool,
    "files": tuple,
}


def same(one, other):
    one, other = np.asarray(one), np.asarray(other)
    assert one.dtype == other.dtype
    np.testing.assert_array_equal(one, other)


class Conformance:
    """``make`` gives an operator for chips of ``bands`` bands."""

    bands = 4
    #: Whether it can be written down as JSON.
    has_config = True

    def make(self, folder) -> Operator:
        raise NotImplementedError

    @pytest.fixture
    def operator(self, tmp_path):
        return self.make(tmp_path).fitted(SIZE).load()

    @pytest.fixture(params=["known", "holes"])
    def chip(self, request):
        return self.made(holes=request.param == "holes")

    def made(self, seed=0, holes=True, size=SIZE):
        """A read-only chip, with its place."""
        rng = np.random.default_rng(seed)
        array = rng.uniform(0.05, 0.9, (self.bands, *size)).astype(np.float32)
        if holes:
            array[:, rng.random(size) < 0.1] = np.nan
            array[0, rng.random(size) < 0.1] = np.nan
        array.flags.writeable = False
        return GeoTensor(array, Affine(10, 0, 500000, 0, -10, 5000000), "EPSG:32633", anchor=(40, 80))

    def given(self, operator, chip):
        """The chip as the loop gives it."""
        return chip if operator.georeferenced else np.asarray(chip)

    def run(self, operator, chip):
        return np.asarray(operator(self.given(operator, chip)))

    def test_traits_have_their_declared_types(self, operator):
        for name, kind in TRAITS.items():
            assert isinstance(getattr(operator, name), kind), name
        declared = {
            name for name in vars(Operator) if not name.startswith("_") and not callable(getattr(Operator, name))
        }
        assert declared == set(TRAITS)

    def test_traits_agree_with_each_other(self, operator):
        assert operator.name and operator.scale >= 1
        assert operator.batch_size is None or operator.batch_size >= 1
        if operator.used is not None:
            assert list(operator.used) == sorted(set(operator.used)) and all(0 <= b < self.bands for b in operator.used)
        if operator.output_bands is not None:
            assert len(operator.output_names) in (0, operator.output_bands)
            assert len(operator.passes) in (0, operator.output_bands)
        assert all(isinstance(category, Category) for category in operator.categories)
        assert not operator.categories or operator.labels
        assert isinstance(operator.describe(), str)
        assert isinstance(operator.warning_for(np.asarray(self.made())), str)

    def test_the_result_has_the_shape_that_is_declared(self, operator, chip):
        result = self.run(operator, chip)
        height, width = (n * operator.scale for n in SIZE)
        assert result.shape[-2:] == (height, width) and result.ndim in (2, 3)
        if operator.output_bands is not None:
            assert result.reshape(-1, height, width).shape[0] == operator.output_bands

    def test_the_same_chip_gives_the_same_result_and_stays_as_it_is(self, operator, chip):
        before = np.asarray(chip).copy()
        same(self.run(operator, chip), self.run(operator, chip))
        same(np.asarray(chip), before)

    def test_a_chip_of_unknown_values_is_a_chip(self, operator):
        chip = self.made()
        unknown = GeoTensor(np.full(chip.shape, np.nan, np.float32), chip.transform, chip.crs, anchor=chip.anchor)
        with np.errstate(all="ignore"):
            assert self.run(operator, unknown).shape[-2:] == tuple(n * operator.scale for n in SIZE)

    @pytest.mark.parametrize("count", [1, 2, 5])
    def test_a_batch_is_each_chip_by_itself(self, operator, count):
        chips = [self.given(operator, self.made(seed)) for seed in range(count)]
        results = operator.batch(chips)
        assert len(results) == count
        for chip, result in zip(chips, results):
            same(result, operator(chip))

    def test_fitted_gives_the_same_values(self, operator, chip):
        same(self.run(operator.fitted(SIZE), chip), self.run(operator, chip))
        same(self.run(operator.fitted(None), chip), self.run(operator, chip))

    def test_rebased_on_the_used_bands_is_the_whole(self, operator, chip):
        whole, keep = self.run(operator, chip), list(range(self.bands))
        if operator.used is not None:
            keep = list(operator.used or (0,))
        few = GeoTensor(np.asarray(chip)[keep], chip.transform, chip.crs, anchor=chip.anchor)
        same(self.run(operator.rebased(), few), whole)

    def test_bands_that_are_not_used_do_not_matter(self, operator, chip):
        if operator.used is None:
            return
        other = np.asarray(chip).copy()
        other[[band for band in range(self.bands) if band not in operator.used]] = 77
        moved = GeoTensor(other, chip.transform, chip.crs, anchor=chip.anchor)
        same(self.run(operator, moved), self.run(operator, chip))

    def test_pointwise_looks_at_single_pixels(self, operator, chip):
        if not operator.pointwise:
            return
        order = np.random.default_rng(5).permutation(SIZE[0] * SIZE[1])
        shuffled = np.asarray(chip).reshape(self.bands, -1)[:, order].reshape(self.bands, *SIZE)
        whole = self.run(operator, chip).reshape(-1, order.size)
        result = self.run(operator, GeoTensor(shuffled, chip.transform, chip.crs, anchor=chip.anchor))
        same(result.reshape(-1, order.size), whole[:, order])
        part = GeoTensor(np.asarray(chip)[:, 3:9, 4:5], chip.transform, chip.crs, anchor=chip.anchor)
        same(self.run(operator, part).reshape(-1, 6, 1), whole.reshape(-1, *SIZE)[:, 3:9, 4:5])

    def test_bands_that_are_passed_on_are_those_of_the_chip(self, operator, chip):
        result = self.run(operator, chip)
        for k, band in enumerate(operator.passes):
            if band is not None:
                same(result[k], np.asarray(chip)[band])

    def test_labels_are_whole_numbers(self, operator, chip):
        if not operator.labels:
            return
        values = self.run(operator, chip)
        known = values[~np.isnan(values)]
        np.testing.assert_array_equal(known, np.rint(known))
        if operator.categories:
            assert set(known) <= {category.value for category in operator.categories}

    def test_loading_again_changes_nothing(self, operator, chip):
        before = self.run(operator, chip)
        assert operator.load() is operator
        same(self.run(operator, chip), before)

    def test_an_interrupted_operator_runs_again(self, operator, chip):
        operator.interrupt()
        assert self.run(operator, chip).shape == self.run(operator, chip).shape

    def test_its_configuration_makes_it_again(self, operator, chip):
        if not self.has_config:
            with pytest.raises(ParameterError, match="cannot be serialised"):
                operator.get_config()
            return
        config = json.loads(json.dumps(part(operator)))
        again = build(config).fitted(SIZE).load()
        assert type(again) is type(operator) and json.loads(json.dumps(part(again))) == config
        assert {name: getattr(again, name) for name in TRAITS} == {name: getattr(operator, name) for name in TRAITS}
        same(self.run(again, chip), self.run(operator, chip))

    def test_a_pipeline_that_holds_it_is_read_back(self, tmp_path):
        made = self.make(tmp_path)
        for operator in (made, made.fitted(SIZE)):
            for pipeline in (operator | Identity(), Fanout({"only": operator}), Sequential([ApplyToChips(operator)])):
                if not self.has_config or isinstance(operator, OnnxFile):
                    with pytest.raises(ParameterError, match="cannot be serialised"):
                        to_config(pipeline)
                    continue
                config = json.loads(json.dumps(to_config(pipeline)))
                assert to_config(from_config(config)) == config

    def test_what_pickles_is_the_same_operator(self, operator, chip):
        try:
            stored = pickle.dumps(operator)
        except (TypeError, AttributeError, pickle.PicklingError):
            return  # it is not promised: locks, sessions and users' functions do not
        same(self.run(pickle.loads(stored), chip), self.run(operator, chip))

    def test_it_is_an_operator_and_no_wrapped_one(self, operator):
        assert as_operator(operator) is operator


class TestIdentity(Conformance):
    def make(self, folder):
        return Identity()


class TestExpression(Conformance):
    def make(self, folder):
        return Expression("(b4 - b3) / (b4 + b3); b2; where(b1 > 0.5, 1, 0)", 4, names=("ndvi", "", "bright"))


class TestExpressionWithStatisticsOfTheChip(Conformance):
    def make(self, folder):
        return Expression("b2 - mean(b2)")


class TestExpressionOfNoBand(Conformance):
    def make(self, folder):
        return Expression("1 + 1")


class TestIndex(Conformance):
    def make(self, folder):
        return Index("EVI", {"B": 3, "R": 1, "N": 2}, scale=1e-4, offset=-0.1)


class TestChange(Conformance):
    def make(self, folder):
        return Change("dNBR", {"N": 0, "S2": 1}, 2)


class TestSeverity(Conformance):
    def make(self, folder):
        return Change("RdNBR", {"N": 0, "S2": 1}, 2, severity=True)


class TestClassify(Conformance):
    def make(self, folder):
        return Classify("wood: NDVI > 0.4; bare: b1 > 0.2; rest: otherwise", 4, roles={"R": 1, "N": 2})


class TestClassifyByStatistics(Conformance):
    def make(self, folder):
        return Classify("bright: b1 > mean(b1)", 4)


class TestPythonFile(Conformance):
    def make(self, folder):
        path = folder / "blur.py"
        path.write_text("def operator(chip, meta):\n    return chip[:2] * 2 + meta.anchor[0]\n", encoding="utf-8")
        return PythonFile(str(path))


class TestLambda(Conformance):
    has_config = False

    def make(self, folder):
        return Lambda(lambda chip: np.asarray(chip)[..., ::-1, :], "flip")


class TestSequential(Conformance):
    def make(self, folder):
        return Sequential([Expression("b4; b2"), Index("NDVI", {"N": 0, "R": 1}), Expression("b1 * 2; b1")])


class TestFanout(Conformance):
    def make(self, folder):
        return Fanout(
            {"ndvi": Index("NDVI", {"N": 3, "R": 1}), "plain": Expression("b2; b4 + 1"), "one": Expression("1")}
        )


class TestFanoutOfPipelines(Conformance):
    def make(self, folder):
        return Fanout({"placed": Sequential([Expression("b2; b1")]), "first": Expression("b1 + mean(b1)")})


class OfModel(Conformance):
    bands = 3

    def model(self, models, path):
        raise NotImplementedError

    def make(self, folder):
        pytest.importorskip("onnx")
        pytest.importorskip("onnxruntime")
        from .. import onnx_models

        return self.model(onnx_models, folder / "model.onnx")


class TestOnnx(OfModel):
    def model(self, models, path):
        return Onnx(models.identity(path), 3, SIZE, batch_size=2)


class TestOnnxThatDemandsASize(OfModel):
    def model(self, models, path):
        return Onnx(models.identity(path, (1, 3, *SIZE)), 3)


class TestOnnxLabels(OfModel):
    def model(self, models, path):
        return Onnx(models.identity(path), 3, SIZE, activation="argmax")


class TestOnnxFileOpenedForTheChips(OfModel):
    def model(self, models, path):
        return OnnxFile(models.identity(path), 3)


def test_every_operator_is_held_to_the_suite(tmp_path):
    def below(kind):
        return {kind} | {each for sub in kind.__subclasses__() for each in below(sub)}

    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    made = set()
    for suite in below(Conformance) - {Conformance, OfModel}:
        operator = suite().make(tmp_path)
        made |= {type(operator), type(operator.fitted(SIZE))}
    there = {kind for kind in below(Operator) if kind.__module__.startswith("patchwise.core.operators")}
    assert there - {Operator} <= made
