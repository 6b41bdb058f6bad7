"""What the loop has to know of an operator follows from its parts; pipelines give what their stages give by hand."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    ApplyToChips,
    ArraySink,
    Category,
    Expression,
    Fanout,
    GeoTensor,
    GridSampler,
    Index,
    Lambda,
    Operator,
    ParameterError,
    RasterField,
    Sequential,
    SpatialHann,
    SpatialOverlapAdd,
    SpatialPatcher,
    SpatialRectangular,
    SpatialRegularStride,
    Stitch,
    stream,
)
from patchwise.core.operators import as_operator

PATCHER = SpatialPatcher(SpatialRectangular((8, 8), "shift"), SpatialRegularStride(4), SpatialHann())


class Finer(Operator):
    """Each pixel twice in both directions, by batches of three; notes how many chips came at once."""

    name, scale, batch_size, output_bands, output_names = "finer", 2, 3, 1, ("fine",)

    def __init__(self):
        self.sizes = []

    def __call__(self, chip):
        return self.batch([chip])[0]

    def batch(self, chips):
        self.sizes.append(len(chips))
        return [np.repeat(np.repeat(np.asarray(chip)[-1:], 2, 1), 2, 2) for chip in chips]


class Classes(Operator):
    name, labels, categories = "classes", True, (Category(1, "low", (0, 0, 255)), Category(2, "high", (255, 0, 0)))
    output_bands, output_names, pointwise = 1, ("class",), True

    def __call__(self, chip):
        return np.where(np.asarray(chip)[:1] > 0.5, 2.0, 1.0)


class Placed(Operator):
    """Bands of world coordinates, which only a chip with its place can give."""

    name, georeferenced = "placed", True

    def __call__(self, chip):
        rows, cols = np.mgrid[: chip.shape[-2], : chip.shape[-1]]
        return np.stack([chip.transform.c + cols * chip.transform.a, chip.transform.f + rows * chip.transform.e])


class Fixed(Operator):
    name, chip_size = "fixed", (16, 16)

    def __call__(self, chip):
        return chip


def tensor(bands=4, shape=(21, 18), dtype=np.float32, seed=0):
    array = np.random.default_rng(seed).random((bands, *shape) if bands else shape).astype(dtype)
    return GeoTensor(array, Affine(10, 0, 500000, 0, -10, 5000000), "EPSG:32633")


def by_hand(field, *operators, patcher=PATCHER):
    patches = GridSampler(patcher)(field)
    scale = 1
    for operator in operators:
        stage = ApplyToChips(operator)
        patches, scale = stage(patches), scale * stage.operator.scale
    return Stitch(patcher.aggregation, field.domain.refined(scale))(patches)


def assert_same(one, other):
    one, other = np.asarray(one), np.asarray(other)
    assert one.shape == other.shape and one.dtype == other.dtype
    np.testing.assert_array_equal(one, other)


OPERATORS = {
    "ndvi": Expression("(b4 - b3) / (b4 + b3)"),
    "2-D": lambda chip: np.asarray(chip)[-1],
    "3-D": lambda chip: np.stack([np.asarray(chip).reshape(-1, *chip.shape[-2:])[0]] * 2),
    "1 band": lambda chip: np.asarray(chip).reshape(-1, *chip.shape[-2:])[:1],
    "same": lambda chip: chip,
    "fanout": Fanout({"a": Expression("b1"), "b": Lambda(lambda chip: np.asarray(chip)[0] * 2)}),
}


@pytest.mark.parametrize("bands", [1, 2, 4])
@pytest.mark.parametrize("name", OPERATORS)
def test_a_pipeline_has_shape_type_and_bits_of_its_stages_by_hand(name, bands):
    if name == "ndvi" and bands < 4:
        bands = 4
    field, operator = RasterField(tensor(bands)), OPERATORS[name]
    pipeline = Sequential([GridSampler(PATCHER), ApplyToChips(operator), Stitch(SpatialOverlapAdd())])
    assert_same(pipeline(field), by_hand(field, operator))


@pytest.mark.parametrize("operator", [OPERATORS["3-D"], OPERATORS["1 band"], OPERATORS["same"], Finer()])
def test_a_field_without_a_band_axis(operator):
    field = RasterField(tensor(0))
    if isinstance(operator, Finer):
        operator = Sequential([OPERATORS["1 band"], operator])
    pipeline = Sequential([GridSampler(PATCHER), ApplyToChips(operator), Stitch(SpatialOverlapAdd())])
    assert_same(pipeline(field), by_hand(field, operator))


def test_a_finer_operator_within_pipelines():
    field, finer = RasterField(tensor()), Finer()
    pipeline = Sequential(
        [GridSampler(PATCHER), ApplyToChips(Expression("b1 * 2")), ApplyToChips(finer), Stitch(SpatialOverlapAdd())]
    )
    result = pipeline(field)
    assert result.shape == (1, 42, 36) and result.transform == Affine(5, 0, 500000, 0, -5, 5000000)
    assert max(finer.sizes) > 1, "chips did not come in batches"
    assert_same(result, by_hand(field, Expression("b1 * 2"), Finer()))
    np.testing.assert_array_equal(np.asarray(result)[0, ::2, 1::2], np.asarray(field.reader)[0] * 2)


def test_a_finer_operator_within_sequential_in_the_loop():
    source, operator = RasterField(tensor()).source, Sequential([Expression("b2"), Finer(), Expression("b1 + 1")])
    assert (operator.scale, operator.batch_size, operator.output_names) == (2, 3, ("b1 + 1",))
    sink = ArraySink((42, 36))
    stream(source, PATCHER, operator, sink)
    expected = ArraySink((42, 36))
    stream(source, PATCHER, Finer(), expected)
    assert sink.array.shape == expected.array.shape == (1, 42, 36)


@given(
    st.lists(
        st.sampled_from([Expression("b1"), Expression("b1 + mean(b1)"), Classes(), Placed(), Finer()]),
        min_size=1,
        max_size=4,
    )
)
def test_traits_follow_from_the_parts(parts):
    whole, last = Sequential(parts), parts[-1]
    assert whole.scale == np.prod([part.scale for part in parts])
    assert whole.pointwise is all(part.pointwise for part in parts)
    assert whole.georeferenced is any(part.georeferenced for part in parts)
    assert (whole.labels, whole.categories) == (last.labels, last.categories)
    assert (whole.output_bands, whole.output_names) == (last.output_bands, last.output_names)
    assert whole.used == parts[0].used
    assert (whole.batch_size is not None) is (not whole.georeferenced and any(isinstance(p, Finer) for p in parts))


CHIP = np.random.default_rng(1).random((4, 6, 5), np.float32)
LAWFUL = [
    Expression("b3 - b1"),
    Expression("b4; b2"),
    Expression("1 + 1"),
    Index("NDVI", {"N": 3, "R": 2}),
    Sequential([Expression("b4; b2"), Expression("b1 / b2")]),
    Fanout({"a": Expression("b4 - b2"), "b": Index("NDVI", {"N": 3, "R": 2}), "c": Expression("2")}),
    Fanout({"a": Expression("b4"), "b": Lambda(lambda chip: chip[1])}),
    Sequential([Fanout({"a": Expression("b4"), "b": Expression("b1")}), Expression("b1 * b2")]),
    Lambda(lambda chip: chip * 2),
    Finer(),
]


@pytest.mark.parametrize("operator", LAWFUL, ids=lambda operator: operator.name[:40])
def test_laws_of_rebased_batch_and_fitted(operator):
    expected = np.asarray(operator(CHIP))
    if operator.used is not None:
        assert list(operator.used) == sorted(set(operator.used))
        np.testing.assert_array_equal(operator.rebased()(CHIP[list(operator.used or (0,))]), expected)
    for result in operator.batch([CHIP, CHIP]):
        np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(operator.fitted((6, 5))(CHIP), expected)
    if operator.output_bands is not None:
        assert expected.shape[0] == operator.output_bands
        assert len(operator.output_names) in (0, operator.output_bands)


def test_a_part_gets_its_chip_with_its_place_wherever_it_stands():
    chip = GeoTensor(CHIP, Affine(10, 0, 500000, 0, -10, 5000000), "EPSG:32633", anchor=(2, 3))
    np.testing.assert_array_equal(Sequential([Expression("b1"), Placed()])(chip), Placed()(chip))
    finer = Sequential([Finer(), Placed()])(chip)
    assert finer.shape == (2, 12, 10) and finer[0, 0, 1] - finer[0, 0, 0] == 5


def test_names_of_branches():
    fanout = Fanout({"ndvi": Index("NDVI", {"N": 1, "R": 0}), "plain": Expression("b1; b2", names=("red", "nir"))})
    assert (fanout.output_bands, fanout.output_names) == (3, ("ndvi", "plain: red", "plain: nir"))
    assert Fanout({"a": Lambda(lambda chip: chip)}).output_names == ()


def test_chip_sizes_that_parts_demand():
    assert Sequential([Finer(), Fixed()]).chip_size == (8, 8)
    with pytest.raises(ParameterError, match="fixed.*takes chips of 16 x 16 pixels only, and those before it give oth"):
        Sequential([Fixed(), Finer(), Fixed()])
    with pytest.raises(ParameterError, match="branches is .*must have one scale, and have 1, 2"):
        Fanout({"a": Finer(), "b": Expression("b1")})


def test_a_bare_callable_is_wrapped_once():
    def smooth(chip):
        return chip

    wrapped = as_operator(smooth)
    assert (wrapped.name, wrapped.scale, wrapped.used, wrapped.pointwise) == ("smooth", 1, None, False)
    assert as_operator(wrapped) is wrapped
