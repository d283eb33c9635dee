"""Small texts of our own in the store, beside the recordings."""

import obstore
from obstore.exceptions import BaseError

from myograph.errors import StoreUnavailable
from myograph.storage.objects import ObjectStore


def write(store: ObjectStore, key: str, text: str) -> None:
    store.put(key, [text.encode()])


def read(store: ObjectStore, key: str) -> str:
    source = store.source(key)
    return source.read(0, source.size).decode("utf-8", "replace")


def below(store: ObjectStore, folder: str) -> list[str]:
    """The keys of everything in `folder` (a bucket and a part of a name), in their order."""
    bucket, _, prefix = folder.partition("/")
    try:
        pages = obstore.list(store.open_bucket(bucket), prefix=prefix)  # pyright: ignore[reportUnknownMemberType] - its arrow form
        found = [f"{bucket}/{meta['path']}" for page in pages for meta in page]
    except (BaseError, OSError) as exc:
        said = str(exc).partition("\n")[0]
        raise StoreUnavailable(f"{folder!r} cannot be listed: {said}") from exc
    return sorted(found)
