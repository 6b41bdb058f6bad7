"""Extents around the Earth, over a pole, and where a CRS has no place: the right pixels, or a sentence."""

import numpy as np
import pytest
import rasterio
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessingException,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
)
from rasterio.transform import from_origin

from ..conftest import read, write

HALF = 20037508.342789244
ENDS = "lies at two ends of the raster: choose one after the other, "
NOWHERE = "has no whole place in the raster's coordinate reference system: choose an extent nearer to the raster"


def world(tmp_path, kind):
    """A raster whose pixels say where they are: the number of the row and of the column."""
    west, crs, size, north, shape = {
        "-180 to 180": (-180, "EPSG:4326", 1, 90, (180, 360)),
        "0 to 360": (0, "EPSG:4326", 1, 90, (180, 360)),
        "across 180": (165, "EPSG:4326", 1, 10, (40, 30)),
        "web": (-HALF, "EPSG:3857", HALF / 180, HALF / 2, (180, 360)),
        "web, fiji": (18.5e6, "EPSG:3857", 1e4, -1e6, (200, 150)),
        "utm 1": (100000, "EPSG:32701", 5e3, 8.5e6, (200, 160)),
        "utm 33": (100000, "EPSG:32633", 5e3, 6e6, (200, 160)),
        "polar": (-4e6, "EPSG:3413", 1e5, 4e6, (80, 80)),
    }[kind]
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    array = np.stack([rows, cols]).astype("float32")
    return write(tmp_path / "world.tif", array, crs=crs, transform=from_origin(west, north, size, size))


CASES = {  # the raster, the extent, and rows and columns of the result or a sentence
    "beyond 180, both ends": (
        "-180 to 180",
        "170,190,-20,-10 [EPSG:4326]",
        ENDS + r"\(-180.0, -20.0, -170.0, -10.0\) and \(170.0, -20.0, 180.0, -10.0\)",
    ),
    "west above east, both ends": ("-180 to 180", "170,-170,-20,-10 [EPSG:4326]", ENDS),
    "west above east, one part": ("0 to 360", "170,-170,-20,-10 [EPSG:4326]", (100, 110, 170, 190)),
    "beyond 180, one part": ("0 to 360", "170,190,-20,-10 [EPSG:4326]", (100, 110, 170, 190)),
    "west of 0": ("0 to 360", "-20,-10,-20,-10 [EPSG:4326]", (100, 110, 340, 350)),
    "across 0": ("0 to 360", "-10,10,-20,-10 [EPSG:4326]", ENDS),
    "all around": ("0 to 360", "-180,180,-90,90 [EPSG:4326]", (0, 180, 0, 360)),
    "all around and more": ("-180 to 180", "-250,250,-90,90 [EPSG:4326]", (0, 180, 0, 360)),
    "a raster across 180": ("across 180", "-175,-170,-20,-10 [EPSG:4326]", (20, 30, 20, 25)),
    "a raster across 180, and an extent": ("across 180", "170,-170,-20,-10 [EPSG:4326]", (20, 30, 5, 25)),
    "other degrees": ("0 to 360", "170.2,-170.2,-19.8,-10.2 [EPSG:4269]", (100, 110, 170, 190)),
    "web coordinates beyond the web": (
        "0 to 360",
        "19481188,21150703,-2000000,-1200000 [EPSG:3857]",
        (100, 108, 175, 190),
    ),
    "web coordinates, both ends": ("-180 to 180", "19500000,21000000,-2000000,-1000000 [EPSG:3857]", ENDS),
    "degrees on the web": ("web", "170,190,-20,-10 [EPSG:4326]", ENDS),
    "degrees on part of the web": ("web, fiji", "175,-175,-20,-10 [EPSG:4326]", (11, 128, 98, 150)),
    "degrees in a zone at 180": ("utm 1", "175,-170,-20,-15 [EPSG:4326]", None),
    "a pole": ("-180 to 180", "-4000000,4000000,-4000000,4000000 [EPSG:3413]", (0, 50, 0, 360)),
    "a pole from 0": ("0 to 360", "-4000000,4000000,-4000000,4000000 [EPSG:3413]", (0, 50, 0, 360)),
    "a pole on the web": ("web", "-4000000,4000000,-4000000,4000000 [EPSG:3413]", NOWHERE),
    "the world in a zone": ("utm 33", "-180,180,-90,90 [EPSG:4326]", (0, 200, 0, 160)),
    "half the world in a zone": ("utm 33", "14,179,-90,90 [EPSG:4326]", NOWHERE),
    "nowhere": ("-180 to 180", "-1e9,1e9,-1e9,1e9 [EPSG:32633]", NOWHERE),
    "elsewhere": ("utm 33", "100,101,10,11 [EPSG:4326]", "must overlap the raster|" + NOWHERE),
    "the cap on a polar raster": ("polar", "-180,180,85,90 [EPSG:4326]", None),
    "a wedge on a polar raster": ("polar", "170,-170,60,70 [EPSG:4326]", None),
    "west above east by far": ("-180 to 180", "10,-10,-20,-10 [EPSG:4326]", "must have its west below its east"),
}


