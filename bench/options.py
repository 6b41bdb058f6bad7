"""The creation options that both sides of the benchmark write with."""

TILE = 256


def output_options(compress: str) -> dict:
    """rasterio keywords: tiles, ZSTD level 1 or DEFLATE, floating-point predictor, all threads."""
    options = dict(tiled=True, blockxsize=TILE, blockysize=TILE, predictor=3, num_threads="ALL_CPUS",
                   bigtiff="IF_SAFER", compress=compress)  # fmt: skip
    if compress == "ZSTD":
        options["zstd_level"] = 1
    return options
