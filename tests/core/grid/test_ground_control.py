"""Rasters placed by ground control points: places are GDAL's, parts and finer grids lie where they lay."""

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from patchwise.core import (
    Expression,
    GeoTiffSink,
    ParameterError,
    RasterFile,
    SpatialHann,
    SpatialPatcher,
    SpatialPolygonIntersection,
    SpatialRectangular,
    SpatialRegularStride,
    SpatialSphericalCap,
    ValueType,
    stream,
)
from patchwise.core.axes.sampler import SpatialExplicit
from patchwise.core.chip_folder.labels import PolygonLabels
from patchwise.core.chip_folder.manifest import _domain, _grid
from patchwise.core.grid.domain import PixelWindow, RasterDomain
from patchwise.core.grid.ground_control import ControlPoint, GroundControl
from patchwise.core.preview.outlines import Outlines
from patchwise.core.rasters.stack import StackedRaster
from patchwise.core.rasters.zarr import ZarrSink
from patchwise.core.zonal.chips import polygon_chips
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer, RPCTransformer
from rasterio.warp import Resampling, reproject

from ..made_rasters import RPC, bent, write_placed

CRS = "EPSG:32633"
SHAPE = (90, 120)
# A rotated, south-up grid: whatever takes map units for pixels, or y for -row, is off by far.
AFFINE = rasterio.Affine(8, 3, 500000, 2, 9, 5000000)


def points_of(place, count=16, noise=0.0, shape=SHAPE, seed=0):
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(0, 1, (count, 2)) * shape
    moved = rng.normal(0, noise, (count, 2)) if noise else np.zeros((count, 2))
    return tuple(
        ControlPoint(row, col, *(v + d for v, d in zip(place(row, col), off)))
        for (row, col), off in zip(pixels.tolist(), moved.tolist())
    )


def along(row, col):
    return AFFINE * (col, row)


@pytest.fixture()
def values():
    return np.random.default_rng(1).integers(1, 200, (2, *SHAPE)).astype(np.float32)


@pytest.fixture()
def both(tmp_path, values):
    """A raster placed by a transform, and the same placed by points that say so."""
    one = write_placed(tmp_path / "transform.tif", values, transform=AFFINE)
    return one, write_placed(tmp_path / "points.tif", values, points_of(along, 5))


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7, 10, 40])
@pytest.mark.parametrize("noise", [0.0, 25.0])
def test_places_are_those_of_gdals_transformer(count, noise):
    points = points_of(bent, count, noise, (1000, 1000))
    control = GroundControl(points)
    rng = np.random.default_rng(2)
    cols, rows = rng.uniform(-100, 1100, (2, 30))
    with rasterio.Env(), GCPTransformer([GroundControlPoint(*p[:5]) for p in points]) as gdal:
        x, y = (np.array(v) for v in gdal.xy(rows.tolist(), cols.tolist(), offset="ul"))
        back = [np.array(v) for v in gdal.rowcol(x.tolist(), y.tolist(), op=lambda v: v)]
    np.testing.assert_allclose(control.to_world(cols, rows), (x, y), rtol=0, atol=1e-4)
    np.testing.assert_allclose(control.to_pixels(x, y), back[::-1], rtol=0, atol=1e-5)


@given(row=st.integers(0, 80), col=st.integers(0, 100), factor=st.integers(1, 4), seed=st.integers(0, 9))
def test_a_part_and_a_finer_grid_lie_where_they_lay(row, col, factor, seed):
    domain = RasterDomain(SHAPE, None, CRS, GroundControl(points_of(bent, 12, 3.0, seed=seed), tuple(RPC.items())))
    part = domain.crop(PixelWindow(row, col, 7, 9)).refined(factor)
    assert part.shape == (7 * factor, 9 * factor)
    rows, cols = np.array([0.0, 3.25, 7]), np.array([0.5, 9, -4])
    wanted = domain.to_world(cols + col, rows + row)
    np.testing.assert_allclose(part.to_world(cols * factor, rows * factor), wanted, rtol=0, atol=1e-5)
    np.testing.assert_allclose(
        part.to_pixels(*wanted),
        np.multiply(domain.to_pixels(*wanted), factor) - np.multiply([[col], [row]], factor),
        rtol=0,
        atol=1e-6,
    )
    whole, moved = (rasterio.rpc.RPC.from_gdal(dict(d.control.rpcs)) for d in (domain, part))
    with rasterio.Env(), RPCTransformer(whole) as one, RPCTransformer(moved) as other:
        lon, lat = one.xy([row + 2.0], [col + 3.0], offset="ul")
        again = other.xy([2.0 * factor], [3.0 * factor], offset="ul")
    np.testing.assert_allclose(again, (lon, lat), rtol=0, atol=1e-9)


