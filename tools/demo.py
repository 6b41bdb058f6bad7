"""The demonstration behind `make demo`: NDVI of a generated scene, by qgis_process, and a picture of both.

Makes `build/demo/tahoe.tif` if it is not there, `build/demo/ndvi.tif` and `build/demo/demo.png`, and prints what the
run took. numpy and matplotlib are imported only after the run: a child's peak memory is never reported below what its
parent held when starting it.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEMO = Path("build") / "demo"  # relative to ROOT, where everything here runs
SCENE, NDVI, PICTURE = DEMO / "tahoe.tif", DEMO / "ndvi.tif", DEMO / "demo.png"
PARAMETERS = {
    "INPUT": SCENE,
    "EXPRESSION": "(b4-b3)/(b4+b3)",
    "CHIP_SIZE": 256,
    "STRIDE": 128,
    "WINDOW": "hann",
    "OUTPUT": NDVI,
}
SHRINK = 3  # screen pixels are larger than the scene's


def make_scene():
    """Make the scene in a process of its own, so that its memory is not counted."""
    if SCENE.exists():
        return
    print("making the scene ...", flush=True)
    subprocess.run([sys.executable, "tools/demo_scene.py"], check=True)


def run_algorithm(algorithm, parameters):
    """Run it by qgis_process; its results, the seconds and the peak memory in MB of the whole process."""
    command = ["tools/qgis_process", "--json", "run", algorithm, "--"]
    command += [f"{name}={value}" for name, value in parameters.items()]
    print("running", " ".join(command), flush=True)
    start = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        answer = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    if process.returncode:
        sys.exit(f"demo: qgis_process failed with exit code {process.returncode}")
    return json.loads(answer)["results"], seconds, usage.ru_maxrss / 1024


def read_small(path):
    """The raster's bands as a masked float array (band, row, col), averaged to 1/SHRINK of the size."""
    import rasterio
    from rasterio.enums import Resampling

    with rasterio.open(path) as source:
        shape = (source.count, source.height // SHRINK, source.width // SHRINK)
        return source.read(out_shape=shape, masked=True, resampling=Resampling.average).astype("float32")


def true_colour(bands):
    """RGBA in 0..1 of the bands B02 B03 B04: stretched from the 1st to the 98th percentile, clear where nodata."""
    import numpy as np

    rgb = bands[[2, 1, 0]]
    valid = ~np.ma.getmaskarray(rgb).any(axis=0)
    low, high = np.percentile(rgb.data[:, valid], [1, 98])
    stretched = np.clip((rgb.data - low) / (high - low), 0, 1) ** 0.65  # brightened, as the eye expects it
    return np.dstack([*stretched, valid])


def hatch(axes):
    """Hatch the background of the axes; it shows wherever the picture has no data."""
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (0, 0),
            1,
            1,
            transform=axes.transAxes,
            zorder=0,
            hatch="////",
            facecolor="white",
            edgecolor="0.75",
            linewidth=0,
        )
    )
    axes.set_xticks([])
    axes.set_yticks([])


def draw(scene, ndvi, picture, what, title):
    """Write the picture: the scene, which is ``what``, on the left, its NDVI on the right."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 11.2), layout="constrained")
    hatch(left)
    left.imshow(true_colour(read_small(scene)), zorder=1)
    left.set_title(f"Input: B04, B03, B02 ({what})")
    hatch(right)
    image = right.imshow(read_small(ndvi)[0], cmap="RdYlGn", vmin=-1, vmax=1, interpolation="nearest", zorder=1)
    right.set_title("Result: NDVI")
    figure.colorbar(image, ax=right, shrink=0.5, label="NDVI")
    figure.suptitle(title)
    figure.supxlabel("hatched: no data", fontsize="small", color="0.4")
    figure.savefig(picture, dpi=100)


def main():
    """Scene, run, picture, figures."""
    os.chdir(ROOT)
    make_scene()
    results, seconds, memory = run_algorithm("patchwise:slidingwindow", PARAMETERS)
    size, stride, window = (PARAMETERS[name] for name in ("CHIP_SIZE", "STRIDE", "WINDOW"))
    title = f"patchwise:slidingwindow, {results['CHIPS']} chips of {size} px, stride {stride} px, {window} window"
    draw(SCENE, NDVI, PICTURE, "generated scene", title)
    print(f"chips        {results['CHIPS']}")
    print(f"seconds      {seconds:.1f} (with the start of QGIS)")
    print(f"peak memory  {memory:.0f} MB (the whole qgis_process)")
    print(f"result       {NDVI}")
    print(f"picture      {PICTURE}")


if __name__ == "__main__":
    main()
