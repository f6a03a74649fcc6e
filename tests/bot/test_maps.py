"""Distances and map links."""

import pytest

from bot.values import maps

PEOPLES_SQUARE = (31.2304, 121.4737)


def test_the_distance_is_the_great_circle() -> None:
    assert maps.distance(PEOPLES_SQUARE, PEOPLES_SQUARE) == 0
    assert maps.distance(PEOPLES_SQUARE, (39.9042, 116.4074)) == pytest.approx(1067, abs=3)  # Shanghai to Beijing
    assert maps.distance((0, 179.9), (0, -179.9)) == pytest.approx(22.2, abs=0.1)


def test_a_link_carries_the_point_in_the_order_that_the_map_wants_or_searches_the_name() -> None:
    assert maps.link("amap", "培训中心 A&B", PEOPLES_SQUARE) == (
        "https://uri.amap.com/marker?position=121.4737,31.2304"
        "&name=%E5%9F%B9%E8%AE%AD%E4%B8%AD%E5%BF%83%20A%26B&coordinate=wgs84"
    )
    assert (
        maps.link("google", "x", PEOPLES_SQUARE) == "https://www.google.com/maps/search/?api=1&query=31.2304,121.4737"
    )
    assert maps.link("google", "1 Broadway", None) == "https://www.google.com/maps/search/?api=1&query=1%20Broadway"
