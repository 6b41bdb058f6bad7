"""The one error tree of Patchwise.

Every error that a user can cause or meet derives from :class:`PatchwiseError`, and its text names the parameter, the
value that was given and what is allowed. The Processing layer translates the tree to ``QgsProcessingException`` once.
Texts of errors contain no secrets: they are removed when the error is made.
"""

from __future__ import annotations

from typing import Any

from .secrets import cleaned, without_secrets

_MOST_NAMED = 10


def _shown(value: Any) -> str:
    """The value as errors show it, of at most 400 characters; secrets are removed before it is cut."""
    text = repr(cleaned(value))
    text = without_secrets(text if len(text) <= 30_000 else text[:10_000] + text[-20_000:])
    return text if len(text) <= 400 else f"{text[:200]} ... {text[-100:]}"


def _told(value: Any) -> str:
    """As :func:`_shown`; its type where it has no text, such as a number of a million digits."""
    try:
        return _shown(value)
    except (ValueError, RecursionError, MemoryError):
        return f"a value of type {type(value).__name__}"


class PatchwiseError(Exception):
    """Base of all errors that Patchwise raises on purpose. Its text has no secrets, see ``secrets.py``."""

    def __init__(self, *said: Any) -> None:
        super().__init__(*(without_secrets(part) if isinstance(part, str) else part for part in said))


class ParameterError(PatchwiseError, ValueError):
    """A parameter has a value that is not allowed.

    ``parameter`` and ``value`` are kept as attributes, so that an interface can point at the widget concerned.
    """

    def __init__(self, parameter: str, value: Any, allowed: str) -> None:
        self.parameter = parameter
        self.value = value
        self.allowed = without_secrets(allowed)
        super().__init__(f"{parameter} is {_told(value)}: {allowed}")


class ExpressionError(ParameterError):
    """A band expression cannot be used. ``column`` and ``line`` count from 1; 0 where the error has no single place.

    ``reason`` is what is allowed, without the place.
    """

    def __init__(self, text: str, column: int, allowed: str, parameter: str = "expression", line: int = 0) -> None:
        self.column, self.line, self.reason = column, line, allowed
        places = [f"{what} {number}" for what, number in (("line", line), ("column", column)) if number]
        where = f" ({', '.join(places)})" if places else ""
        super().__init__(parameter, text, f"{allowed}{where}")


class PlanError(ParameterError):
    """Geometry, sampler and raster do not fit together: no chip, or a remainder where none is allowed."""


class RasterReadError(PatchwiseError, OSError):
    """A raster cannot be opened, or a part of it cannot be read."""


class RasterWriteError(PatchwiseError, OSError):
    """The output cannot be created or written; nothing is left at the target."""


class SourceChangedError(PatchwiseError, OSError):
    """A file was changed while it was read; the result is discarded, and nothing is left at the target."""

    def __init__(self, path: str, what: str) -> None:
        self.path = path
        super().__init__(f"{path} was changed during the run ({what}): no output was written; run it again")


class StacError(PatchwiseError, OSError):
    """A STAC API cannot be reached, its answer cannot be used, or it has nothing that matches the search."""


class OperatorError(PatchwiseError):
    """The operator raised, or returned something that cannot be stitched.

    ``anchor`` is ``(row, col)`` of the chip, or the index of the anchor of a patch of points.
    """

    def __init__(self, operator: str, anchor: tuple[int, int] | int, reason: str) -> None:
        self.anchor = anchor
        if isinstance(anchor, int):
            where = f"patch at index {anchor}"
        else:
            where = f"chip at row {anchor[0]}, column {anchor[1]}"
        super().__init__(f"operator {operator} failed on the {where}: {reason}")


class UntrustedError(PatchwiseError):
    """A document names what the user has not confirmed: a file that would be run, or a host that would be asked.

    ``named`` are these files and hosts, as ``trust.py`` describes them.
    """

    def __init__(self, named: tuple[Any, ...]) -> None:
        self.named = named
        shown = named[:_MOST_NAMED]
        what = "; ".join(
            [str(each) for each in shown] + [f"and {len(named) - len(shown)} more"] * (len(named) > len(shown))
        )
        entries = ",".join(dict.fromkeys(each.entry for each in shown if each.entry))
        super().__init__(
            f"This names what has not been confirmed: {what}. If you trust it, run again with TRUST={entries}"
        )


class UserCodeError(PatchwiseError):
    """A user's own Python file raised an exception; the text names file, line and exception."""


class Cancelled(PatchwiseError):
    """The caller's ``cancelled`` returned True; no incomplete output is left behind."""

    def __init__(self) -> None:
        super().__init__("cancelled: no output was written")


class MissingPackageError(PatchwiseError, ImportError):
    """An optional package is not installed in the Python that runs this."""

    def __init__(self, package: str, purpose: str) -> None:
        self.package = package
        super().__init__(
            f"the Python package '{package}' is needed {purpose} and is not installed: install it into the Python "
            f"that QGIS uses (python3 -m pip install {package}, or your distribution's python3-{package})"
        )
