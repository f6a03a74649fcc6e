"""Renders pages from templates; their words come from messages/<locale>/pages.yaml."""

from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from jinja2.filters import do_urlencode

STATIC = Path(__file__).parent / "static"


def page(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(values)


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    folder = Path(__file__).parent / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["urlencode"] = urlencode
    return environment


def urlencode(value: Any) -> str:
    """As Jinja's own, but a text is one part of a path or query whole: a code may have a slash in it."""
    return quote(value, safe="") if isinstance(value, str) else do_urlencode(value)
