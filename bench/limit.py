"""The two halves of the plain loop alone: decode the input, or encode and write the output.

Usage: ``python -m patchwise.bench.limit read INPUT`` or ``... limit write INPUT OUTPUT COMPRESS``. Prints wall and
processor seconds of that half; the start of Python and, for writing, the making of the values are not in them.
"""

import sys
import time

import rasterio

from .plain_loop import ndvi_of, output_profile, windows


def read(source: str) -> None:
    """Read every pixel once and drop it."""
    with rasterio.open(source) as src:
        for window in windows(src):
            src.read(window=window)


def write(source: str, target: str, compress: str) -> None:
    """Write values that are all in memory before the clock starts."""
    with rasterio.open(source) as src:
        strips = [(window, ndvi_of(src.read(window=window))) for window in windows(src)]
        profile = output_profile(src, compress)
    clock = _Clock()
    with rasterio.open(target, "w", **profile) as dst:
        for window, values in strips:
            dst.write(values, 1, window=window)
    clock.say()


class _Clock:
    """A clock of wall and processor time since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def say(self) -> None:
        print(f"{time.perf_counter() - self._wall:.3f} {time.process_time() - self._cpu:.3f}")


if __name__ == "__main__":
    if sys.argv[1] == "read":
        clock = _Clock()
        read(sys.argv[2])
        clock.say()
    else:
        write(*sys.argv[2:])
