"""What GDAL said of an error is what stands at the end of the chain of causes."""

import pytest
from patchwise.core.gdal.environment import gdal_words


def chained(*texts, linked):
    """An error whose causes have the texts, the first of which is its own."""
    error = None
    for text in reversed(texts):
        made = OSError(text)
        setattr(made, linked, error)
        error = made
    return error


@pytest.mark.parametrize("linked", ["__cause__", "__context__"])
@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("Read failed. See context for details.", " No such file \n"), "No such file"),
        (("Read failed.", "HTTP response code: 404", ""), "HTTP response code: 404"),
        (("only one",), "only one"),
        (("", " "), "OSError"),
    ],
)
def test_the_last_text_of_the_chain_is_what_gdal_said(linked, texts, said):
    assert gdal_words(chained(*texts, linked=linked)) == said
