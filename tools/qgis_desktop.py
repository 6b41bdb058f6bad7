"""Runs a script in a QGIS desktop on a virtual display. Needs ``qgis`` and ``xvfb-run``."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run_in_qgis(script, seconds, screen, language="en", **variables):
    """The exit code of a QGIS with an empty profile that runs a script at its start; 1 if it takes longer.

    ``screen`` is ``(width, height)`` in pixels; ``variables`` are added to the environment.
    """
    profile = tempfile.mkdtemp(prefix="patchwise-pictures-")
    environment = {key: value for key, value in os.environ.items() if key not in ("QT_QPA_PLATFORM", "PYTHONPATH")}
    environment.update({"QGIS_PLUGINPATH": str(ROOT / "build" / "plugins"), "LC_ALL": "C.UTF-8", **variables})
    command = ["xvfb-run", "-a", "-s", f"-screen 0 {screen[0]}x{screen[1]}x24", "qgis", "--nologo", "--noversioncheck"]
    command += ["--profiles-path", profile, "--lang", language, "--code", str(script)]
    # A session of its own, so that what xvfb-run has started can be ended with it.
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return 1
    finally:
        shutil.rmtree(profile, ignore_errors=True)
