"""Reads what browsers send: forms as UTF-8, whatever they call themselves, with an end to their size."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from multidict import MultiDict

from bot.errors import Rejected

FIELDS, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
_MOST_FIELDS = 10_000


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file that came with a form."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """What was filled in, and which files came with it."""

    fields: MultiDict[str]
    files: dict[str, FormFile]


async def read(request: web.Request, most: int, kinds: Iterable[str] = (FIELDS,)) -> Form:
    """`most`: bytes. Raises Rejected where it is too much (413), or no form of these kinds (415, 400)."""
    if request.content_type not in kinds:
        raise Rejected("no form", 415)
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        raise Rejected("a form in another charset", 400)  # decoding some of them takes a second
    try:
        form = await (_parts(request, most) if request.content_type == PARTS else _fields(request, most))
    except web.HTTPRequestEntityTooLarge:
        raise Rejected("too big", 413) from None
    except (ValueError, LookupError, web.RequestPayloadError):
        raise Rejected("no form", 400) from None
    require_text(*form.fields, *form.fields.values(), *form.files, *(file.name for file in form.files.values()))
    return form


def require_text(*texts: str) -> None:
    """Raises Rejected where a text has what nobody types and no database takes: a NUL, half of a surrogate pair."""
    if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for text in texts for sign in text):
        raise Rejected("no text", 400)


async def _fields(request: web.Request, most: int) -> Form:
    raw = await request.clone(client_max_size=most).read()
    pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    return Form(MultiDict(pairs), {})


async def _parts(request: web.Request, most: int) -> Form:
    form, left = Form(MultiDict(), {}), most
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or part.name is None or len(form.fields) > _MOST_FIELDS:
            raise ValueError("no part of a form")
        body = bytearray()
        while chunk := await part.read_chunk():
            body += chunk
            left -= len(chunk)
            if left < 0:
                raise Rejected("too big", 413)
        if part.filename is None:
            form.fields.add(part.name, body.decode())
        else:
            form.files[part.name] = FormFile(part.filename, bytes(body))
    return form
