"""Where results can go: to disks only."""

from __future__ import annotations

import re

from ..base.errors import ParameterError

_NO_DISK = re.compile(r"(/vsi\w+)(/|$)|([A-Za-z][A-Za-z0-9+.-]+)://")


def check_on_disk(path: str, parameter: str) -> None:
    """Refuse GDAL's virtual file systems (``/vsimem/``, ``/vsizip/``, ``/vsis3/`` ...) and addresses.

    A result is written under another name, checked, and then renamed, which can be done on a disk alone.
    """
    found = _NO_DISK.match(str(path).strip().replace("\\", "/"))
    if found is None:
        return
    where = f"{found[1]}/" if found[1] else f"{found[3]}://"
    allowed = f"must be on a disk, and {where} is not: choose a file or folder there and bring the result to its place"
    raise ParameterError(parameter, str(path), allowed)


def check_ending(path: str, endings: tuple[str, ...], parameter: str, what: str) -> None:
    """Refuse a name that does not end in one of ``endings``."""
    if not str(path).lower().endswith(endings):
        raise ParameterError(parameter, str(path), f"must end in {' or '.join(endings)}: the output is {what}")
