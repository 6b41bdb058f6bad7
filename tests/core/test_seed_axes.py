"""The specification's calls on data of our own, so that they are tested where the notebook is not at hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from affine import Affine
from patchwise.core import (
    ApplyToChips,
    Expression,
    GeoTensor,
    GridSampler,
    Lambda,
    OperatorError,
    ParameterError,
    PlanError,
    RasterField,
    Sequential,
    SpatialBoxcar,
    SpatialCustom,
    SpatialGaussian,
    SpatialHann,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialTukey,
    Stitch,
)

GRID = Affine(10, 0, 750_180, 0, -10, 4_351_240)
CONFIG = """{
  "geometry": {
    "class": "SpatialRectangular",
    "config": {
      "size": [
        256,
        256
      ]
    }
  },
  "sampler": {
    "class": "SpatialRegularStride",
    "config": {
      "step": 256
    }
  },
  "window": {
    "class": "SpatialBoxcar",
    "config": {}
  },
  "aggregation": {
    "class": "SpatialOverlapAdd",
    "config": {
      "streaming": false,
      "target_path": null,
      "chunks": null,
      "normalize_by_window": true
    }
  }
}"""


@pytest.fixture(scope="module")
def chip():
    array = np.random.default_rng(0).integers(200, 4000, (4, 3935, 1599), dtype=np.uint16)
    return GeoTensor(array, GRID, "EPSG:32610")


@pytest.fixture(scope="module")
def field(chip):
    near_infrared = np.asarray(chip)[3].astype("float32") * 1e-4
    return RasterField(chip.array_as_geotensor(near_infrared))


@pytest.fixture(scope="module")
def patcher():
    return SpatialPatcher(
        geometry=SpatialRectangular(size=(256, 256)),
        sampler=SpatialRegularStride(step=256),
        window=SpatialBoxcar(),
        aggregation=SpatialOverlapAdd(),
    )


@pytest.fixture(scope="module")
def patches(patcher, field):
    return list(patcher.split(field))


def test_the_carrier(chip, field):
    assert (chip.shape, str(chip.dtype), chip.crs) == ((4, 3935, 1599), "uint16", "EPSG:32610")
    derived = field.reader
    assert derived.shape == (3935, 1599) and derived.transform == GRID and derived.crs == chip.crs
    assert np.asarray(derived).dtype == np.float32 and np.asarray(derived) is derived.array
    with pytest.raises(ParameterError, match=r"must have the height and width \(3935, 1599\)"):
        chip.array_as_geotensor(np.zeros((4, 5)))


def test_split(patches, field):
    assert len(patches) == 90
    first = patches[0]
    assert np.asarray(first.data).shape == (256, 256) and first.anchor == (0, 0)
    assert str(first.indices) == "Window(col_off=0, row_off=0, width=256, height=256)"
    assert [patch.anchor for patch in patches] == [(r, c) for r in range(0, 3840, 256) for c in range(0, 1536, 256)]
    last = patches[-1]
    np.testing.assert_array_equal(last.data, np.asarray(field.reader)[3584:3840, 1280:1536])
    assert last.data.transform == GRID * Affine.translation(1280, 3584) and last.data.crs == "EPSG:32610"
    assert last.weights.shape == (256, 256) and (last.weights == 1).all()
    other = last.with_data(np.zeros((3, 256, 256)))
    assert other.anchor == last.anchor and other.data.shape == (3, 256, 256) and last.data.shape == (256, 256)


def test_windows():
    one, two = SpatialRectangular(size=(1, 256)), SpatialRectangular(size=(128, 128))
    for window in (SpatialBoxcar(), SpatialHann(), SpatialTukey(alpha=0.3), SpatialGaussian(sigma=0.6)):
        assert window.weights(one).reshape(-1).shape == (256,) and window.weights(two).shape == (128, 128)
        assert window.weights(one).min() > 0
    ring = SpatialCustom(
        fn=lambda g: (
            ((np.indices(g.size) - np.array(g.size)[:, None, None] / 2) ** 2).sum(axis=0) < (g.size[0] / 2) ** 2
        )
    )
    weights = ring.weights(two)
    assert weights[0, 0] == 0 and weights[64, 64] == 1 and weights.dtype == np.float64


def test_apply_merge_and_the_same_as_a_pipeline(patcher, field, patches):
    invert = Lambda(lambda gt: 0.5 - np.asarray(gt), name="invert")
    out = ApplyToChips(invert)(patches)
    assert isinstance(out, list) and len(out) == 90 and out[0].data.shape == (256, 256)
    stitched = patcher.aggregation.merge(out, field.reader)
    assert stitched.shape == (3935, 1599) and stitched.transform == GRID and stitched.dtype == np.float32
    expected = np.full((3935, 1599), np.nan, np.float32)
    expected[:3840, :1536] = 0.5 - np.asarray(field.reader)[:3840, :1536]
    np.testing.assert_array_equal(stitched, expected)
    pipe = Sequential([GridSampler(patcher), ApplyToChips(invert), Stitch(SpatialOverlapAdd(), domain=field.reader)])
    result = pipe(field)
    assert result.shape == (3935, 1599) and result.crs == "EPSG:32610"
    np.testing.assert_array_equal(result, stitched)


def test_hann_with_overlap_has_no_seams(field):
    patcher = SpatialPatcher(
        geometry=SpatialRectangular(size=(256, 256)),
        sampler=SpatialRegularStride(step=128),
        window=SpatialHann(),
        aggregation=SpatialOverlapAdd(),
    )
    double = Lambda(lambda gt: np.asarray(gt) * 2.0, name="double")
    out = Sequential([GridSampler(patcher), ApplyToChips(double), Stitch(SpatialOverlapAdd(), domain=field.reader)])(
        field
    )
    covered = np.asarray(out)[:3840, :1536]
    np.testing.assert_array_equal(covered, np.asarray(field.reader)[:3840, :1536] * 2)
    assert np.isnan(np.asarray(out)[3840:]).all() and np.isnan(np.asarray(out)[:, 1536:]).all()


def test_configuration(patcher):
    assert json.dumps(patcher.get_config(), indent=2) == CONFIG
    shift = SpatialPatcher(SpatialRectangular((8, 9), "shift"), SpatialRegularStride((4, 3)), SpatialTukey(0.3))
    config = json.loads(json.dumps(shift.get_config()))
    assert config["geometry"]["config"] == {"size": [8, 9], "boundary": "shift"}
    assert config["sampler"]["config"] == {"step": [4, 3]} and config["window"]["config"] == {"alpha": 0.3}


@pytest.mark.parametrize("step", [np.int64(4), 4.0, (4.0, np.int32(4)), [4, 4]])
def test_whole_numbers_of_any_type_are_taken_and_written_as_integers(step):
    patcher = SpatialPatcher(SpatialRectangular((np.int32(6), 6.0)), SpatialRegularStride(step))
    assert json.loads(json.dumps(patcher.get_config()))["sampler"]["config"]["step"] in (4, [4, 4])
    field = RasterField(GeoTensor(np.arange(14 * 14.0).reshape(14, 14)))
    np.testing.assert_array_equal(patcher.merge(patcher.split(field), field.reader), field.reader)


@pytest.mark.parametrize(
    ("make", "parameter"),
    [
        *(
            (lambda size=size: SpatialRectangular(size), "chip size")
            for size in (
                0,
                -1,
                (0, 5),
                (5, 0),
                (5,),
                (1, 2, 3),
                2.5,
                (3, np.nan),
                np.inf,
                True,
                "8",
                None,
                ("8", 8),
                [None, 3],
            )
        ),
        *(
            (lambda step=step: SpatialRegularStride(step), "stride")
            for step in (0, -1, (0, 5), (5,), (1, 2, 3), 2.5, np.nan, np.inf, True, "8", None, (None, 3))
        ),
        (lambda: SpatialRectangular((8, 8), "wrap"), "boundary"),
    ],
)
def test_parameters_that_cannot_be(make, parameter):
    with pytest.raises(ParameterError, match="must be|only|available|True or False") as caught:
        make()
    assert caught.value.parameter == parameter


@pytest.mark.parametrize(
    ("boundary", "shape", "says"),
    [
        ("drop", (7, 20), "no chip fits the raster's height of 7 px"),
        ("drop", (20, 7), "no chip fits the raster's width of 7 px: use a smaller chip, or the boundary shift"),
        ("raise", (16, 17), "1 px of the raster's width of 17 px are left over with chips of 8 px every 4 px"),
        ("raise", (7, 16), "no chip fits"),
    ],
)
def test_plans_that_cannot_be(boundary, shape, says):
    patcher = SpatialPatcher(SpatialRectangular((8, 8), boundary), SpatialRegularStride(4))
    with pytest.raises(PlanError, match=says):
        list(patcher.split(RasterField(GeoTensor(np.zeros(shape)))))


def test_merging_what_does_not_fit(patches, patcher, field):
    with pytest.raises(PlanError, match="at least one to merge"):
        patcher.merge([], field.reader)
    wrong = [patches[0], patches[1].with_data(np.zeros((255, 256)))]
    with pytest.raises(ParameterError, match=r"patch at \(0, 256\).*must have the shape \(1, 256, 256\)"):
        patcher.merge(wrong, field.reader)
    with pytest.raises(ParameterError, match=r"\(2, 256, 256\)"):
        patcher.merge([patches[0], patches[1].with_data(np.zeros((2, 256, 256)))], field.reader)
    with pytest.raises(ParameterError, match="real numbers"):
        patcher.merge([patches[0].with_data(np.zeros((256, 256), complex))], field.reader)


def test_an_operator_that_raises_names_the_chip(patches):
    def bad(chip):
        raise RuntimeError("model is missing")

    with pytest.raises(
        OperatorError, match=r"operator bad failed on the chip at row 0, column 256: RuntimeError: model"
    ):
        ApplyToChips(bad)(patches[1:2])


def test_an_iterator_of_patches_stays_one():
    field = RasterField(GeoTensor(np.arange(100.0).reshape(10, 10)))
    patcher = SpatialPatcher(SpatialRectangular((5, 5)), SpatialRegularStride(5))
    ran = []
    out = ApplyToChips(lambda gt: ran.append(1) or np.asarray(gt))(patcher.split(field))
    assert not ran and next(out).anchor == (0, 0) and len(ran) == 1


def test_pipelines_of_operators():
    chip = np.arange(12.0, dtype=np.float32).reshape(1, 3, 4)
    pipeline = Expression("b1 * 2", 1) | Lambda(lambda x: x + 1) | Expression("b1 - 1", 1)
    np.testing.assert_array_equal(pipeline(chip), chip * 2)
    for operators in ([], [3], [None]):
        with pytest.raises(ParameterError, match="at least one operator"):
            Sequential(operators)
    with pytest.raises(ParameterError, match="cannot be serialised"):
        pipeline.get_config()
    with pytest.raises(ParameterError, match="callable"):
        Lambda(3)