@pytest.mark.parametrize("case", CASES)
def test_an_extent_gives_its_pixels_or_a_sentence(run, tmp_path, case):
    kind, extent, wanted = CASES[case]
    path, out = world(tmp_path, kind), str(tmp_path / "out.tif")
    parameters = {"INPUT": path, "EXTENT": extent, "EXPRESSION": "b1;b2", "OUTPUT": out}
    if isinstance(wanted, str):
        with pytest.raises(QgsProcessingException, match=f"EXTENT is .*({wanted})"):
            run(**parameters)
        return
    run(**parameters)
    rows, cols = read(out)
    found = int(rows.min()), int(rows.max()) + 1, int(cols.min()), int(cols.max()) + 1
    if wanted is not None:
        assert found == wanted
        return
    # All pixels in the extent are there, and few others.
    inside = within(path, extent)
    there = np.zeros(inside.shape, bool)
    there[found[0] : found[1], found[2] : found[3]] = True
    assert inside.any() and not (inside & ~there).any()
    assert inside[there].mean() > 0.3


def within(path, extent):
    """Which pixels' centres are in an extent in degrees, by PROJ."""
    from patchwise.core.grid.crs import transform_points

    west, east, south, north = (float(value) for value in extent.split(" ")[0].split(","))
    with rasterio.open(path) as dataset:
        rows, cols = np.mgrid[: dataset.height, : dataset.width] + 0.5
        x, y = dataset.transform * (cols.ravel(), rows.ravel())
        lon, lat = transform_points(x, y, dataset.crs.to_wkt(), "EPSG:4326")
        across = (lon - west) % 360 <= (360 if east - west == 360 else (east - west) % 360)
        return (across & (lat >= south) & (lat <= north)).reshape(dataset.height, dataset.width)


@pytest.mark.parametrize("given", ["text", "rectangle", "referenced", "layer"])
def test_an_extent_however_it_is_given(run, tmp_path, given):
    path, out = world(tmp_path, "0 to 360"), str(tmp_path / "out.tif")
    other = write(tmp_path / "b.tif", np.ones((1, 10, 20)), crs="EPSG:4326", transform=from_origin(-180, -10, 1, 1))
    extent = {
        "text": "-180,-160,-20,-10",
        "rectangle": QgsRectangle(-180, -20, -160, -10),
        "referenced": QgsReferencedRectangle(
            QgsRectangle(-180, -20, -160, -10), QgsCoordinateReferenceSystem("EPSG:4326")
        ),
        "layer": other,
    }[given]
    run(INPUT=path, EXTENT=extent, EXPRESSION="b1;b2", OUTPUT=out)
    rows, cols = read(out)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (100, 109, 180, 199)


def test_a_rectangle_that_is_not_in_order(run, tmp_path):
    path, out = world(tmp_path, "0 to 360"), str(tmp_path / "out.tif")
    run(INPUT=path, EXTENT=QgsRectangle(170, -20, -170, -10, False), EXPRESSION="b1;b2", OUTPUT=out)
    assert (read(out)[1].min(), read(out)[1].max()) == (170, 189)


