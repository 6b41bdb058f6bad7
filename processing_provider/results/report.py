"""The closing report of a run."""

import os
import sys

from ...core.base.secrets import without_secrets

MOST_NAMED = 100


def peak_memory():
    """Peak resident memory of this process in bytes; None where it is not known."""
    if sys.platform == "win32":
        return _peak_on_windows()
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _peak_on_windows():
    import ctypes
    from ctypes import wintypes

    sizes = ("PeakWorkingSetSize", "WorkingSetSize", "QuotaPeakPagedPoolUsage", "QuotaPagedPoolUsage")
    sizes += ("QuotaPeakNonPagedPoolUsage", "QuotaNonPagedPoolUsage", "PagefileUsage", "PeakPagefileUsage")

    class Counters(ctypes.Structure):
        _fields_ = [("cb", wintypes.DWORD), ("PageFaultCount", wintypes.DWORD)]
        _fields_ += [(name, ctypes.c_size_t) for name in sizes]

    counters = Counters()
    counters.cb = ctypes.sizeof(counters)
    process = wintypes.HANDLE(-1)  # the pseudo handle of the current process
    found = ctypes.windll.psapi.GetProcessMemoryInfo(process, ctypes.byref(counters), counters.cb)
    return counters.PeakWorkingSetSize if found else None


def memory_of_machine():
    """Bytes of memory that the machine has; None where it is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def tell(feedback, notes, warnings=()):
    """Write notes and warnings to the log before a run, without the secrets that they may quote."""
    for note in notes:
        feedback.pushInfo(without_secrets(note))
    for warning in warnings:
        feedback.pushWarning(without_secrets(warning))


def warn_of_each(tr, feedback, sentences):
    """Write a warning to the log for each of the first ``MOST_NAMED`` sentences, and how many there are besides."""
    for sentence in sentences[:MOST_NAMED]:
        feedback.pushWarning(sentence)
    if len(sentences) > MOST_NAMED:
        feedback.pushWarning(tr("and {count} more").format(count=f"{len(sentences) - MOST_NAMED:,}"))


def say(tr, feedback, report, losses, empty=None, chips=True):
    """Write to the log what a run did: chips, pixels without data, seconds, MB/s, peak memory; ``losses`` as warnings.

    ``empty`` is the warning for a result without any value, where it is another than usual. ``chips``: with their
    number, which means nothing where the user has not chosen them.
    """
    if report.pixels_without_data == report.pixels:
        usual = tr("No pixel of the result has a value: look at the input's nodata value and at the operator.")
        losses = [empty or usual, *losses]
    for line in sentences(tr, report)[0 if chips else 1 :]:
        feedback.pushInfo(line)
    for loss in losses:
        feedback.pushWarning(loss)


def sentences(tr, report):
    """The lines of the report, the one with the number of chips first."""
    chips = tr("{chips} chips").format(chips=f"{report.chips:,}")
    if report.once:
        chips += tr(" (the operator looks at single pixels: each was computed once, which gives the same result)")
    share = 100 * report.pixels_without_data / report.pixels
    without = tr("{count} of {all} pixels without data ({share} %)")
    speed = tr("{seconds} s, {speed} MB/s read")
    lines = [
        chips,
        without.format(count=f"{report.pixels_without_data:,}", all=f"{report.pixels:,}", share=f"{share:.1f}"),
        speed.format(seconds=f"{report.seconds:.1f}", speed=f"{report.mb_per_second:.0f}"),
    ]
    peak = peak_memory()
    if peak is not None:
        lines.append(tr("peak memory of the process: {peak} MB").format(peak=f"{peak / 1e6:.0f}"))
    return lines
