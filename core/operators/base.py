"""Operators: callables from a chip to a chip, and pipelines of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..configurable import Configurable, build, part
from ..errors import ParameterError
from .categories import Category


class Operator(Configurable):
    """Base of the operators. Called with a read-only chip ``(bands, h, w)`` (or ``(h, w)``) with NaN where unknown.

    It returns an array of the same height and width; its number of bands is the operator's own affair, and NaN in it
    means unknown. ``output_bands`` is None where only running it tells.
    """

    name: str = ""
    output_bands: int | None = None
    #: Whether each output pixel depends on the same pixel of the chip only.
    pointwise: bool = False
    #: Whether the chip is wanted as a GeoTensor, with its transform and CRS, rather than as a plain array.
    georeferenced: bool = False
    #: Where the output is labels: what each value is called, and its colour.
    categories: tuple[Category, ...] = ()
    #: Files that it reads, such as a model, by what they were when it was made.
    files: tuple[str, ...] = ()
    #: Names of the output bands; () where they have none.
    output_names: tuple[str, ...] = ()
    #: By output band, the position of the chip's band that it is, value by value; None for one that is made. Nothing is
    #: said where it is empty. Law: ``operator(chip)[k]`` equals ``chip[passes[k]]``, NaN included.
    passes: tuple[int | None, ...] = ()

    def __call__(self, chip: Any) -> Any:
        """Run on one chip."""
        raise TypeError(f"{type(self).__name__} does not say what it does with a chip")

    def load(self) -> Any:
        """Do what comes before the first chip, and return the operator; a run calls it once, and planning never.

        Only here is a user's own code taken in. What is wrong with it is raised as :class:`ParameterError`.
        """
        return self

    def interrupt(self) -> None:
        """A run is cancelled: chips that are under way, on other threads, may end early by raising ``Cancelled``."""

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

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Lambda:
        """Refused: a Python callable cannot be written down."""
        raise ParameterError("operator", "Lambda", "a Python callable cannot be written down; use an Expression")

    def get_config(self) -> dict[str, Any]:
        """Refused: a Python callable cannot be written down."""
        raise ParameterError("operator", self.name, "a Python callable cannot be serialised; use an Expression")


class Sequential(Operator):
    """Operators one after the other; also the stages of ``patch_ops`` over a field.

    Over a raster field, ``[GridSampler, ApplyToChips ..., Stitch]`` at the front is run as one stream: the chips are
    never all in memory. The result is the same, bit for bit, as running the stages by hand.
    """

    def __init__(self, operators: Sequence[Callable[[Any], Any]]) -> None:
        if not operators or not all(callable(operator) for operator in operators):
            raise ParameterError("operators", operators, "must be a list of at least one operator")
        flat: list[Any] = []
        for operator in operators:
            flat.extend(operator.operators if type(operator) is Sequential else [operator])
        self.operators: tuple[Any, ...] = tuple(flat)
        self.name = " | ".join(_name(operator) for operator in flat)
        self.pointwise = all(getattr(operator, "pointwise", False) for operator in flat)
        self.georeferenced = getattr(flat[0], "georeferenced", False)
        self.output_bands = getattr(flat[-1], "output_bands", None)
        self.categories = getattr(flat[-1], "categories", ())
        self.files = tuple(path for operator in flat if isinstance(operator, Operator) for path in operator.files)
        self.output_names = tuple(getattr(flat[-1], "output_names", ()))
        self.passes = _through(flat)

    def __call__(self, chip: Any) -> Any:
        """Run all, each on the result of the one before."""
        rest = self.operators
        stages = getattr(self.operators[0], "stream_stages", None)
        if stages is not None:
            chip, rest = stages(chip, self.operators)
        for operator in rest:
            chip = operator(chip)
        return chip

    def load(self) -> Sequential:
        """Load all."""
        load_all(self.operators)
        return self

    def interrupt(self) -> None:
        """All of them."""
        _interrupt(self.operators)

    def get_config(self) -> dict[str, Any]:
        """The parts' configurations in order."""
        return {"operators": [part(operator) for operator in self.operators]}


class Fanout(Operator):
    """Named branches that all see the same chip; their bands are stacked in the order of the branches."""

    def __init__(self, branches: Mapping[str, Callable[[Any], Any]]) -> None:
        if not branches or not all(callable(branch) for branch in branches.values()):
            raise ParameterError("branches", branches, "must name at least one operator each")
        self.branches = dict(branches)
        self.name = "Fanout(" + ", ".join(self.branches) + ")"
        self.pointwise = all(getattr(branch, "pointwise", False) for branch in self.branches.values())
        self.files = tuple(p for branch in self.branches.values() if isinstance(branch, Operator) for p in branch.files)
        self.georeferenced = any(getattr(branch, "georeferenced", False) for branch in self.branches.values())
        counts = [getattr(branch, "output_bands", None) for branch in self.branches.values()]
        self.output_bands = None if None in counts else sum(c for c in counts if c)
        named = [_named(name, branch) for name, branch in self.branches.items()]
        self.output_names = tuple(name for names in named for name in names) if all(named) else ()
        passed = [branch.passes if isinstance(branch, Operator) else () for branch in self.branches.values()]
        self.passes = tuple(p for passes in passed for p in passes) if all(passed) else ()

    def __call__(self, chip: Any) -> np.ndarray:
        """``(bands, h, w)``: the branches' bands one below the other."""
        results = [np.asarray(branch(chip)) for branch in self.branches.values()]
        return np.concatenate([result[None] if result.ndim == 2 else result for result in results])

    def load(self) -> Fanout:
        """Load all."""
        load_all(self.branches.values())
        return self

    def interrupt(self) -> None:
        """All branches."""
        _interrupt(self.branches.values())

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


def load_all(operators: Iterable[Any]) -> None:
    """Load those that are operators; any other callable has nothing to load."""
    for operator in operators:
        if isinstance(operator, Operator):
            operator.load()


def _interrupt(operators: Iterable[Any]) -> None:
    for operator in operators:
        if isinstance(operator, Operator):
            operator.interrupt()


def _through(operators: Sequence[Any]) -> tuple[int | None, ...]:
    """What operators one after the other pass on."""
    if not all(isinstance(operator, Operator) and operator.passes for operator in operators):
        return ()
    passes: tuple[int | None, ...] = operators[-1].passes
    for operator in reversed(operators[:-1]):
        passes = tuple(None if p is None or p >= len(operator.passes) else operator.passes[p] for p in passes)
    return passes


def _named(branch: str, operator: Any) -> tuple[str, ...]:
    """Names of a branch's bands: its own name of one, of several with the band's behind it; () for an unknown number.

    No two of a Fanout are the same, as its branches have different names.
    """
    count = getattr(operator, "output_bands", None)
    if not count or count == 1:
        return (branch,) * (count or 0)
    names = tuple(getattr(operator, "output_names", ()))
    whole = len(set(names)) == count and all(names)
    return tuple(f"{branch}: {name}" for name in (names if whole else range(1, count + 1)))


def _name(operator: Any) -> str:
    return getattr(operator, "name", "") or getattr(operator, "__name__", "") or type(operator).__name__
