"""What documents name is asked for in the desktop, refused elsewhere, and let pass by TRUST; nothing runs before."""

import json

import numpy as np
import pytest
import rasterio
from patchwise.core.base.config import tags
from patchwise.core.base.errors import UntrustedError
from patchwise.core.base.trust import NamedFile, NamedHost, Trust
from patchwise.processing_provider import trust
from qgis.core import QgsProcessingContext, QgsProcessingException, QgsSettings

from ...core.base.test_trust import attack, listening, sha
from ..conftest import Log, read
from .test_qgis_process import qgis_process

SMALL = {"CHIP_SIZE": 64, "STRIDE": 64}


@pytest.fixture(autouse=True)
def nothing_remembered(qgis_app):
    QgsSettings().remove("patchwise")
    yield
    trust.register(None)
    QgsSettings().remove("patchwise")


class Asked(list):
    """A user who answers, and what was asked."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer
        trust.register(self.ask)

    def ask(self, named):
        self.append(named)
        return self.answer


@pytest.fixture()
def stranger(run, scene, tmp_path):
    """``stranger(operator, **given)``: a raster whose tag says that it was made so, by nobody here."""

    def stranger(operator=None, **given):
        out = str(tmp_path / "stranger.tif")
        run(INPUT=scene, OUTPUT=out, **SMALL)
        with rasterio.open(out, "r+") as dataset:
            record = json.loads(dataset.tags()["PATCHWISE_CONFIG"])
            record["operator"] = operator or record["operator"]
            record["input"].update(given)
            if given:
                record["input"].pop("relative", None)
            dataset.update_tags(**tags(record))
        return out

    return stranger


def python(file):
    return {"class": "PythonFile", "config": {"path": str(file)}}


def test_checking_runs_no_file_of_anybody(provider, scene, tmp_path):
    file, mark = attack(tmp_path)
    for name, given in (("slidingwindow", {"INPUT": scene}), ("slidingwindow", {"INPUT": scene, "TRUST": "all"})):
        algorithm = provider.algorithm(name).create()
        given = {**given, "OPERATOR": "python", "PYTHON": str(file), "OUTPUT": str(tmp_path / "o.tif")}
        assert algorithm.checkParameterValues(given, QgsProcessingContext()) == (True, "")
        assert algorithm.prepare(given, QgsProcessingContext(), Log())
    assert not mark.exists()


def test_ones_own_file_runs_when_the_run_begins(run, scene, tmp_path):
    file, mark = attack(tmp_path)
    out = str(tmp_path / "out.tif")
    run(INPUT=scene, OPERATOR="python", PYTHON=str(file), OUTPUT=out, **SMALL)
    assert mark.read_text() == "x"
    np.testing.assert_array_equal(read(out), read(scene) + 1)
    bad, _ = attack(tmp_path, "bad.py", "1 / 0")
    with pytest.raises(QgsProcessingException, match="PYTHON is '.*bad.py': cannot be loaded: bad.py, line 2: ZeroDiv"):
        run(INPUT=scene, OPERATOR="python", PYTHON=str(bad), OUTPUT=str(tmp_path / "bad.tif"), **SMALL)
    assert not (tmp_path / "bad.tif").exists()


def test_ones_own_file_can_be_held_to_its_content(run, scene, tmp_path):
    file, mark = attack(tmp_path)
    given = {"INPUT": scene, "OPERATOR": "python", "PYTHON": str(file), "OUTPUT": str(tmp_path / "out.tif"), **SMALL}
    with pytest.raises(QgsProcessingException, match="not been confirmed: the Python file"):
        run(**given, TRUST=f"sha256:{'0' * 64}")
    with pytest.raises(QgsProcessingException, match="TRUST is 'op.py': must be sha256:"):
        run(**given, TRUST="op.py")
    assert not mark.exists()
    run(**given, TRUST=f"sha256:{sha(file)}")
    assert mark.exists()


def test_a_tag_runs_a_file_only_after_a_yes_which_is_remembered(again, stranger, scene, tmp_path):
    file, mark = attack(tmp_path)
    made = stranger(python(file))
    with pytest.raises(QgsProcessingException, match=f"TRUST=sha256:{sha(file)}"):
        again(CONFIG_FROM=made)
    no = Asked(False)
    with pytest.raises(QgsProcessingException, match="has not been confirmed"):
        again(CONFIG_FROM=made)
    assert not mark.exists() and not (tmp_path / "again.tif").exists()
    assert no == [(NamedFile("Python file", str(file), len(file.read_bytes()), sha(file)),)]
    yes = Asked(True)
    np.testing.assert_array_equal(read(again(CONFIG_FROM=made)), read(scene) + 1)
    assert mark.read_text() == "x" and len(yes) == 1
    again(CONFIG_FROM=made)
    assert len(yes) == 1, "remembered by its hash"
    again(CONFIG_FROM=stranger(python(attack(tmp_path, "copy.py")[0])))
    assert len(yes) == 1, "the same content under another name"
    attack(tmp_path, extra="x = 1")
    again(CONFIG_FROM=stranger(python(file)))
    assert len(yes) == 2, "another content"
    trust.forget()
    trust.register(None)
    with pytest.raises(QgsProcessingException, match="has not been confirmed"):
        again(CONFIG_FROM=made)


def test_a_configuration_with_a_relative_path_is_refused_and_not_asked_for(again, stranger, tmp_path, monkeypatch):
    _, mark = attack(tmp_path)
    monkeypatch.chdir(tmp_path)
    yes = Asked(True)
    for path in ("op.py", "./op.py", "//server/share/op.py", "http://127.0.0.1/op.py"):
        with pytest.raises(QgsProcessingException, match="CONFIG_FROM: python file is .*absolute path on this machine"):
            again(CONFIG_FROM=stranger(python(path)), TRUST="all")
    assert not yes and not mark.exists()


def test_a_server_named_by_a_tag_is_not_asked_before_a_yes(again, stranger, scene, tmp_path):
    with listening() as (port, calls):
        server = f"http://127.0.0.1:{port}"
        sources = (f"/vsicurl/{server}/a.tif", f"/vsizip//vsicurl/{server}/a.zip/a.tif", f"WMS:{server}/wms?LAYERS=a")
        further = {"source": scene, "others": [{"source": f"/vsicurl/{server}/b.tif"}]}
        for given in (*({"source": source} for source in sources), further):
            made = stranger(**given)
            with pytest.raises(QgsProcessingException, match="the host 127.0.0.1, which .*TRUST=host:127.0.0.1"):
                again(CONFIG_FROM=made)
            no = Asked(False)
            with pytest.raises(QgsProcessingException, match="the host 127.0.0.1"):
                again(CONFIG_FROM=made)
            trust.register(None)
            assert [[type(each) for each in named] for named in no] == [[NamedHost]]
        assert not calls
        yes = Asked(True)
        with pytest.raises(QgsProcessingException):  # it hangs up
            again(CONFIG_FROM=made)
        assert len(yes) == 1 and calls and trust.remembered() == Trust(hosts=frozenset(["127.0.0.1"]))


def test_what_is_kept_by_somebody_else_does_no_harm():
    QgsSettings().setValue("patchwise/trust", ["all", "sha256:", "host:ok.org", 3])
    assert trust.remembered() == Trust(hosts=frozenset(["ok.org"]))


def test_nobody_is_asked_off_the_main_thread():
    import threading

    yes, found = Asked(True), []
    thread = threading.Thread(target=lambda: found.append(trust.confirm([NamedHost("a.org", "x")])))
    thread.start()
    thread.join()
    assert found == [False] and not yes


@pytest.mark.slow
def test_qgis_process_refuses_with_the_sentence_and_trust_lets_pass(stranger, scene, tmp_path):
    file, mark = attack(tmp_path)
    made, out = stranger(python(file)), tmp_path / "again.tif"
    command = ["run", "patchwise:runconfig", "--", f"CONFIG_FROM={made}", f"OUTPUT={out}"]
    done = qgis_process(*command)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1 and not mark.exists() and not out.exists()
    size = len(file.read_bytes())
    assert f"the Python file {file} ({size} bytes, SHA-256 {sha(file)}): it would run with all your rights" in said
    assert f"TRUST=sha256:{sha(file)}" in said
    done = qgis_process(*command, f"TRUST=sha256:{sha(file)}")
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(read(out), read(scene) + 1)
    assert qgis_process(*command).returncode == 1, "a flag is for one run"


def test_untrusted_says_each_thing_once():
    host = NamedHost("a.org", "https://a.org/x")
    with pytest.raises(UntrustedError) as error:
        Trust().check([host, host])
    assert error.value.named == (host,)


def test_many_things_are_asked_for_so_that_all_can_be_seen():
    many = [NamedHost(f"h{k}.org", "x") for k in range(10)]
    yes = Asked(True)
    assert trust.confirm(many)
    assert [len(named) for named in yes] == [4, 4, 2] and trust.remembered().hosts == {each.host for each in many}
    text = str(UntrustedError(tuple(NamedHost(f"h{k}.org", "x") for k in range(1000))))
    assert "and 990 more" in text and len(text) < 2000
