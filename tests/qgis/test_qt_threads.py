"""Coordinates are transformed in threads of Qt, as every run of an algorithm in the background does."""

import threading

import numpy as np
import pytest
from patchwise.core import ParameterError
from patchwise.core.grid import crs
from qgis.PyQt.QtCore import QRunnable, QThreadPool

#: CRSs that no other test has asked for, so that nothing of them is kept.
CODES = (32651, 32652, 32653, 32654)


class Work(QRunnable):
    def __init__(self, function, *args):
        super().__init__()
        self.setAutoDelete(False)
        self._call, self.result, self.error, self.thread = (function, args), None, None, None

    def run(self):
        self.thread = threading.get_ident()
        function, args = self._call
        try:
            self.result = function(*args)
        except ParameterError as error:
            self.error = error


@pytest.fixture()
def pool(qgis_app):
    """One thread, which leaves Python between one piece of work and the next."""
    pool = QThreadPool()
    pool.setMaxThreadCount(1)
    pool.setExpiryTimeout(-1)
    yield pool
    pool.waitForDone()


def done(pool, *works):
    for work in works:
        pool.start(work)
    assert pool.waitForDone(60_000)
    return works


def test_again_and_again_in_the_same_thread(pool):
    works = done(pool, *(Work(crs.lonlat_of, [500_000.0, 600_000.0], [4.4e6, 4.5e6], code) for code in CODES))
    assert len({work.thread for work in works}) == 1 and works[0].thread != threading.get_ident()
    for code, work in zip(CODES, works):
        np.testing.assert_array_equal(work.result, crs.lonlat_of([500_000.0, 600_000.0], [4.4e6, 4.5e6], code))
        assert work.result[0][0] == pytest.approx(6 * (code - 32600) - 183)


def test_proj_works_in_a_thread_of_python(pool, monkeypatch):
    threads, made = [], crs._crs

    def noted(text):
        threads.append(threading.current_thread())
        return made(text)

    monkeypatch.setattr(crs, "_crs", noted)
    done(pool, Work(crs.transform_points, [0.0], [0.0], 32655, 32656))
    assert threads and {type(thread) for thread in threads} == {threading.Thread}
    threads.clear()
    crs.transform_points([0.0], [0.0], 32657, 32658)
    assert set(threads) == {threading.main_thread()}, "who draws does not wait for who computes"


def test_what_is_refused_is_said_where_it_was_asked_for(pool):
    (work,) = done(pool, Work(crs.lonlat_of, [0.0], [0.0], 99999))
    assert "crs is 'EPSG:99999': is not understood by PROJ" in str(work.error)
