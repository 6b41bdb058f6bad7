"""Cancelling is asked for often, whatever takes long: before the first chip as well as between chips.

What is counted is the work between two questions, not the time.
"""

from __future__ import annotations

import threading

import numpy as np
import pytest
from affine import Affine
from patchwise.core import (
    Cancelled,
    Expression,
    Lambda,
    OperatorError,
    RasterFile,
    SpatialHann,
    SpatialPatcher,
    SpatialPoissonDisk,
    SpatialPolygonIntersection,
    SpatialRandom,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
    stream,
)
from patchwise.core.axes.poisson import poisson_disk
from patchwise.core.base.progress import Watch, aside, interrupted_by
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.grid.row_source import RowReader
from patchwise.core.loop.coverage import write_coverage
from patchwise.core.plan import caps as spherical
from patchwise.core.preview.footprints import footprints
from patchwise.core.rasters import file as raster_io
from patchwise.core.rasters.aligned import Warped
from patchwise.core.zonal.chips import polygon_chips

from ..made_rasters import GRID, UTM, read_all, write_raster

WORLD = RasterDomain((2000, 4000), Affine(0.09, 0, -180, 0, -0.09, 90), "EPSG:4326")


class Blank(RowReader):
    """A raster of ones."""

    bands, dtype, raw_itemsize, strip_rows = 1, np.dtype(np.float32), 4, 256

    def __init__(self, domain: RasterDomain) -> None:
        self.domain = domain

    def read(self, window, out):
        out[...] = 1


class Nowhere:
    """A sink that counts."""

    block_width = 256

    def __init__(self) -> None:
        self.pixels, self.largest = 0, 0

    def start(self, bands, dtype):
        return

    def write(self, row, col, values):
        self.pixels += values[0].size
        self.largest = max(self.largest, values.nbytes)


class After:
    """Says at the n-th question that the work is cancelled, and counts them."""

    def __init__(self, n: int) -> None:
        self.n, self.asked = n, 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.asked >= self.n


@pytest.fixture(autouse=True)
def no_index_is_kept():
    spherical._GLOBES.clear()
    yield
    spherical._GLOBES.clear()


CAPS = SpatialPatcher(SpatialSphericalCap(300), SpatialRandom(20, 1), SpatialHann())
IDENTITY = Lambda(lambda chip: chip)


@pytest.mark.parametrize("n", [1, 2, 20, 60])
def test_caps_are_asked_while_their_index_is_made(n):
    cancelled = After(n)
    with pytest.raises(Cancelled):
        stream(Blank(WORLD), CAPS, IDENTITY, Nowhere(), cancelled=cancelled)
    assert cancelled.asked == n and not spherical._GLOBES or n > 2 * len(range(0, 2000, 64))


def test_the_index_is_made_in_pieces_of_a_bounded_size(monkeypatch):
    sizes, real = [], spherical.EarthGrid.lonlat

    def lonlat(self, rows, cols):
        sizes.append(np.broadcast(rows, cols).size)
        return real(self, rows, cols)

    monkeypatch.setattr(spherical.EarthGrid, "lonlat", lonlat)
    wide = RasterDomain((64, 2_000_000), Affine(1e-4, 0, -100, 0, -1e-4, 10), "EPSG:4326")
    cancelled = After(10**9)
    SpatialPatcher(SpatialSphericalCap(100), SpatialRandom(2, 1)).plan(wide, Watch(None, cancelled))
    assert max(sizes) <= 1 << 18 and cancelled.asked >= len([size for size in sizes if size > 1 << 12]) // 2


