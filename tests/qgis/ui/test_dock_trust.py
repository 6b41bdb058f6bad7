"""The dock with what strangers made: nothing runs, is opened or asked while it plans; Run asks, once."""
# ruff: noqa: F811 (fixtures are imported, and are the names of arguments)

import json

import numpy as np
import pytest
import rasterio
from patchwise.core.base.config import tags
from patchwise.core.base.trust import NamedFile, NamedHost, NamedRaster
from patchwise.processing_provider import trust
from patchwise.ui.confirmation import asker, question
from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QMessageBox, QPushButton

from ...core.base.test_trust import attack, listening, sha
from ..algorithms.test_trust import Asked, nothing_remembered  # noqa: F401
from ..conftest import read, write
from ..desktop import desktop, dock, layer, user  # noqa: F401


def entry(**parameters):
    """What a stranger's project says of the dock."""
    QgsProject.instance().writeEntry("patchwise", "dock", json.dumps({"parameters": parameters}))


@pytest.fixture()
def made(run, layer, tmp_path):
    """``made(operator)``: a layer whose tag says that it was made by this operator."""

    def made(operator):
        path = str(tmp_path / "made.tif")
        run(INPUT=layer.source(), CHIP_SIZE=50, STRIDE=25, OUTPUT=path)
        with rasterio.open(path, "r+") as dataset:
            record = json.loads(dataset.tags()["PATCHWISE_CONFIG"])
            dataset.update_tags(**tags({**record, "operator": operator}))
        found = QgsRasterLayer(path, "made")
        QgsProject.instance().addMapLayer(found)
        return found

    return made


def waits(user):
    """What the dock says is waiting."""
    user.settle()
    assert user.find("confirmButton").isVisible() is bool(user.find("waitingLabel").problem())
    return user.find("waitingLabel").problem()


def results(*known):
    return [one for one in QgsProject.instance().mapLayers().values() if one not in known]


def test_a_project_runs_no_file_and_run_asks(layer, dock, user, tmp_path):
    file, mark = attack(tmp_path)
    entry(OPERATOR="python", PYTHON=str(file), CHIP_SIZE=64, STRIDE=64)
    dock._project_read()
    user.find("previewGroup").setCollapsed(False)
    assert waits(user).startswith("op.py waits for your confirmation")
    user.qtbot.wait(600)
    dock.tab.weights.repaint()
    no = Asked(False)
    user.click("runButton")
    user.click("confirmButton")
    assert not mark.exists() and not results(layer) and not dock.tab.controller.running()
    assert no == 2 * [(NamedFile("Python file", str(file), len(file.read_bytes()), sha(file)),)]
    yes = Asked(True)
    assert user.run().ok and mark.read_text() == "x" and len(yes) == 1
    (result,) = results(layer)
    np.testing.assert_array_equal(read(result.source()), read(layer.source()) + 1)
    assert not waits(user)


def test_a_yes_is_remembered_and_a_change_asks_again(layer, dock, user, tmp_path):
    file, mark = attack(tmp_path)
    entry(OPERATOR="python", PYTHON=str(file))
    dock._project_read()
    yes = Asked(True)
    waits(user)
    user.click("confirmButton")
    assert not waits(user) and user.can_run() and len(yes) == 1 and not mark.exists()
    dock._project_read()
    assert not waits(user), "remembered"
    attack(tmp_path, extra="x = 1")
    dock._project_read()
    assert waits(user), "another content"
    assert not mark.exists()


def test_what_was_confirmed_is_what_runs(layer, dock, user, tmp_path):
    file, mark = attack(tmp_path)
    entry(OPERATOR="python", PYTHON=str(file))
    dock._project_read()
    Asked(True)
    waits(user)
    user.click("confirmButton")
    assert not waits(user)
    attack(tmp_path, extra=f"open({str(tmp_path / 'evil')!r}, 'w')")  # behind the dock's back
    user.click("runButton")
    user.settle()
    assert not dock.tab.controller.running() and not mark.exists() and not (tmp_path / "evil").exists()
    assert "not been confirmed" in user.find("summaryLabel").problem()