def test_the_way_between_two_systems_is_that_of_the_project(provider, tmp_path):
    """The user chooses the operation in the project's settings; this one is 100 km off, so that it shows."""
    from qgis import processing
    from qgis.core import QgsProcessingContext

    path, out = world(tmp_path, "utm 33"), str(tmp_path / "out.tif")
    parameters = {"INPUT": path, "EXTENT": "13,16,50,52 [EPSG:4326]", "EXPRESSION": "b1;b2", "OUTPUT": out}
    starts = []
    for shift in (None, 100000):
        project, context = QgsProject(), QgsProcessingContext()
        if shift:
            operation = (
                "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=utm +zone=33 "
                f"+ellps=WGS84 +step +proj=affine +xoff={shift}"
            )
            systems = (QgsCoordinateReferenceSystem(code) for code in ("EPSG:4326", "EPSG:32633"))
            chosen = project.transformContext()
            assert chosen.addCoordinateOperation(*systems, operation)
            project.setTransformContext(chosen)
        context.setProject(project)
        processing.run("patchwise:slidingwindow", parameters, context=context)
        starts.append(int(read(out)[1].min()))
    assert starts[1] - starts[0] == 100000 // 5000


def test_the_map_shows_no_more_than_the_layer(qgis_app, tmp_path):
    """A map in degrees that is zoomed out goes beyond 180, where it is empty: that is not the raster's other end."""
    from patchwise.ui.panels.map_extent import MapExtent
    from qgis.gui import QgsMapCanvas

    canvas = QgsMapCanvas()
    canvas.resize(400, 200)
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    canvas.setExtent(QgsRectangle(-200, -60, 100, 60))
    extent = MapExtent("extent", canvas, "tip")
    for kind in ("-180 to 180", "web"):
        layer = QgsRasterLayer(world(tmp_path, kind), "world")
        extent.widget.setOriginalExtent(layer.extent(), layer.crs())
        found = extent.parameters()["EXTENT"]
        assert found.xMinimum() == pytest.approx(-180, abs=1e-6) and found.xMaximum() < 180
    extent.widget.setOutputExtentFromUser(
        QgsRectangle(170, -10, 190, 10), QgsCoordinateReferenceSystem("EPSG:4326")
    )  # the user's own is not changed
    assert extent.parameters()["EXTENT"].xMaximum() == 190


@pytest.mark.parametrize("extent", ["179.9,-179.9,-17,-16 [EPSG:4326]", "179.9,180.1,-17,-16 [EPSG:4326]"])
@pytest.mark.parametrize("algorithm", ["searchsentinel2", "loadsentinel2"])
def test_a_search_across_180_is_refused_and_says_what_to_do(provider, tmp_path, algorithm, extent):
    from qgis.core import QgsProcessingContext

    parameters = {
        "EXTENT": extent,
        "START_DATE": "2023-06-01",
        "END_DATE": "2023-06-02",
        "OUTPUT": str(tmp_path / ("out.tif" if algorithm == "loadsentinel2" else "out.gpkg")),
    }
    good, text = provider.algorithm(algorithm).checkParameterValues(parameters, QgsProcessingContext())
    assert not good and text.startswith("EXTENT is (179.9, -17.0, -179.")
    assert "of a box across the 180th meridian load either side by itself" in text


def test_a_search_from_0_to_360_is_the_same_place(provider):
    from patchwise.processing_provider.parameters.reader import Reader
    from patchwise.processing_provider.parameters.sentinel import _box
    from qgis.core import QgsProcessingContext

    algorithm, context = provider.algorithm("searchsentinel2"), QgsProcessingContext()

    def box(extent):
        return _box(Reader(algorithm, {"EXTENT": extent}, context))

    for extent in ("190,191,-17,-16 [EPSG:4326]", "-170,-169,-17,-16 [EPSG:4326]", "-170,-169,-17,-16"):
        assert box(extent) == (-170, -17, -169, -16)
    assert box("-180,180,-90,90 [EPSG:4326]") == (-180, -90, 180, 90)
    assert box("170,180,-20,-10 [EPSG:4326]") == (170, -20, 180, -10)
    assert box("180,190,-20,-10 [EPSG:4326]") == (-180, -20, -170, -10)