def test_the_pixels_of_one_large_cap_are_found_in_pieces(monkeypatch):
    """Between two questions no more pixels are looked at than a moment takes."""
    between, most, real = [0], [0], spherical.EarthGrid.lonlat

    def lonlat(self, rows, cols):
        between[0] += np.broadcast(rows, cols).size
        most[0] = max(most[0], between[0])
        return real(self, rows, cols)

    def cancelled():
        between[0] = 0
        return False

    monkeypatch.setattr(spherical.EarthGrid, "lonlat", lonlat)
    plan = SpatialPatcher(SpatialSphericalCap(9000), SpatialRandom(1, 1)).plan(WORLD, Watch(None, cancelled))
    assert plan.places[0, 2] * plan.places[0, 3] > 3_000_000 and most[0] <= 1 << 19


def test_weights_that_are_made_again_are_asked_too(monkeypatch):
    """Caps' weights are kept up to a size; the others are made when their chips are due."""
    monkeypatch.setattr(spherical, "_KEPT_BYTES", 0)
    cancelled = After(10**9)
    plan = CAPS.plan(WORLD, Watch(None, cancelled))
    before = cancelled.asked
    cancelled.n = before + 3
    with pytest.raises(Cancelled):
        list(plan.groups(WORLD.window))
    assert cancelled.asked == before + 3


def test_progress_grows_while_caps_are_found_and_on_to_the_end():
    shares = []
    report = stream(Blank(WORLD), CAPS, IDENTITY, Nowhere(), progress=shares.append)
    assert shares == sorted(shares) and len(set(shares)) == len(shares) and shares[-1] == 1
    assert len([share for share in shares if share < 0.2]) > 20
    assert len([share for share in shares if share > 0.2]) == report.chips  # each chip goes on from there


def test_watched_plans_are_the_same_plans():
    for patcher in (CAPS, SpatialPatcher(SpatialRectangular((9, 9)), SpatialPoissonDisk(40, 3))):
        plain, watched = patcher.plan(WORLD), patcher.plan(WORLD, lambda share: None)
        np.testing.assert_array_equal(plain.places, watched.places)
    np.testing.assert_array_equal(
        poisson_disk((300, 300), 5, 1, 30), SpatialPoissonDisk(5, 1).drawn((300, 300), None, None)
    )


@pytest.mark.parametrize("n", [1, 5, 500])
def test_poisson_disks(n):
    patcher = SpatialPatcher(SpatialRectangular((9, 9)), SpatialPoissonDisk(6, 1))
    cancelled = After(n)
    with pytest.raises(Cancelled):
        stream(Blank(WORLD), patcher, IDENTITY, Nowhere(), cancelled=cancelled)
    assert cancelled.asked == n
    cancelled = After(n)
    with pytest.raises(Cancelled):
        list(footprints(patcher, WORLD, cancelled=cancelled))
    assert cancelled.asked == n


@pytest.mark.slow
def test_coverage_is_asked_more_often_where_chips_are_large():
    domain = RasterDomain((6000, 6000), Affine(10, 0, 0, 0, -10, 0), UTM)
    patcher = SpatialPatcher(SpatialRectangular((4096, 4096), "shift"), SpatialRegularStride(300), SpatialHann())
    cancelled = After(10**9)
    write_coverage(patcher, domain, domain.window, Nowhere(), weights=True, cancelled=cancelled)
    assert cancelled.asked >= 8  # one for each chip of a row of chips, of which all rows are alike


def test_rows_are_written_in_pieces():
    """A cancelled run need not wait for all rows of large chips to be compressed."""
    domain = RasterDomain((1500, 20_000), Affine(10, 0, 0, 0, -10, 0), UTM)
    sink = Nowhere()
    patcher = SpatialPatcher(SpatialRectangular((1500, 500), "shift"), SpatialRegularStride(500))
    stream(Blank(domain), patcher, Lambda(lambda chip: chip - chip.mean()), sink)
    assert sink.pixels == 1500 * 20_000 and sink.largest <= 16 << 20


TILED = {"tiled": True, "blockxsize": 64, "blockysize": 32}