@pytest.mark.parametrize("path", ["op.py", "//server/share/op.py", "http://127.0.0.1/op.py"])
def test_relative_paths_and_servers_are_refused_in_the_dock(layer, dock, user, tmp_path, monkeypatch, path):
    _, mark = attack(tmp_path)
    monkeypatch.chdir(tmp_path)
    yes = Asked(True)
    entry(OPERATOR="python", PYTHON=path)
    dock._project_read()
    assert not waits(user) and not user.can_run() and not yes and not mark.exists()
    assert "must be an absolute path on this machine" in user.find("operatorProblem").problem().lower()


def test_a_layers_settings_run_no_file(layer, dock, user, made, tmp_path):
    file, mark = attack(tmp_path)
    assert dock.use_settings_of(made({"class": "PythonFile", "config": {"path": str(file)}}))
    assert "op.py waits" in waits(user) and not mark.exists()


def test_a_model_of_a_tag_is_not_opened_before_a_yes(layer, dock, user, made, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from patchwise.core.operators import onnx_model

    from ...core.onnx_models import conv, weights_of

    opened, real = [], onnx_model._opened
    monkeypatch.setattr(onnx_model, "_opened", lambda *args: opened.append(args[2]) or real(*args))
    path = conv(tmp_path / "model.onnx", weights_of(2, 4, 3, 3), ("N", 4, 48, 48), ("N", 2, 48, 48), pad=1)
    assert dock.use_settings_of(made({"class": "Onnx", "config": {"path": path, "bands": 4}}))
    assert "model.onnx waits" in waits(user) and not opened
    Asked(True)
    user.click("confirmButton")
    assert not waits(user) and user.can_run() and all(isinstance(model, bytes) for model in opened) and opened
    assert user.run().ok


def test_a_file_that_was_picked_by_hand_is_confirmed_and_remembered_when_it_runs(layer, dock, user, tmp_path):
    file, mark = attack(tmp_path)
    no = Asked(False)
    user.choose("operatorCombo", "Python file")
    user.find("pythonFile").setFilePath(str(file))  # as its button does
    assert not waits(user) and user.can_run() and not mark.exists()
    assert user.run().ok and mark.exists() and not no
    entry(OPERATOR="python", PYTHON=str(file))
    dock._project_read()
    assert not waits(user)


def test_a_large_file_is_summed_up_when_it_is_asked_for(layer, dock, user, tmp_path, monkeypatch):
    from patchwise.core.base import trust as core_trust
    from patchwise.ui.runs import planning

    file, mark = attack(tmp_path)
    monkeypatch.setattr(planning, "AT_ONCE", 10)
    summed, real = [], core_trust._digest
    monkeypatch.setattr(core_trust, "_digest", lambda path: summed.append(path) or real(path))
    for known in (False, True):
        core_trust._DIGESTS.clear()
        entry(OPERATOR="python", PYTHON=str(file))
        dock._project_read()
        yes = Asked(True)
        assert waits(user) and len(summed) == known
        user.click("confirmButton")
        assert not waits(user) and user.can_run() and len(summed) == known + 1
        assert [named[0].sha256 for named in yes] == ([] if known else [sha(file)]), "it is remembered"
    assert not mark.exists()


def test_choosing_it_by_hand_takes_the_place_of_confirming_it(layer, dock, user, tmp_path):
    file, mark = attack(tmp_path)
    entry(OPERATOR="python", PYTHON=str(file))
    dock._project_read()
    assert waits(user)
    user.choose("operatorCombo", "Expression")
    assert not waits(user), "it is not used"
    user.choose("operatorCombo", "Python file")
    assert waits(user), "looking at it is no choice"
    user.find("pythonFile").setFilePath("")
    user.find("pythonFile").setFilePath(str(file))
    assert not waits(user) and user.can_run() and not mark.exists()


def test_the_chip_preview_runs_a_file_only_when_it_is_asked_to(layer, dock, user, tmp_path):
    file, mark = attack(tmp_path)
    user.choose("operatorCombo", "Python file")
    user.find("pythonFile").setFilePath(str(file))
    user.find("previewGroup").setCollapsed(False)
    user.qtbot.waitUntil(lambda: user.find("computeChipButton").isVisible(), timeout=5000)
    assert not mark.exists() and "only when you ask" in dock.tab.chips.preview.caption()
    user.click("computeChipButton")
    user.qtbot.waitUntil(lambda: dock.tab.chips.preview.picture() is not None, timeout=10000)
    assert mark.read_text() == "x" and not user.find("computeChipButton").isVisible()
    attack(tmp_path, extra="x = 1")
    dock.tab.change()
    user.qtbot.waitUntil(lambda: user.find("computeChipButton").isVisible(), timeout=5000)
    assert mark.read_text() == "x", "another content is not run unasked"


def test_sources_of_a_project_are_neither_opened_nor_asked(layer, dock, user, tmp_path):
    ones = np.ones((1, 300, 211), np.uint8)
    other, path = write(tmp_path / "other.tif", ones), write(tmp_path / "second.tif", ones)
    second = QgsRasterLayer(path, "second")
    QgsProject.instance().addMapLayer(second)
    with listening() as (port, calls):
        remote = f"/vsicurl/http://127.0.0.1:{port}/a.tif"
        entry(OTHER_INPUTS=[second.id(), remote, other], POLYGONS=remote, INPUT=remote, EXPRESSION="b1")
        dock._project_read()
        text = waits(user)
        assert "The host 127.0.0.1 waits" in text and "other.tif waits" in text
        user.qtbot.wait(300)
        no = Asked(False)
        user.click("runButton")
        assert [type(each) for each in no[0]] == [NamedHost, NamedRaster]
        assert not calls
        assert dock.state()["parameters"]["OTHER_INPUTS"] == [path, remote, other], "nothing is lost"
        for held_open in (second.id(), path):
            entry(OTHER_INPUTS=[held_open], EXPRESSION="b5")
            dock._project_read()
            assert not waits(user) and user.can_run(), "a layer that QGIS holds open is not asked about"
        entry(OTHER_INPUTS=[other], EXPRESSION="b5")
        dock._project_read()
        Asked(True)
        assert waits(user)
        user.click("confirmButton")
        assert not waits(user) and user.can_run() and not calls
    assert user.run().ok


def test_the_question_shows_everything_and_enter_means_no(desktop, qtbot):
    named = (
        NamedFile("Python file", "/x/<b>op\u202e.py", 1234567, "ab" * 32),
        NamedHost("example.org", "https://example.org/a.tif"),
        NamedRaster("/data/a.tif"),
    )
    text = question(named)
    for part in (
        "/x/&lt;b&gt;op\\u202e.py",
        "1,234,567 bytes",
        "ab" * 16,
        "example.org",
        "/data/a.tif",
        "all your rights",
    ):
        assert part in text, part
    assert all(len(line) < 80 for line in question((NamedHost("e" * 900, "x"),)).split("<br>")[1:-1]), "no endless line"
    seen = []

    def look(answer):
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox) and box.objectName() == "patchwiseConfirmation"
        seen.append(box.defaultButton().objectName())
        box.findChild(QPushButton, answer).click()

    for answer, agreed in (("doNotTrustButton", False), ("trustButton", True)):
        QTimer.singleShot(100, lambda answer=answer: look(answer))
        assert asker(desktop.window)(named) is agreed
    assert seen == ["doNotTrustButton"] * 2


def test_the_plugin_lets_the_desktop_ask(qgis_app, qgis_iface):
    import patchwise

    plugin = patchwise.classFactory(qgis_iface)
    plugin.initGui()
    assert len(trust._CONFIRMERS) == 1
    plugin.unload()
    assert not trust._CONFIRMERS
