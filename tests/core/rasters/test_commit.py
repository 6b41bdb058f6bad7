"""Outputs take their names together; a process that is killed on the way leaves nothing that only looks finished."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from patchwise.core import GeoTiffSink, ParameterError, RasterWriteError, ValueType, ZarrSink
from patchwise.core.chip_folder.partial import PartialFolder, check_folder
from patchwise.core.grid.domain import RasterDomain
from patchwise.core.rasters import commit as module
from patchwise.core.rasters.commit import CommitGroup, recover
from patchwise.core.rasters.partial import PartialFile, check_target

from ..made_rasters import GRID, UTM, write_array

#: What the commit asks the system to do; after each of these a process may be killed.
STEPS = ("replace", "unlink", "rmdir", "mkdir", "fsync", "open")


def files(folder: Path) -> dict[str, str]:
    """All files that are not hidden, by their way from ``folder``."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    named = {path.relative_to(folder).as_posix(): path.read_text() for path in found}
    return {name: text for name, text in named.items() if not name.startswith(".")}


def old_output(folder: Path, sidecars: tuple[str, ...]) -> None:
    for name in ("a.tif", *(f"a.tif{s}" for s in sidecars)):
        (folder / name).write_text("old")


def new_output(target: Path, sidecars: tuple[str, ...] = (), text: str = "new") -> PartialFile:
    partial = PartialFile(str(target))
    path = Path(partial.create())
    for name in (path.name, *(f"{path.name}{s}" for s in sidecars)):
        (path.parent / name).write_text(text)
    return partial


def expected(text: str, sidecars: tuple[str, ...], name: str = "a.tif") -> dict[str, str]:
    return {one: text for one in (name, *(f"{name}{s}" for s in sidecars))}


SIDECARS = [(), (".aux.xml",), (".aux.xml", ".ovr", ".msk")]
CASES = [(old, new) for old in (None, *SIDECARS) for new in SIDECARS]


class Counter:
    """Counts what is asked of the system, and does ``last`` at the n-th.

    What is written need not reach the disk: processes end here, the machine goes on.
    """

    def __init__(self, monkeypatch, n: int, last) -> None:
        self.count, self.n, self.last = 0, n, last
        for name in STEPS:
            real = (lambda number: None) if name == "fsync" else getattr(os, name)
            monkeypatch.setattr(os, name, self.counted(real))

    def counted(self, real):
        def call(*arguments, **named):
            self.count += 1
            if self.count == self.n:
                self.last()
            return real(*arguments, **named)

        return call


def killed_at_each(folder: Path, prepare, act):
    """Yields the state of a new folder after ``act`` was killed before its first step, its second, and so on."""
    for n in range(1, 1000):
        place = folder / str(n)
        place.mkdir()
        prepare(place)
        child = os.fork()
        if not child:
            with pytest.MonkeyPatch.context() as patch:
                Counter(patch, n, lambda: os._exit(9))
                try:
                    act(place)
                finally:
                    os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        yield place
        if not killed:
            assert n > 5
            return


forks = pytest.mark.skipif(not hasattr(os, "fork") or not hasattr(os, "waitstatus_to_exitcode"), reason="no fork")


@forks
@pytest.mark.slow
@pytest.mark.parametrize(("old", "new"), CASES, ids=str)
def test_killed_at_any_moment_a_raster_has_its_own_sidecars(tmp_path, old, new):
    before = {} if old is None else expected("old", old)
    states = []
    for place in killed_at_each(
        tmp_path,
        lambda place: None if old is None else old_output(place, old),
        lambda place: new_output(place / "a.tif", new).commit(),
    ):
        state = files(place)
        if "a.tif" in state:
            assert state in (before, expected("new", new))
        states.append(state.get("a.tif"))
        # Whoever looks next finds what was there, or what is new, and nothing besides.
        recover(place / "a.tif")
        assert files(place) in (before, expected("new", new)), state
        left = [entry for entry in os.listdir(place) if entry.startswith(".")]
        assert not left or not (place / left[0] / "owner.json").exists()
    assert states[-1] == "new" and (old is None or states[0] == "old")
    if not old and not new:  # nothing beside it: one step, and no moment without the one or the other
        assert None not in states or old is None


