"""Progress and cancelling of work that has several steps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import Any, Callable, TypeVar

from .errors import Cancelled

_POLL = 0.1  # seconds between two questions whether work that is waited for is still wanted
_T = TypeVar("_T")


class _Asked(threading.local):
    """What this thread calls to learn whether to go on."""

    check: Callable[[], None] | None = None


_ASKED = _Asked()


@contextmanager
def interrupted_by(check: Callable[[], None]) -> Iterator[None]:
    """Within it, :func:`may_go_on` in this thread calls ``check``, which raises where the work is no longer wanted."""
    before, _ASKED.check = _ASKED.check, check
    try:
        yield
    finally:
        _ASKED.check = before


def may_go_on() -> None:
    """Raise where this thread's work is no longer wanted; called between long steps by code that has no ``watch``."""
    check = _ASKED.check
    if check is not None:
        check()


def wait_until(done: Callable[[float], bool], ask: Callable[[], None]) -> None:
    """Return when ``done(seconds)``, which waits so long at the most, is True; ``ask`` is called in between.

    What ``ask`` raises ends the waiting.
    """
    while not done(_POLL):
        ask()


def result_of(future: Future[_T], ask: Callable[[], None]) -> _T:
    """What ``future`` gives or raises; ``ask`` is called while it is waited for, and may end the waiting by raising."""
    wait_until(lambda most: bool(wait([future], most).done), ask)
    return future.result()


class Watch:
    """Called with the share of the work that is done, 0 to 1: passes on larger shares, and ends cancelled work.

    ``progress`` and ``cancelled`` are the caller's callables, or None. Raises :class:`Cancelled`.
    """

    def __init__(self, progress: Callable[[float], None] | None, cancelled: Callable[[], bool] | None) -> None:
        self._progress, self._cancelled, self._last = progress, cancelled, 0.0

    @property
    def share(self) -> float:
        """The largest share so far."""
        return self._last

    def __call__(self, share: float) -> None:
        """Report the share that is done; raises :class:`Cancelled`."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled
        if share > self._last:
            self._last = share
            if self._progress is not None:
                self._progress(share)

    def ask(self) -> None:
        """Raise :class:`Cancelled` where the work is no longer wanted."""
        self(0.0)

    def part(self, start: float, stop: float) -> Callable[[float], None]:
        """A callable for a step of the work, which maps its share 0 to 1 to ``start`` to ``stop``."""
        return lambda share: self(start + (stop - start) * share)


def aside(work: Callable[[Callable[[float], None]], Any], watch: Callable[[float], None] | None) -> Any:
    """What ``work`` gives, done in a thread of its own where there is a ``watch``, which is called with 0 meanwhile.

    For single steps that take long and do not ask themselves, such as sorting. Where ``watch`` raises, the work is not
    waited for; the callable that it was given then raises :class:`Cancelled`.
    """
    if watch is None:
        return work(_go_on)
    results: list[Any] = []
    errors: list[BaseException] = []
    done, left = threading.Event(), threading.Event()

    def asked(share: float) -> None:
        if left.is_set():
            raise Cancelled

    def run() -> None:
        try:
            results.append(work(asked))
        except BaseException as error:  # raised where it is waited for
            errors.append(error)
        finally:
            done.set()

    threading.Thread(target=run, name="patchwise-aside", daemon=True).start()
    try:
        watch(0.0)
        wait_until(done.wait, lambda: watch(0.0))
    except BaseException:
        left.set()
        raise
    if errors:
        raise errors[0]
    return results[0]


def interruptible(action: Callable[[], _T], cancelled: Callable[[], bool] | None) -> _T:
    """What ``action`` returns, or :class:`Cancelled` a moment after ``cancelled`` says so.

    For what cannot be stopped, such as waiting for a server: it is left alone then, and ends with its time-out.
    """
    result: _T = aside(lambda _: action(), None if cancelled is None else Watch(None, cancelled))
    return result


def _go_on(share: float) -> None:
    """The work is always wanted."""
