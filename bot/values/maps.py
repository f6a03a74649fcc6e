"""Places on a map: how far apart they are, and a link that opens one."""

from math import asin, cos, radians, sin, sqrt
from urllib.parse import quote

_EARTH = 6371.0  # kilometres
# A marker and a search on the maps that people have. AMap: lbs.amap.com/api/uri-api/guide/mobile-web/point and
# …/search; it takes longitude first, and WGS-84 by name. Google: developers.google.com/maps/documentation/urls.
_MARKERS = {
    "amap": "https://uri.amap.com/marker?position={lng},{lat}&name={name}&coordinate=wgs84",
    "google": "https://www.google.com/maps/search/?api=1&query={lat},{lng}",
}
_SEARCHES = {
    "amap": "https://uri.amap.com/search?keyword={name}",
    "google": "https://www.google.com/maps/search/?api=1&query={name}",
}

Point = tuple[float, float]  # latitude, longitude in degrees


def distance(one: Point, other: Point) -> float:  # kilometres, as the crow flies
    """The great-circle distance of two points."""
    (lat1, lng1), (lat2, lng2) = (tuple(map(radians, point)) for point in (one, other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lng2 - lng1) / 2) ** 2
    return 2 * _EARTH * asin(sqrt(min(1.0, half)))


def link(maps: str, name: str, point: Point | None) -> str:
    """Opens the point with this name on a map, or searches the name where the point is not known."""
    quoted = quote(name, safe="")
    if point is None:
        return _SEARCHES[maps].format(name=quoted)
    return _MARKERS[maps].format(lat=point[0], lng=point[1], name=quoted)
