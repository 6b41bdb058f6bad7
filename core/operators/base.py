"""Operators: callables from a chip to a chip, and pipelines of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..base.categories import Category
from ..base.configurable import Configurable, build, part
from ..base.errors import ParameterError
from ..grid.geotensor import GeoTensor


class Operator(Configurable):
    """Base of the operators: a callable from a chip to a chip, with traits that the loop reads beforehand.

    Called with a read-only chip ``(bands, h, w)`` (or ``(h, w)``) with NaN where unknown. It returns an array
    ``(h * scale, w * scale)``, or ``(k, h * scale, w * scale)``; NaN in it means unknown.

    Laws: ``batch(chips)`` equals ``[operator(chip) for chip in chips]``; ``rebased()(chip[used or (0,)])`` equals
    ``operator(chip)``; ``fitted(size)`` gives the same values as the operator itself on chips of ``size``. Only
    what is declared here is read of an operator; other callables are wrapped by :func:`as_operator`.
    """

    #: Its name in messages.
    name: str = ""
    #: Number of bands of the output; None where it is known only after a run.
    output_bands: int | None = None
    #: A name for each band of the output, "" where a band has none; empty where names are not known.
    output_names: tuple[str, ...] = ()
    #: For each output band, the position of the chip's band that it equals; None for a computed one. Empty where it
    #: is not known. Law: ``operator(chip)[k]`` equals ``chip[passes[k]]``, NaN included.
    passes: tuple[int | None, ...] = ()
    #: Whether each output pixel depends on the same pixel of the chip only.
    pointwise: bool = False
    #: Whether it is called with a GeoTensor, with transform and CRS, rather than a plain array.
    georeferenced: bool = False
    #: Whether the output is labels, which are stitched by a vote: a value between two labels has no meaning.
    labels: bool = False
    #: Names and colours of the labels.
    categories: tuple[Category, ...] = ()
    #: Rows and columns of the output for each row and column of the chip.
    scale: int = 1
    #: Chips that are computed at once by :meth:`batch`; None where chips are taken one at a time.
    batch_size: int | None = None
    #: ``(height, width)`` in pixels of the chips that it takes, or smaller ones at the raster's edge; None for any.
    chip_size: tuple[int, int] | None = None
    #: Positions from 0 of the bands that it reads, in ascending order; None: all, or not known.
    used: tuple[int, ...] | None = None
    #: Whether it applies the source's scale and offset itself, and so is called with values as they are stored.
    applies_scale: bool = False
    #: Paths of the files that it reads, such as a model.
    files: tuple[str, ...] = ()

    def __call__(self, chip: Any) -> Any:
        """Run on one chip."""
        raise TypeError(f"{type(self).__name__} does not say what it does with a chip")

    def batch(self, chips: Sequence[Any]) -> list[Any]:
        """Run on several chips of one shape."""
        return [self(chip) for chip in chips]

    def fitted(self, chip_size: tuple[int, int] | None) -> Operator:
        """The operator for chips of ``(height, width)`` pixels; None where their sizes differ."""
        return self

    def rebased(self) -> Operator:
        """The operator for chips that hold the bands ``used`` only, or the first band if it uses none."""
        return self

    def load(self) -> Operator:
        """Prepare for the first chip, and return the operator itself; a run calls it once, planning does not call it.

        A user's own code is only run from here on; its errors are raised as :class:`ParameterError`.
        """
        return self

    def interrupt(self) -> None:
        """A run is cancelled: chips that are under way, on other threads, may end early by raising ``Cancelled``."""

    def describe(self) -> str:
        """One line for the log; "" where there is nothing to say."""
        return ""

    def warning_for(self, values: np.ndarray) -> str:
        """A warning where ``values`` ``(bands, h, w)`` of the source are implausible for the operator; else ""."""
        return ""

    def stream_stages(self, given: Any, stages: Sequence[Operator]) -> tuple[Any, Sequence[Operator]]:
        """Run the first ``stages``, which begin with this one, together where that is more efficient.

        Returns their result, and the stages that are left; ``given`` and all stages where it is not.
        """
        return given, stages

    def __or__(self, other: Callable[[Any], Any]) -> Sequential:
        """``a | b``: first ``a``, then ``b``."""
        return Sequential([self, other])


class Lambda(Operator):
    """Any Python callable as an operator."""

    def __init__(self, fn: Callable[[Any], Any], name: str = "lambda") -> None:
        if not callable(fn):
            raise ParameterError("fn", fn, "must be callable with a chip")
        self.fn, self.name = fn, name

    def __call__(self, chip: Any) -> Any:
        """Call the callable."""
        return self.fn(chip)

    def get_config(self) -> dict[str, Any]:
        """Refused: a Python callable cannot be written down."""
        raise ParameterError("operator", self.name, "a Python callable cannot be serialised; use an Expression")


class Identity(Operator):
    """Gives the chip as it is."""

    name = "identity"
    pointwise = True

    def __call__(self, chip: Any) -> Any:
        """The chip."""
        return chip


def as_operator(thing: Callable[[Any], Any]) -> Operator:
    """An operator itself; any other callable as a :class:`Lambda` of its name, with default traits."""
    if isinstance(thing, Operator):
        return thing
    return Lambda(thing, getattr(thing, "__name__", "") or type(thing).__name__)


class Sequential(Operator):
    """Operators one after the other; also the stages of ``patch_ops`` over a field.

    All traits follow from the parts: ``used`` is that of the first, the output is that of the last, ``scale`` is the
    product. A ``georeferenced`` part gets a GeoTensor at any position.

    Over a raster field, ``[GridSampler, ApplyToChips ..., Stitch]`` at the front is run as one stream: the chips are
    never all in memory. The result is the same in shape, type and bits as running the stages by hand.
    """

    def __init__(self, operators: Sequence[Callable[[Any], Any]]) -> None:
        if not operators or not all(callable(operator) for operator in operators):
            raise ParameterError("operators", operators, "must be a list of at least one operator")
        flat: list[Operator] = []
        for operator in map(as_operator, operators):
            flat.extend(operator.operators if type(operator) is Sequential else [operator])
        self.operators: tuple[Operator, ...] = tuple(flat)
        first, last = flat[0], flat[-1]
        self.name = " | ".join(operator_name(operator) for operator in flat)
        self.pointwise = all(operator.pointwise for operator in flat)
        self.georeferenced = any(operator.georeferenced for operator in flat)
        self.output_bands, self.output_names = last.output_bands, last.output_names
        self.labels, self.categories = last.labels, last.categories
        self.scale = math.prod(operator.scale for operator in flat)
        sizes = [operator.batch_size for operator in flat if operator.batch_size is not None]
        self.batch_size = max(sizes, default=None) if not self.georeferenced else None
        self.chip_size = self._chip_size()
        self.used, self.applies_scale = first.used, first.applies_scale
        self.files = tuple(path for operator in flat for path in operator.files)
        self.passes = _through(flat)

    def _chip_size(self) -> tuple[int, int] | None:
        """The chip size that the parts demand, in the chip's pixels; refused where demands contradict each other."""
        found, scale = None, 1
        for operator in self.operators:
            if operator.chip_size is not None:
                height, width = operator.chip_size
                wanted = (height // scale, width // scale)
                if height % scale or width % scale or found not in (None, wanted):
                    allowed = f"takes chips of {height} x {width} pixels only, and those before it give others"
                    raise ParameterError("operators", operator.name, allowed)
                found = wanted
            scale *= operator.scale
        return found

    def __call__(self, chip: Any) -> Any:
        """Run all, each on the result of the one before."""
        given, rest = self.operators[0].stream_stages(chip, self.operators)
        return self._run(given, rest)

    def _run(self, chip: Any, operators: Sequence[Operator]) -> Any:
        place, scale = chip if isinstance(chip, GeoTensor) else None, 1
        for operator in operators:
            if operator.georeferenced and place is not None and not isinstance(chip, GeoTensor):
                chip = _placed(chip, place, scale)
            chip = operator(chip)
            scale *= operator.scale
        return chip

    def batch(self, chips: Sequence[Any]) -> list[Any]:
        """Several chips, as plain arrays: parts that can take several at once do."""
        for operator in self.operators:
            chips = operator.batch(chips)
        return list(chips)

    def fitted(self, chip_size: tuple[int, int] | None) -> Sequential:
        """The same parts, each for the chips that reach it."""
        fitted, scale = [], 1
        for operator in self.operators:
            size = None if chip_size is None else (chip_size[0] * scale, chip_size[1] * scale)
            fitted.append(operator.fitted(size))
            scale *= fitted[-1].scale
        return Sequential(fitted)

    def rebased(self) -> Sequential:
        """The first part rebased; the others are unchanged."""
        return Sequential([self.operators[0].rebased(), *self.operators[1:]])

    def load(self) -> Sequential:
        """Load all parts."""
        for operator in self.operators:
            operator.load()
        return self

    def interrupt(self) -> None:
        """Interrupt all parts."""
        for operator in self.operators:
            operator.interrupt()

    def describe(self) -> str:
        """The parts' descriptions, joined."""
        return "; ".join(filter(None, (operator.describe() for operator in self.operators)))

    def warning_for(self, values: np.ndarray) -> str:
        """The warning of the first part."""
        return self.operators[0].warning_for(values)

    def get_config(self) -> dict[str, Any]:
        """The parts' configurations in order."""
        return {"operators": [part(operator) for operator in self.operators]}


class Fanout(Operator):
    """Named branches that all see the same chip; their bands are stacked in the order of the branches.

    All branches have the same ``scale``. A band has the name of its branch, followed by its own name where the branch
    gives several.
    """

    def __init__(self, branches: Mapping[str, Callable[[Any], Any]]) -> None:
        if not branches or not all(callable(branch) for branch in branches.values()):
            raise ParameterError("branches", branches, "must name at least one operator each")
        self.branches: dict[str, Operator] = {name: as_operator(branch) for name, branch in branches.items()}
        parts = list(self.branches.values())
        self.name = "Fanout(" + ", ".join(self.branches) + ")"
        self.pointwise = all(branch.pointwise for branch in parts)
        self.georeferenced = any(branch.georeferenced for branch in parts)
        self.labels = all(branch.labels for branch in parts)
        self.categories = parts[0].categories if len(parts) == 1 else ()
        self.applies_scale = all(branch.applies_scale for branch in parts)
        self.scale = self._common("scale", {branch.scale for branch in parts})
        self.chip_size = self._common("chip size", {branch.chip_size for branch in parts} - {None})
        sizes = [branch.batch_size for branch in parts if branch.batch_size is not None]
        self.batch_size = max(sizes, default=None) if not self.georeferenced else None
        used = [branch.used for branch in parts]
        self.used = None if None in used else tuple(sorted({band for bands in used for band in bands or ()}))
        self._picks: dict[str, list[int]] | None = None
        counts = [branch.output_bands for branch in parts]
        self.output_bands = None if None in counts else sum(c for c in counts if c)
        named = [_named(name, branch) for name, branch in self.branches.items()]
        self.output_names = tuple(name for names in named for name in names) if all(named) else ()
        passed = [branch.passes for branch in parts]
        self.passes = tuple(p for passes in passed for p in passes) if all(passed) else ()
        self.files = tuple(path for branch in parts for path in branch.files)

    def _common(self, what: str, values: set[Any]) -> Any:
        if len(values) > 1:
            said = ", ".join(map(str, sorted(values)))
            raise ParameterError("branches", list(self.branches), f"must have one {what}, and have {said}")
        return next(iter(values), None)

    def __call__(self, chip: Any) -> np.ndarray:
        """``(bands, h, w)``: the branches' bands one below the other."""
        return _stacked([branch(self._seen(name, chip)) for name, branch in self.branches.items()])

    def batch(self, chips: Sequence[Any]) -> list[np.ndarray]:
        """Several chips, by the ``batch`` of each branch."""
        results = [branch.batch([self._seen(name, chip) for chip in chips]) for name, branch in self.branches.items()]
        return [_stacked(several) for several in zip(*results)]

    def _seen(self, name: str, chip: Any) -> Any:
        """The chip as the branch gets it: in a rebased operator only the bands that the branch reads."""
        return chip if self._picks is None else np.asarray(chip)[self._picks[name]]

    def fitted(self, chip_size: tuple[int, int] | None) -> Fanout:
        """The same branches, each for chips of that size."""
        return Fanout({name: branch.fitted(chip_size) for name, branch in self.branches.items()})

    def rebased(self) -> Fanout:
        """The same for chips that hold the bands that any branch reads."""
        if self.used is None:
            return self
        keep = self.used or (0,)
        other = Fanout({name: branch.rebased() for name, branch in self.branches.items()})
        other._picks = {name: [keep.index(band) for band in b.used or keep[:1]] for name, b in self.branches.items()}
        other.passes = tuple(None if p is None else keep.index(p) for p in self.passes)
        return other

    def load(self) -> Fanout:
        """Load all branches."""
        for branch in self.branches.values():
            branch.load()
        return self

    def interrupt(self) -> None:
        """Interrupt all branches."""
        for branch in self.branches.values():
            branch.interrupt()

    def describe(self) -> str:
        """The branches' descriptions, joined."""
        return "; ".join(filter(None, (branch.describe() for branch in self.branches.values())))

    def warning_for(self, values: np.ndarray) -> str:
        """The first warning of a branch."""
        return next(filter(None, (branch.warning_for(values) for branch in self.branches.values())), "")

    def get_config(self) -> dict[str, Any]:
        """The branches as a list of ``[name, part]``: their order is part of the meaning."""
        return {"branches": [[name, part(branch)] for name, branch in self.branches.items()]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Fanout:
        """The object that ``config`` describes."""
        branches = config.get("branches")
        if set(config) != {"branches"} or not isinstance(branches, (list, tuple)):
            raise ParameterError("Fanout", dict(config), "must have 'branches', a list of [name, operator]")
        return cls({name: build(operator) for name, operator in branches})


def operator_name(operator: Operator) -> str:
    """The operator's name for messages."""
    return operator.name or type(operator).__name__


def _stacked(results: Sequence[Any]) -> np.ndarray:
    arrays = [np.asarray(result) for result in results]
    return np.concatenate([array[None] if array.ndim == 2 else array for array in arrays])


def _placed(values: Any, place: GeoTensor, scale: int) -> Any:
    """``values`` at the place of the chip that they were made from, ``scale`` times finer."""
    anchor = place.anchor
    at = None if anchor is None else (anchor[0] * scale, anchor[1] * scale)
    return GeoTensor.on(place.domain.refined(scale), np.asarray(values), at)


def _through(operators: Sequence[Operator]) -> tuple[int | None, ...]:
    """``passes`` of operators run one after the other."""
    if not all(operator.passes for operator in operators):
        return ()
    passes: tuple[int | None, ...] = operators[-1].passes
    for operator in reversed(operators[:-1]):
        passes = tuple(None if p is None or p >= len(operator.passes) else operator.passes[p] for p in passes)
    return passes


def _named(branch: str, operator: Operator) -> tuple[str, ...]:
    """Names of a branch's bands; () for an unknown number. They are unique, as names of branches are."""
    count = operator.output_bands
    if not count or count == 1:
        return (branch,) * (count or 0)
    whole = len(set(operator.output_names)) == count and all(operator.output_names)
    return tuple(f"{branch}: {name}" for name in (operator.output_names if whole else range(1, count + 1)))
