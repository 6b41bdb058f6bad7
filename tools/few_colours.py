"""Makes pictures small, so that repository and plugin stay small."""

from PIL import Image


def in_few_colours(path):
    """Write a picture again in 128 colours, among them rare ones such as those of arrows and marks."""
    few = Image.open(path).convert("RGB").quantize(128, Image.Quantize.MAXCOVERAGE, 2, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