@pytest.mark.parametrize("window", [PixelWindow(0, 0, *SHAPE), PixelWindow(20, 33, 40, 50)])
@pytest.mark.parametrize("scale", [1, 3])
def test_results_have_the_points_and_rpcs_that_belong_to_them(tmp_path, values, window, scale):
    source = RasterFile(write_placed(tmp_path / "in.tif", values, points_of(bent), rpcs=RPC))
    assert source.transform is None and source.crs.to_epsg() == 32633 and len(source.domain.control.points) == 16
    domain = source.domain.crop(window).refined(scale)
    with GeoTiffSink(str(tmp_path / "out.tif"), domain, ValueType("float32")) as sink:
        sink.start(1, np.dtype(np.float32))
        sink.write(0, 0, np.ones((1, *domain.shape), np.float32))
    found = RasterFile(str(tmp_path / "out.tif")).domain
    assert found.transform is None and found.crs == source.crs
    for name in ("row", "col", "x", "y", "z"):
        wanted = [getattr(point, name) for point in domain.control.points]
        np.testing.assert_allclose([getattr(p, name) for p in found.control.points], wanted, rtol=1e-12)
    rpcs = dict(found.control.rpcs)
    assert all(float(rpcs[name]) == float(dict(domain.control.rpcs)[name]) for name in ("LINE_OFF", "SAMP_OFF"))


def test_rpcs_beside_a_transform_are_carried_along(tmp_path, values):
    source = RasterFile(write_placed(tmp_path / "in.tif", values, transform=AFFINE, rpcs=RPC))
    part = source.domain.crop(PixelWindow(10, 20, 30, 30))
    assert source.transform == AFFINE and part.transform is not None
    assert float(dict(part.control.rpcs)["LINE_OFF"]) == 50.25 and float(dict(part.control.rpcs)["SAMP_OFF"]) == 25.5


def test_points_beside_a_transform_do_not_count(tmp_path):
    path = tmp_path / "both.vrt"
    path.write_text(
        '<VRTDataset rasterXSize="9" rasterYSize="9"><SRS>EPSG:32633</SRS><GeoTransform>5,1,0,9,0,-1</GeoTransform>'
        '<GCPList Projection="EPSG:32633"><GCP Pixel="0" Line="0" X="7" Y="7"/></GCPList>'
        '<VRTRasterBand dataType="Byte" band="1"/></VRTDataset>'
    )
    domain = RasterFile(str(path)).domain
    assert domain.bounds == (5, 0, 14, 9) and domain.control is None


def test_a_manifest_keeps_them():
    domain = RasterDomain(SHAPE, None, None, GroundControl(points_of(bent, 4), tuple(RPC.items())))
    assert _domain(_grid(domain)) == domain


def test_an_extent_is_the_pixels_that_lie_in_it():
    domain = RasterDomain(SHAPE, None, CRS, GroundControl(points_of(bent)))
    box = (500300, 4999600, 500700, 4999900)
    corners = [(box[i], box[j]) for i, j in ((0, 1), (2, 1), (2, 3), (0, 3), (0, 1))]
    window = domain.window_of(corners)
    rows, cols = np.mgrid[0.5 : SHAPE[0], 0.5 : SHAPE[1]]
    x, y = bent(rows, cols)
    inside = (x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3])
    there = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    assert window.row <= there[0][0] and window.row_stop > there[0][-1] and abs(window.height - len(there[0])) <= 2
    assert window.col <= there[1][0] and window.col_stop > there[1][-1] and abs(window.width - len(there[1])) <= 2
    with pytest.raises(ParameterError, match="must overlap the raster, whose bounds .* are \\(5000"):
        domain.window_of([(0, 0), (50, 0), (50, 50)])  # pixels, were map units taken for them


def test_chips_polygons_labels_caps_and_outlines_lie_as_with_a_transform(both):
    one, other = (RasterFile(path) for path in both)
    ring = [AFFINE * (col, row) for col, row in ((20, 15), (70, 22), (60, 71), (31, 60), (20, 15))]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    found = [
        polygon_chips(raster, SpatialPolygonIntersection([polygon], crs), Expression("b1"), ["count", "sum"]).values
        for raster in (one, other)
        for crs in (None, CRS)
    ]
    assert all(np.array_equal(found[0], values) for values in found) and found[0][0, 0, 0] > 1000
    labels = []
    for raster in (one, other):
        out = np.empty((1, 50, 60))
        PolygonLabels([(polygon, 3.0)], raster.domain).read(PixelWindow(10, 12, 50, 60), out)
        labels.append(out)
    np.testing.assert_array_equal(*labels)
    middle = AFFINE * (60.5, 45.5)
    explicit = SpatialExplicit([middle], CRS)
    assert [explicit.anchors(SHAPE, raster.domain).tolist() for raster in (one, other)] == [[[45, 60]]] * 2
    caps = SpatialPatcher(SpatialSphericalCap(0.15), explicit, SpatialHann())
    plans = [caps.plan(raster.domain) for raster in (one, other)]
    assert np.array_equal(plans[0].places, plans[1].places)
    np.testing.assert_allclose(plans[0].weights_at(0), plans[1].weights_at(0), atol=1e-6)
    squares = SpatialPatcher(SpatialRectangular((32, 32), "shift"), SpatialRegularStride((32, 32)))
    outlines = [Outlines.of(squares, raster.domain) for raster in (one, other)]
    assert [outline.at(*middle).anchor for outline in outlines] == [(32, 32)] * 2
    lines = [np.frombuffer(o.lines(o.view([middle]), 9).wkb[-64:], "<f8") for o in outlines]
    np.testing.assert_allclose(*lines, atol=1e-4)


