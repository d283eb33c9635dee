"""What a folder's files say of themselves is what the store's library says of them."""

import os

import obstore
import pytest
from obstore.store import LocalStore

from myograph.storage.folder import changed_at, etag_of


@pytest.mark.parametrize(
    "ns",
    [
        1_795_174_148_167_714_000,  # as a float its last digit is another
        1_795_174_148_167_713_999,
        1_795_174_148_167_714_001,
        1_795_174_148_000_000_000,
        999,
        0,
    ],
)
def test_times_and_etags_are_those_of_the_library(tmp_path, ns):
    path = tmp_path / "a.c3d"
    path.write_bytes(b"abc")
    os.utime(path, ns=(ns, ns))
    told = obstore.head(LocalStore(tmp_path), "a.c3d")
    assert changed_at(path.stat()) == told["last_modified"]
    assert etag_of(path.stat()) == told["e_tag"].strip('"')