@pytest.mark.slow
@forks
def test_killed_while_putting_back(tmp_path):
    """Whoever puts back may be killed too."""
    for number, place in enumerate(
        killed_at_each(
            tmp_path,
            lambda place: old_output(place, (".aux.xml",)),
            lambda place: new_output(place / "a.tif", (".ovr", ".aux.xml")).commit(),
        )
    ):
        if "a.tif" in files(place) or number > 40:
            continue
        for k in range(1, 20):
            child = os.fork()
            if not child:
                with pytest.MonkeyPatch.context() as patch:
                    Counter(patch, k, lambda: os._exit(9))
                    try:
                        recover(place / "a.tif")
                    finally:
                        os._exit(0)
            os.waitpid(child, 0)
            state = files(place)
            if "a.tif" in state:
                assert state == expected("old", (".aux.xml",))
        assert files(place) == expected("old", (".aux.xml",))


@pytest.mark.slow
@forks
def test_killed_between_the_two_names_of_a_folder(tmp_path):
    def prepare(place):
        (place / "chips").mkdir()
        (place / "chips" / "a").write_text("old")

    def act(place):
        with PartialFolder(str(place / "chips")) as folder:
            Path(folder.path, "a").write_text("new")
            folder.commit()

    states = []
    for place in killed_at_each(tmp_path, prepare, act):
        states.append(files(place).get("chips/a"))
        recover(place / "chips")
        assert files(place) in ({"chips/a": "old"}, {"chips/a": "new"})
    assert set(states) == {"old", None, "new"}


@forks
def test_what_a_killed_run_left_is_found_when_the_place_is_checked(tmp_path):
    old_output(tmp_path, (".aux.xml",))
    child = os.fork()
    if not child:
        real = os.replace
        moved = []

        def replace(*names):
            if len(moved) == 2:
                os._exit(9)
            moved.append(names)
            real(*names)

        os.replace = replace
        new_output(tmp_path / "a.tif", (".aux.xml",)).commit()
    os.waitpid(child, 0)
    assert "a.tif" not in os.listdir(tmp_path)
    check_target(str(tmp_path / "a.tif"), [])
    assert sorted(os.listdir(tmp_path)) == ["a.tif", "a.tif.aux.xml"]
    assert files(tmp_path) == expected("old", (".aux.xml",))


def failing_at_each(tmp_path, prepare, act):
    """Runs ``act`` in new folders, its first step failing, then its second, and so on; yields them with the error."""
    for n in range(1, 1000):
        place = tmp_path / str(n)
        place.mkdir()
        prepare(place)

        def fail():
            raise OSError(28, "No space left on device")

        error = None
        with pytest.MonkeyPatch.context() as patch:
            counter = Counter(patch, n, fail)
            try:
                act(place)
            except RasterWriteError as caught:
                error = caught
        yield place, error
        if counter.count < n:
            assert error is None
            return


def three_outputs(place: Path) -> CommitGroup:
    group = CommitGroup()
    try:
        group.add(new_output(place / "a.tif", (".aux.xml",)))
        group.add(new_output(place / "b.tif"))
        group.add(new_output(place / "c.gpkg"))
    except OSError as error:
        group.abandon()
        raise RasterWriteError(str(error)) from error
    return group


def three_old(place: Path) -> None:
    old_output(place, (".ovr",))
    (place / "b.tif").write_text("old")
    (place / "c.gpkg").write_text("old")
    (place / "c.gpkg-wal").write_text("old")


def test_all_outputs_or_none_whatever_fails(tmp_path):
    after = {**expected("new", (".aux.xml",)), "b.tif": "new", "c.gpkg": "new"}
    for prepare in (three_old, lambda place: None):
        (tmp_path / "before").mkdir(exist_ok=True)
        prepare(tmp_path / "before")
        before = files(tmp_path / "before")
        folder = tmp_path / prepare.__name__.strip("<>")
        folder.mkdir()
        failed = 0
        for place, error in failing_at_each(folder, prepare, lambda place: three_outputs(place).commit()):
            failed += error is not None
            assert files(place) == (after if error is None else before), error
            if error is not None:
                assert not [name for name in os.listdir(place) if name.startswith(".") and "json" in str(name)]
        assert failed > 10
        for path in (tmp_path / "before").iterdir():
            path.unlink()