@pytest.mark.parametrize("resampling", ["nearest", "bilinear"])
def test_a_further_raster_with_points_lies_where_gdal_warps_it(tmp_path, values, resampling):
    points = points_of(bent)
    grid = rasterio.transform.from_origin(500100, 4999900, 7, 7)
    first = write_placed(tmp_path / "first.tif", np.ones((1, 60, 100), np.float32), transform=grid)
    stacked = StackedRaster(RasterFile(first), [write_placed(tmp_path / "points.tif", values, points)], resampling)
    found = np.empty((3, 60, 100), np.float32)
    stacked.read(stacked.domain.window, found)
    truth = np.empty((2, 60, 100), np.float32)
    reproject(
        values,
        truth,
        gcps=[GroundControlPoint(*p[:5]) for p in points],
        src_crs=CRS,
        dst_transform=grid,
        dst_crs=CRS,
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling[resampling],
        tolerance=0,
    )
    same = np.isclose(found[1:], truth, atol=0.01, equal_nan=True)
    assert same.mean() > 0.99 and np.isfinite(truth).mean() > 0.5
    part = np.empty((3, 20, 30), np.float32)
    stacked.read(PixelWindow(17, 40, 20, 30), part)
    np.testing.assert_array_equal(part, found[:, 17:37, 40:70])


def test_further_rasters_on_a_grid_of_points(tmp_path, values, both):
    points = points_of(bent)
    one = RasterFile(write_placed(tmp_path / "one.tif", values, points))
    same = StackedRaster(one, [write_placed(tmp_path / "two.tif", 2 * values, points)])
    found = np.empty((4, *SHAPE), np.float32)
    same.read(same.domain.window, found)
    np.testing.assert_array_equal(found, np.concatenate([values, 2 * values]))
    nowhere = write_placed(tmp_path / "nowhere.tif", values, crs=None)
    assert StackedRaster(one, [nowhere]).bands == 4  # no place of its own, and the same pixels
    rpcs = [RasterFile(write_placed(tmp_path / f"{k}.tif", values, rpcs={**RPC, "LAT_OFF": str(k)})) for k in (40, 41)]
    assert StackedRaster(rpcs[0], [rpcs[0]]).bands == 4
    with pytest.raises(ParameterError, match="must have the same pixels and points"):
        StackedRaster(rpcs[0], [rpcs[1]])
    for other in both:
        with pytest.raises(ParameterError, match="must have the same pixels and points as the first raster.*gdalwarp"):
            StackedRaster(one, [other])


@pytest.mark.parametrize(
    ("points", "rpcs", "said"),
    [
        ((), RPC, "raster is 'placed by rational polynomials .RPCs. only': they need heights.*gdalwarp"),
        (points_of(bent, 2), None, "raster is 'placed by 2 ground control points': they are too few.*gdalwarp"),
        (tuple(ControlPoint(k, k, k, k) for k in range(9)), None, "placed by 9 ground control points': .*in a line"),
    ],
)
def test_what_does_not_tell_places_is_refused_where_they_are_asked_for(tmp_path, values, points, rpcs, said):
    source = RasterFile(write_placed(tmp_path / "in.tif", values, points, rpcs=rpcs))
    assert source.domain.crop(PixelWindow(1, 2, 3, 4)).shape == (3, 4)
    for ask in (lambda: source.domain.window_of([(0, 0), (5, 5)]), lambda: source.domain.bounds):
        with pytest.raises(ParameterError, match=said):
            ask()


def test_a_zarr_store_has_no_place_for_points(tmp_path, values):
    domain = RasterFile(write_placed(tmp_path / "in.tif", values, points_of(bent))).domain
    with pytest.raises(ParameterError, match="target is .*no place for ground control points.*gdalwarp"):
        ZarrSink(str(tmp_path / "out.zarr"), domain, parameter="target")


def test_the_pixels_are_those_of_the_raster_itself(both):
    results = []
    for path in both:
        source = RasterFile(path)
        out = np.full((1, 30, 40), np.nan, np.float32)

        class Sink:
            block_width = 1

            def start(self, bands, dtype):
                return

            def write(self, row, col, rows, out=out):
                out[:, row : row + rows.shape[1], col : col + rows.shape[2]] = rows

        patcher = SpatialPatcher(SpatialRectangular((16, 16), "shift"), SpatialRegularStride((8, 8)), SpatialHann())
        corners = [AFFINE * corner for corner in ((30, 20), (70, 20), (70, 50), (30, 50))]
        # The corners alone: they are pixel corners, and with the points of a line between them too.
        window = source.domain.window_of([(x, y) for x, y in corners])
        assert window == PixelWindow(20, 30, 30, 40)
        stream(source, patcher, Expression("b1 - mean(b2)"), Sink(), window=window)
        results.append(out)
    np.testing.assert_array_equal(*results)
