"""The Sentinel-2 tab against a genuine STAC API on loopback: search, choose, load, and work on what was loaded."""
# ruff: noqa: F811 (fixtures are imported, and are the names of arguments)

from functools import partial

import rasterio
from patchwise.processing_provider.parameters import sentinel
from qgis.core import QgsCoordinateReferenceSystem, QgsProject, QgsRectangle
from qgis.PyQt.QtCore import QDate

from ...stac import catalogue
from ..desktop import desktop, dock, user  # noqa: F401

AUGUST = (QDate(2023, 8, 1), QDate(2023, 8, 31))


def look_at(desktop, box):
    """The map over a box (west, south, east, north) in degrees."""
    desktop.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    west, south, east, north = box
    desktop.canvas.setExtent(QgsRectangle(west, south, east, north))


def fill(desktop, dock, user, stac, box=catalogue.WEST_ONLY, days=AUGUST):
    dock.tabs.setCurrentWidget(dock.sentinel)
    look_at(desktop, box)
    user.find("startDate").setDate(days[0])
    user.find("endDate").setDate(days[1])
    user.find("sentinelBandsEdit").setText("B04,B08")
    user.find("sentinelMoreGroup").setCollapsed(False)
    user.find("ENDPOINT").setText(stac.open_endpoint)


def wait(dock, user, button):
    with user.qtbot.waitSignal(dock.sentinel.controller.ended, timeout=60000) as ended:
        user.click(button)
    return ended.args[0]


def rows(user):
    tree = user.find("itemsTree")
    return [
        [tree.topLevelItem(k).text(column) for column in range(tree.columnCount())]
        for k in range(tree.topLevelItemCount())
    ]


def test_search_gives_a_list_and_footprints(desktop, dock, user, stac):
    fill(desktop, dock, user, stac)
    user.set("cloudSpin", 100)
    items = len(desktop.canvas.scene().items())
    assert wait(dock, user, "searchButton").ok, dock.sentinel.fields.problem.problem()
    found = rows(user)
    assert len(found) >= 2 and len(desktop.canvas.scene().items()) == items + len(found)
    (west,) = [row for row in found if row[4] == stac.id("west")]
    assert west[0] == "2023-08-15" and west[1].startswith("1.0") and west[2] and west[3].endswith("%")
    assert f"{len(found)} scenes" in user.find("sentinelNote").text()
    assert QgsProject.instance().mapLayers() == {}, "a search adds nothing to the project"


def test_the_chosen_scene_is_loaded_and_becomes_the_input(desktop, dock, user, stac):
    fill(desktop, dock, user, stac)
    user.set("cloudSpin", 100)
    wait(dock, user, "searchButton")
    tree = user.find("itemsTree")
    place = [row[4] for row in rows(user)].index(stac.id("west"))
    tree.setCurrentItem(tree.topLevelItem(place))
    assert "chosen" in user.find("loadButton").text()
    run = wait(dock, user, "loadButton")
    assert run.ok and run.results["ITEM_ID"] == stac.id("west")
    (layer,) = QgsProject.instance().mapLayers().values()
    assert dock.tab.source.layer() is layer and dock.tabs.currentWidget() is dock.tab
    with rasterio.open(layer.source()) as file:
        assert file.descriptions == ("B04", "B08") and file.dtypes[0] == "uint16"
    desktop.look_at(layer)
    user.choose("operatorCombo", "Spectral index")
    user.set("chipSizeSpin", 64)
    assert user.run().ok
    assert len(QgsProject.instance().mapLayers()) == 2


def test_without_a_choice_the_clearest_is_loaded(desktop, dock, user, stac):
    fill(desktop, dock, user, stac)
    assert "clearest" in user.find("loadButton").text()
    user.choose("sentinelUnitsCombo", "Reflectance")
    run = wait(dock, user, "loadButton")
    assert run.ok
    (layer,) = QgsProject.instance().mapLayers().values()
    with rasterio.open(layer.source()) as file:
        assert file.dtypes[0] == "float32"


def test_a_search_without_a_result_says_what_would_help(desktop, dock, user, stac):
    fill(desktop, dock, user, stac, days=(QDate(2001, 1, 1), QDate(2001, 1, 2)))
    run = wait(dock, user, "searchButton")
    assert run.ok and rows(user) == []
    assert user.find("sentinelNote").text() == run.feedback.warnings[-1]


def test_what_is_wrong_is_said_in_place(desktop, dock, user, stac):
    fill(desktop, dock, user, stac, days=(QDate(2023, 8, 16), QDate(2023, 8, 15)))
    user.click("searchButton")
    assert "must not end before it begins" in user.find("sentinelProblem").text()
    assert not dock.sentinel.controller.running() and user.find("searchButton").isEnabled()


def test_an_api_that_cannot_be_reached_is_one_sentence(desktop, dock, user, stac, monkeypatch):
    monkeypatch.setattr(sentinel, "Network", partial(sentinel.Network, first_wait=0.02))
    fill(desktop, dock, user, stac)
    user.find("ENDPOINT").setText("http://127.0.0.1:9/stac")
    run = wait(dock, user, "searchButton")
    assert not run.ok and "127.0.0.1" in user.find("sentinelProblem").text()
    assert user.find("searchButton").isEnabled()


def test_the_extent_follows_the_map(desktop, dock, user):
    look_at(desktop, (10, 46, 11, 47))
    assert dock.sentinel.parameters()["EXTENT"].xMinimum() <= 10
    look_at(desktop, (20, 46, 21, 47))
    assert dock.sentinel.parameters()["EXTENT"].xMinimum() > 15


def test_without_the_algorithms_the_tab_says_so(desktop, dock, user, monkeypatch):
    from patchwise.ui.tabs import sentinel as sentinel_tab

    monkeypatch.setattr(sentinel_tab, "algorithm_of", lambda name: None)
    dock.sentinel.refresh()
    assert "patchwise:searchsentinel2 and patchwise:loadsentinel2" in user.find("sentinelProblem").text()
    assert not user.find("searchButton").isEnabled() and not user.find("loadButton").isEnabled()