@pytest.mark.slow
@forks
def test_all_outputs_or_something_that_is_not_there(tmp_path):
    after = {**expected("new", (".aux.xml",)), "b.tif": "new", "c.gpkg": "new"}
    (tmp_path / "before").mkdir()
    three_old(tmp_path / "before")
    before = files(tmp_path / "before")
    (tmp_path / "killed").mkdir()
    for place in killed_at_each(tmp_path / "killed", three_old, lambda place: three_outputs(place).commit()):
        state = files(place)
        heads = {name: state.get(name) for name in ("a.tif", "b.tif", "c.gpkg")}
        # Never one of this run beside one of the last.
        assert not {"old", "new"} <= set(heads.values())
        for state_of_all in (before, after):
            if set(heads.values()) == {state_of_all["a.tif"]}:
                assert state == state_of_all


def test_what_cannot_be_put_back_stays_in_its_room(tmp_path, monkeypatch):
    old_output(tmp_path, (".aux.xml",))
    partial, real, calls = new_output(tmp_path / "a.tif", (".aux.xml",)), os.replace, []

    def replace(source, destination):
        calls.append(source)
        if len(calls) > 1:
            raise OSError(5, "Input/output error")
        real(source, destination)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(RasterWriteError, match=r"output .*a\.tif: cannot be replaced: .*Input/output error"):
        partial.commit()
    monkeypatch.undo()
    (room,) = [name for name in os.listdir(tmp_path) if name.startswith(".")]
    assert (tmp_path / room / "old" / "a.tif").read_text() == "old"
    owner = json.loads((tmp_path / room / "owner.json").read_text())
    assert owner["target"] == "a.tif" and owner["pid"] == os.getpid()
    recover(tmp_path / "a.tif")  # of a process that runs nothing is touched
    assert "a.tif" not in os.listdir(tmp_path)
    (tmp_path / room / "owner.json").write_text(json.dumps({**owner, "host": "another"}))
    recover(tmp_path / "a.tif")
    assert "a.tif" not in os.listdir(tmp_path)
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(tmp_path / room, (long_ago, long_ago))
    recover(tmp_path / "a.tif")
    assert files(tmp_path) == expected("old", (".aux.xml",)) and len(os.listdir(tmp_path)) == 2


def test_rooms_of_other_targets_are_left_alone(tmp_path):
    long = "x" * 40
    other = new_output(tmp_path / f"{long}1.tif")
    owner = other.room.path / "owner.json"
    owner.write_text(json.dumps({**json.loads(owner.read_text()), "pid": 2**22 + 1}))
    recover(tmp_path / f"{long}2.tif")
    assert other.room.path.exists()
    recover(tmp_path / f"{long}1.tif")
    assert not other.room.path.exists()


def test_the_journal_names_nothing_outside(tmp_path):
    """A room is somebody's files: what it says must not remove others."""
    (tmp_path / "out").mkdir()
    (tmp_path / "precious.txt").write_text("precious")
    partial = new_output(tmp_path / "out" / "a.tif")
    room = partial.room.path
    (room / "old" / "a.tif").write_text("old")
    (room / "commit.json").write_text(
        json.dumps({"placed": ["../precious.txt", str(tmp_path / "precious.txt")], "there": []})
    )
    module._put_back(room, tmp_path / "out" / "a.tif")
    assert (tmp_path / "precious.txt").read_text() == "precious"


def test_a_check_that_fails_changes_nothing(tmp_path):
    old_output(tmp_path, ())
    done = []

    def check():
        raise ParameterError("input", "a", "has changed")

    group = CommitGroup(check)
    group.add(new_output(tmp_path / "a.tif"))
    group.then(lambda: done.append("then"))
    group.otherwise(lambda: done.append("otherwise"))
    with pytest.raises(ParameterError, match="has changed"):
        group.commit()
    assert os.listdir(tmp_path) == ["a.tif"] and files(tmp_path) == expected("old", ()) and done == ["otherwise"]


def tif(path: Path, group: CommitGroup) -> GeoTiffSink:
    return GeoTiffSink(str(path), RasterDomain((30, 40), GRID, UTM), ValueType(), group=group)