@pytest.mark.parametrize(
    ("profile", "block"),
    [(TILED, (32, 64)), ({"blockysize": 8}, (8, 230)), ({"driver": "ENVI"}, (1, 230)), ({"blockysize": 1}, (1, 230))],
    ids=str,
)
@pytest.mark.parametrize("window", [None, PixelWindow(3, 5, 90, 200), PixelWindow(31, 63, 3, 3)], ids=str)
def test_a_file_is_read_in_pieces_none_of_which_divides_a_block(tmp_path, monkeypatch, profile, block, window):
    array = np.random.default_rng(0).integers(0, 999, (3, 150, 230)).astype("uint16")
    path = write_raster(tmp_path / ("a.bil" if "driver" in profile else "a.tif"), array, nodata=7, **profile)
    expected = read_all(RasterFile(path), window)
    monkeypatch.setattr(raster_io, "_PIECE_BYTES", 20_000)
    raster = RasterFile(path)
    window = window or raster.domain.window
    pieces = list(raster._pieces(window))
    np.testing.assert_array_equal(read_all(raster, window), expected)
    assert sum(piece.pixels for piece in pieces) == window.pixels and (len(pieces) > 3 or window.pixels < 100)
    touched = [
        {
            (r, c)
            for r in range(p.row // block[0], -(-p.row_stop // block[0]))
            for c in range(p.col // block[1], -(-p.col_stop // block[1]))
        }
        for p in pieces
    ]
    assert sum(map(len, touched)) == len(set().union(*touched))


def test_reading_can_be_interrupted_between_the_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(raster_io, "_PIECE_BYTES", 20_000)
    array = np.ones((1, 150, 230), "uint16")
    raster = RasterFile(write_raster(tmp_path / "a.tif", array, **TILED))
    turned = RasterDomain((150, 230), GRID * Affine.rotation(10), UTM)
    for reader, least in ((raster, 3), (Warped(raster, turned, 40, "bilinear", True), 4)):
        for n in (1, least):
            cancelled = After(n)

            def check(cancelled=cancelled):
                if cancelled():
                    raise Cancelled

            with pytest.raises(Cancelled), interrupted_by(check):
                reader.read(raster.domain.window, np.empty((1, 150, 230), raster.dtype))
            assert cancelled.asked == n
        reader.read(raster.domain.window, np.empty((1, 150, 230), raster.dtype))  # asks nobody
        reader.close()


def test_a_run_that_is_cancelled_does_not_wait_for_the_rows_that_are_being_read():
    """The reader is a thread ahead: it is told as well."""
    begun, told = threading.Event(), []

    class Slow(Blank):
        def read(self, window, out):
            from patchwise.core.base.progress import may_go_on

            begun.set()
            for _ in range(10_000):
                try:
                    may_go_on()
                except Cancelled:
                    told.append(1)
                    raise
                threading.Event().wait(0.001)

    domain = RasterDomain((600, 600), Affine(10, 0, 0, 0, -10, 0), UTM)
    patcher = SpatialPatcher(SpatialRectangular((600, 600), "shift"), SpatialRegularStride(600))
    with pytest.raises(Cancelled):
        stream(Slow(domain), patcher, IDENTITY, Nowhere(), cancelled=begun.is_set)
    assert told


def test_work_aside_is_not_waited_for():
    go, ended = threading.Event(), threading.Event()

    def work(asked):
        go.wait(60)
        try:
            asked(0)
        except Cancelled:
            ended.set()
            raise

    cancelled = After(3)
    with pytest.raises(Cancelled):
        aside(work, Watch(None, cancelled))
    assert cancelled.asked == 3 and not go.is_set()
    go.set()
    assert ended.wait(60)
    assert aside(lambda asked: 5, None) == aside(lambda asked: 5, Watch(None, None)) == 5
    with pytest.raises(ZeroDivisionError):
        aside(lambda asked: 1 / 0, lambda share: None)


def test_random_places_are_drawn_aside(monkeypatch):
    """Drawing millions, and sorting them, asks nobody."""
    go = threading.Event()
    monkeypatch.setattr(SpatialRandom, "anchors", lambda *_: go.wait(60))
    cancelled = After(2)
    with pytest.raises(Cancelled):
        SpatialPatcher(SpatialRectangular((9, 9)), SpatialRandom(9, 1)).plan(WORLD, Watch(None, cancelled))
    go.set()
    assert cancelled.asked == 2


@pytest.mark.parametrize("pointwise", [True, False])
def test_one_large_polygon_is_asked_strip_by_strip(pointwise):
    domain = RasterDomain((3000, 500), GRID, UTM)
    x, y = GRID * (np.array([0, 500, 500, 0, 0]), np.array([0, 0, 3000, 3000, 0]))
    polygon = {"type": "Polygon", "coordinates": [list(zip(x.tolist(), y.tolist()))]}
    operator = Expression("b1", 1) if pointwise else IDENTITY
    cancelled = After(9 if pointwise else 2)
    with pytest.raises(Cancelled):
        polygon_chips(
            Blank(domain),
            SpatialPolygonIntersection([polygon]),
            operator,
            ("mean",),
            cancelled=cancelled,
            progress=lambda share: pytest.fail("no polygon is done"),
        )


def test_a_network_is_stopped_in_the_middle_of_a_chip(tmp_path, monkeypatch):
    """onnxruntime looks between the nodes of a network whether it is to go on."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import helper
    from patchwise.core import Onnx

    kind, shape = onnx.TensorProto.FLOAT, (1, 1, 256, 256)
    body = [helper.make_node("Sin", ["v"], ["w"]), helper.make_node("Identity", ["c"], ["d"])]
    of = helper.make_tensor_value_info
    one = of("c", onnx.TensorProto.BOOL, ())
    graph = helper.make_graph(
        body,
        "body",
        [of("k", onnx.TensorProto.INT64, ()), one, of("v", kind, shape)],
        [of("d", onnx.TensorProto.BOOL, ()), of("w", kind, shape)],
    )
    # How often it goes round: from a pixel of the chip, so that it is quick on the zeros that a model is tried on.
    rounds = [
        helper.make_node("ReduceMax", ["x"], ["most"], keepdims=0),
        helper.make_node("Cast", ["most"], ["count"], to=onnx.TensorProto.INT64),
        helper.make_node("Loop", ["count", "", "x"], ["y"], body=graph),
    ]
    whole = helper.make_graph(rounds, "g", [of("x", kind, shape)], [of("y", kind, shape)])
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(tmp_path / "slow.onnx"))
    operator = Onnx(str(tmp_path / "slow.onnx"), 1, (256, 256))
    domain = RasterDomain((256, 256), GRID, UTM)

    class Many(Blank):
        def read(self, window, out):
            out[...] = 1e9  # rounds: days

    begun, real = threading.Event(), type(operator.model).run

    def run(self, *arguments):
        begun.set()
        return real(self, *arguments)

    monkeypatch.setattr(type(operator.model), "run", run)
    patcher = SpatialPatcher(SpatialRectangular((256, 256), "shift"), SpatialRegularStride(256))
    with pytest.raises(Cancelled):
        stream(Many(domain), patcher, operator, Nowhere(), cancelled=begun.is_set)
    assert not operator._under_way
    assert np.isfinite(operator(np.zeros((1, 256, 256), np.float32))).all()  # it can be used again


def test_a_time_out_of_the_operator_is_its_own_error():
    def operator(chip):
        raise TimeoutError("the operator's own")

    domain = RasterDomain((64, 64), GRID, UTM)
    patcher = SpatialPatcher(SpatialRectangular((64, 64), "shift"), SpatialRegularStride(64))
    with pytest.raises(OperatorError, match="the operator's own"):
        stream(Blank(domain), patcher, Lambda(operator), Nowhere())
