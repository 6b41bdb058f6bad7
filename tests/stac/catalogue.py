"""The scenes of the world, and boxes over them.

=================  =====  ==========  ======  ========  =====  =========================================================
name               tile   day         cloud   baseline  orbit  what for
=================  =====  ==========  ======  ========  =====  =========================================================
lake_clear         10SGJ  2023-07-16   0.5    05.10       113  full size; covers ``LAKE`` (the chip is 3935 x 1599)
lake_hazy          10SGJ  2023-07-21   3      05.10       113
lake_cloudy        10SGJ  2023-07-26  40      05.10       113
lake_old           10SGJ  2019-07-12   2      02.12       113  no offset
lake_next_zone     11SKD  2023-08-05   1      05.10        70  full size; covers ``LAKE`` too, in the next zone
west, east         33TWM  2023-08-15   1, 2   05.09        79  neighbours that overlap by 1020 m; neither alone covers
                   33TXM                                       ``PAIR``
west_2, east_2     same   2023-08-20   2, 30  05.09       122  the same, half of it too cloudy
east_alone         33TXM  2023-08-18   0      05.09        22  least cloud, but does not cover ``PAIR``
half_west, ...     33TWL  2023-09-01   1, 2   05.09        79  one tile in two halves (``half_east``); ``HALVES`` is
                                                               over the cut
made_2021, ...     33TWN  2021-06-01   4, 4   03.00        79  one acquisition twice: ``made_2023`` has baseline 05.00
                                                               and the offset; ``TWICE``
zone_32, zone_33   32TQT  2023-08-10   1, 2   05.09        22  side by side at 12 degrees east, the same ground;
                   33TTN                                       ``ZONES_WEST``, ``ZONES_EAST``: the larger part is there
big                33UUP  2023-06-01   1      05.09        79  full size, noise: files of 340 MB, as genuine ones
=================  =====  ==========  ======  ========  =====  =========================================================

Earth Search: ``es_west``, ``es_east`` (2023-08-15, offset already taken off), ``es_raw`` (2023-08-25, 33TWM, not taken
off), ``es_old`` (2021-06-01, 33TWM, baseline 03.00). CDSE: ``cdse`` (2023-08-15, 33TWM), ``cdse_old`` (2021-06-01).
Tiles that are not "full size" have 1098 x 1098 pixels of 10 m.
"""

from __future__ import annotations

from datetime import datetime

from .scenes import Scene, Tile

LAKE_TILE = Tile("10SGJ", 32610, 699960, 4400040, 10980)
NEXT_ZONE_TILE = Tile("11SKD", 32611, 199980, 4400040, 10980)
WEST_TILE = Tile("33TWM", 32633, 499980, 5220020)
EAST_TILE = Tile("33TXM", 32633, 509940, 5220020)
HALVES_TILE = Tile("33TWL", 32633, 499980, 5210060)
TWICE_TILE = Tile("33TWN", 32633, 499980, 5229980)
ZONE_32_TILE = Tile("32TQT", 32632, 717720, 5237220, frame=32633)
ZONE_33_TILE = Tile("33TTN", 32633, 271260, 5237220)
BIG_TILE = Tile("33UUP", 32633, 300000, 5500020, 10980)

# West, south, east, north in degrees; each lies within what its scenes cover together, also as a rectangle in UTM.
LAKE = (-120.10, 38.92, -119.93, 39.27)
PAIR = (15.10, 47.07, 15.17, 47.11)
WEST_ONLY = (15.02, 47.07, 15.06, 47.10)
HALVES = (15.04, 46.98, 15.10, 47.02)
TWICE = (15.03, 47.16, 15.08, 47.19)
ZONES_WEST = (11.93, 47.18, 12.04, 47.22)
ZONES_EAST = (11.96, 47.18, 12.07, 47.22)
BIG = (12.9, 49.2, 13.0, 49.3)


def at(text: str) -> datetime:
    """A time of the form ``2023-07-16 18:49:21``."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")


def lake(name: str, when: str, cloud: float, baseline: str = "05.10") -> Scene:
    """A scene of the lake's tile."""
    return Scene(name, LAKE_TILE, at(when), cloud, baseline, 113, "B")


FIRST, SECOND = at("2023-08-15 09:50:31"), at("2023-08-20 09:55:59")
HALF_TIME, TWICE_TIME, ZONE_TIME = at("2023-09-01 09:50:31"), at("2021-06-01 09:50:31"), at("2023-08-10 10:05:59")

SCENES = (
    lake("lake_clear", "2023-07-16 18:49:21", 0.5),
    lake("lake_hazy", "2023-07-21 18:49:19", 3.0),
    lake("lake_cloudy", "2023-07-26 18:49:21", 40.0),
    lake("lake_old", "2019-07-12 18:49:21", 2.0, "02.12"),
    Scene("lake_next_zone", NEXT_ZONE_TILE, at("2023-08-05 18:39:21"), 1.0, "05.10", 70, "B"),
    Scene("west", WEST_TILE, FIRST, 1.0, "05.09"),
    Scene("east", EAST_TILE, FIRST, 2.0, "05.09"),
    Scene("west_2", WEST_TILE, SECOND, 2.0, "05.09", 122, "B"),
    Scene("east_2", EAST_TILE, SECOND, 30.0, "05.09", 122, "B"),
    Scene("east_alone", EAST_TILE, at("2023-08-18 10:00:31"), 0.0, "05.09", 22),
    # The halves overlap by 200 m.
    Scene("half_west", HALVES_TILE, HALF_TIME, 1.0, "05.09", cuts=((505100, 5199080, 506100, 5210060),)),
    Scene("half_east", HALVES_TILE, HALF_TIME, 2.0, "05.09", cuts=((505900, 5210060, 504900, 5199080),)),
    Scene("made_2021", TWICE_TILE, TWICE_TIME, 4.0, "03.00"),
    Scene("made_2023", TWICE_TILE, TWICE_TIME, 4.0, "05.00"),
    Scene("zone_32", ZONE_32_TILE, ZONE_TIME, 1.0, "05.09", 22),
    Scene("zone_33", ZONE_33_TILE, ZONE_TIME, 2.0, "05.09", 22),
    Scene("big", BIG_TILE, at("2023-06-01 10:05:59"), 1.0, "05.09", 22, noise=True),
    Scene("es_west", WEST_TILE, FIRST, 1.0, "05.09", style="earth-search", offset=0),
    Scene("es_east", EAST_TILE, FIRST, 2.0, "05.09", style="earth-search", offset=0),
    Scene("es_raw", WEST_TILE, at("2023-08-25 09:50:31"), 1.0, "05.09", style="earth-search"),
    Scene("es_old", WEST_TILE, TWICE_TIME, 1.0, "03.00", style="earth-search"),
    Scene("cdse", WEST_TILE, FIRST, 1.0, "05.11", style="cdse"),
    Scene("cdse_old", WEST_TILE, TWICE_TIME, 1.0, "03.00", style="cdse"),
)