def test_sinks_in_a_group(tmp_path):
    for error in (None, ZeroDivisionError):
        target = tmp_path / str(error)
        target.mkdir()

        def run(target=target, error=error):
            with CommitGroup() as group:
                for name in ("a.tif", "b.tif"):
                    with tif(target / name, group) as sink:
                        sink.start(1, np.dtype("f4"))
                        sink.write(0, 0, np.zeros((1, 30, 40), "f4"))
                    assert name not in os.listdir(target)
                if error is not None:
                    raise error

        if error is None:
            run()
            assert sorted(os.listdir(target)) == ["a.tif", "b.tif"]
        else:
            with pytest.raises(error):
                run()
            assert not os.listdir(target)


def test_a_second_output_that_cannot_be_finished_takes_the_first_with_it(tmp_path, monkeypatch):
    """As a disk that is full does when the second file is closed."""
    with pytest.raises(RasterWriteError, match=r"b\.tif: cannot be written: .*were not written"):
        with CommitGroup() as group, tif(tmp_path / "a.tif", group) as first, tif(tmp_path / "b.tif", group) as second:
            for sink in (first, second):
                sink.start(1, np.dtype("f4"))
                sink.write(0, 0, np.zeros((1, 30, 40), "f4"))
            real = __import__("patchwise.core.rasters.geotiff", fromlist=["x"]).missing_blocks
            monkeypatch.setattr(
                "patchwise.core.rasters.geotiff.missing_blocks",
                lambda path, sparse: 1 if path.endswith("b.tif") else real(path, sparse),
            )
    assert not os.listdir(tmp_path)


def test_a_store_and_a_folder_with_a_file(tmp_path):
    domain = RasterDomain((30, 40), GRID, UTM)
    for _ in range(2):
        with ZarrSink(str(tmp_path / "a.zarr"), domain) as sink:
            sink.start(1, np.dtype("f4"))
            sink.write(0, 0, np.zeros((1, 30, 40), "f4"))
    assert os.listdir(tmp_path) == ["a.zarr"]
    with CommitGroup() as group, PartialFolder(str(tmp_path / "chips")) as folder:
        Path(folder.path, "a").write_text("new")
        group.add(new_output(tmp_path / "b.tif"))
        folder.hand_on(group)
        assert os.listdir(tmp_path / "a.zarr") and "chips" not in os.listdir(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["a.zarr", "b.tif", "chips"]
    check_folder(str(tmp_path / "new"), [])


def test_what_was_written_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    asked, real, replace = [], os.fsync, os.replace

    def fsync(number):
        asked.append(os.path.basename(os.readlink(f"/proc/self/fd/{number}")))
        real(number)

    def replaced(source, destination):
        asked.append("replace")
        replace(source, destination)

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no way to see which file is meant")
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replaced)
    write_array(tmp_path / "out.tif", np.zeros((1, 30, 40), "f4"))
    assert asked == ["out.tif", "replace", tmp_path.name]


@pytest.mark.parametrize("code", [22, 95])
def test_file_systems_that_know_no_fsync(tmp_path, monkeypatch, code):
    def fsync(number):
        raise OSError(code, "not here")

    monkeypatch.setattr(os, "fsync", fsync)
    write_array(tmp_path / "out.tif", np.zeros((1, 30, 40), "f4"))
    assert os.listdir(tmp_path) == ["out.tif"]


def test_whoever_cancels_does_not_wait_for_many_chips_to_be_removed(tmp_path, monkeypatch):
    removed, real, go = [], module.shutil.rmtree, threading.Event()

    def rmtree(path, ignore_errors=False):
        removed.append(threading.current_thread())
        if threading.current_thread() is not threading.main_thread():
            go.wait(60)
        real(path, ignore_errors)

    monkeypatch.setattr(module.shutil, "rmtree", rmtree)
    monkeypatch.setattr(module, "_MANY", 20)
    for count in (3, 30):
        with pytest.raises(ZeroDivisionError), PartialFolder(str(tmp_path / "chips")) as folder:
            for k in range(count):
                Path(folder.path, f"{k}.tif").write_text("x")
            raise ZeroDivisionError
    assert removed[0] is threading.main_thread() is not removed[1]
    recover(tmp_path / "chips")  # it is at work: it is left to it
    go.set()
    removed[1].join(60)
    assert os.listdir(tmp_path) == []
