"""Renders pages from templates; their words come from messages/<locale>/pages.yaml."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

STATIC = Path(__file__).parent / "static"


def page(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(values)


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    folder = Path(__file__).parent / "templates"
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
