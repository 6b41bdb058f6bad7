"""Files of scenes, made when they are first asked for."""

from __future__ import annotations

import threading
from pathlib import Path

from .items import files
from .scenes import Scene


class Store:
    """A folder of COGs. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[Scene, str, int, threading.Lock]] = {}

    def add(self, scenes: tuple[Scene, ...]) -> None:
        """Add the files of these scenes."""
        for scene in scenes:
            for place, (band, gsd) in files(scene).items():
                self._known[place] = scene, band, gsd, threading.Lock()

    def file(self, place: str) -> Path | None:
        """The file of a path below the store, which is there when this returns; None: there is none of that path."""
        if place not in self._known:
            return None
        scene, band, gsd, lock = self._known[place]
        target = self._folder / place
        with lock:
            if not target.exists():
                # Planetary Computer's files do not say that 0 is nodata.
                scene.write(band, target, gsd=gsd, nodata=None if scene.style == "pc" else 0)
        return target
