"""What a run takes, in words."""

from qgis.PyQt.QtCore import QLocale

from ...core.base.errors import PatchwiseError
from ...core.preview.estimate import estimate
from ..texts import tr
from ..theme import count


def summary(job, seconds_per_chip=None):
    """One line on chips, cover, pixels, memory and time of a job; "" where they cannot be estimated."""
    try:
        found = estimate(job.raster, job.patcher, job.operator, job.window, seconds_per_chip, job.workers)
    except (PatchwiseError, NotImplementedError):
        return ""
    parts = [
        tr("one chip") if found.chips == 1 else tr("{count} chips").format(count=count(found.chips)),
        covered(found.covered_share),
        tr("{pixels} pixels to read").format(pixels=short(found.pixels)),
        tr("{size} of memory").format(size=size(found.memory)),
        duration(found.seconds) + (tr(" (measured)") if found.measured else ""),
    ]
    text = ", ".join(parts) + "."
    return text[:1].upper() + text[1:]


def polygons_in_words(layer):
    """How many chips the polygons of a layer are; "" without a layer."""
    if layer is None or layer.featureCount() < 0:
        return ""
    return tr("{count} polygons, each of them one chip.").format(count=count(layer.featureCount()))


def short(value):
    """A count in thousands, millions or billions, to three digits."""
    for limit, text in ((1e9, tr("{number} billion")), (1e6, tr("{number} million")), (1e4, tr("{number} thousand"))):
        if value >= limit:
            scale = 1e3 if limit == 1e4 else limit
            return text.format(number=QLocale().toString(value / scale, "g", 3))
    return count(value)


def size(value):
    """Bytes as MB or GB."""
    if value >= 1e9:
        return tr("{number} GB").format(number=QLocale().toString(value / 1e9, "f", 1))
    return tr("{number} MB").format(number=count(max(1, round(value / 1e6))))


def covered(share):
    """How much of the extent lies in a chip."""
    if share >= 1:
        return tr("everything covered")
    percent = min(99.9, max(0.1, 100 * share))
    return tr("{percent} % covered").format(percent=QLocale().toString(percent, "f", 1))


def duration(seconds):
    """A duration in rounded words."""
    if seconds < 1:
        return tr("less than a second")
    if seconds < 100:
        return tr("about {seconds} s").format(seconds=count(round(seconds)))
    if seconds < 6000:
        return tr("about {minutes} min").format(minutes=count(round(seconds / 60)))
    return tr("about {hours} h").format(hours=QLocale().toString(seconds / 3600, "f", 1))
