"""Progress and cancelling of work that has several steps."""

from __future__ import annotations

from typing import Callable

from .errors import Cancelled


class Watch:
    """Called with the share of the work that is done, 0 to 1: passes it on while it grows, and ends cancelled work.

    ``progress`` and ``cancelled`` are the caller's callables, or None. Raises :class:`Cancelled`.
    """

    def __init__(self, progress: Callable[[float], None] | None, cancelled: Callable[[], bool] | None) -> None:
        self._progress, self._cancelled, self._last = progress, cancelled, 0.0

    @property
    def share(self) -> float:
        """The largest share that was told."""
        return self._last

    def __call__(self, share: float) -> None:
        """So much is done."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled
        if share > self._last:
            self._last = share
            if self._progress is not None:
                self._progress(share)

    def part(self, start: float, stop: float) -> Callable[[float], None]:
        """For a step of the work, from one share of all to another."""
        return lambda share: self(start + (stop - start) * share)
