"""Our own style sheet, scripts and pictures, under an address that changes when any of them does.

The digest is of the whole folder and is a folder of the address, /static/{digest}/page.js: so a
script may import its neighbour, and a style sheet name a picture, by plain relative names.
"""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response

from myograph.errors import NotFound

FOLDER: Final = Path(__file__).parent / "static"

router = APIRouter(tags=["static"], include_in_schema=False)


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """The files by name, as they were when first asked for."""

    digest: str
    content: dict[str, bytes]


def read_folder(folder: Path) -> StaticFiles:
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    content = {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths}
    digest = hashlib.sha256()
    for name, data in content.items():
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return StaticFiles(digest.hexdigest()[:12], content)


@cache
def packaged() -> StaticFiles:
    """The files of this package, which cannot change while it runs."""
    return read_folder(FOLDER)


def static_url(name: str) -> str:
    """The address of one of our files; a name we do not have is an error of ours."""
    files = packaged()
    if name not in files.content:
        raise LookupError(f"there is no static file {name!r}")
    return f"/static/{files.digest}/{name}"


@router.get("/static/{digest}/{name:path}")
def static_file(digest: str, name: str) -> Response:
    """Kept for ever under today's address; under another release's only until it asks again."""
    files = packaged()
    if name not in files.content:
        raise NotFound("There is no such file.")
    kept = "public, max-age=31536000, immutable" if digest == files.digest else "no-cache"
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(files.content[name], media_type=kind, headers={"Cache-Control": kept})
