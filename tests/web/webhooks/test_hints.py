"""Each shape as its senders write it, and whatever else may stand there."""

import json
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from myograph.errors import MalformedEvent
from myograph.web.webhooks.fields import LARGEST
from myograph.web.webhooks.hints import MOST_OBJECTS, Hint, hints_of
from myograph.web.webhooks.interest import judged
from myograph.web.webhooks.sources import Source
from tests.web.webhooks.bodies import (
    ETAG,
    NAME,
    RECORD,
    SHAPES,
    cloudevent,
    database_webhook,
    encoded,
    s3,
    storage_webhook,
)

AT = datetime(2026, 11, 20, 3, 39, 37, 239000, UTC)
VERSION = RECORD["version"]
SOURCE = Source("one", "standard", (b"k" * 24,), ("emg_data",))
KNOWN = Hint(
    "database_webhook",
    "created",
    "emg_data",
    NAME,
    object_id=RECORD["id"],
    version=VERSION,
    etag=ETAG,
    size_bytes=1229632,
    modified_at=AT,
)
OF_STORAGE = replace(KNOWN, shape="storage_webhook", object_id=None)
OF_S3 = replace(KNOWN, shape="s3", object_id=None, version=None, sequencer="17A2B3C4D5E6F708")
OF_CLOUD = replace(KNOWN, shape="cloudevents", object_id=None, version="17")
OLD = RECORD | {"version": "before", "name": "P001/old.c3d"}


def read(body, **known):
    return hints_of(encoded(body), **known)


def test_each_shape_says_what_is_known_of_the_object():
    hints = {name: read(body) for name, body in SHAPES.items()}
    assert hints == {
        "database_webhook": [KNOWN],
        "s3": [OF_S3],
        "cloudevents": [OF_CLOUD],
        "storage_webhook": [OF_STORAGE],
    }


def test_a_row_needs_no_more_than_bucket_and_name():
    record = {"bucket_id": "emg_data", "name": NAME}
    bare = Hint("database_webhook", "created", "emg_data", NAME)
    assert read(database_webhook(record=record)) == [bare]
    assert read(database_webhook(record=record | {"metadata": None})) == [bare]


def test_an_update_counts_where_the_version_changed():
    def update(old):
        return read(database_webhook("UPDATE", old_record=old))

    assert update(RECORD | {"version": "before"}) == [replace(KNOWN, old_version="before")]
    assert update(RECORD | {"last_accessed_at": "x"}) == [replace(KNOWN, ignored="unchanged")]
    moved = replace(KNOWN, old_name="P001/old.c3d", old_version="before")
    assert update(OLD) == [moved]
    gone = replace(KNOWN, operation="removed", version="before", bucket="other")
    assert update(OLD | {"bucket_id": "other", "name": NAME}) == [gone, KNOWN]


def test_a_delete_speaks_of_the_row_that_was():
    assert read(database_webhook("DELETE", None, RECORD)) == [replace(KNOWN, operation="removed")]


@pytest.mark.parametrize("place", [{"table": "buckets"}, {"schema": "public"}])
def test_another_table_is_of_no_interest(place):
    [hint] = read(database_webhook() | place)
    assert hint.ignored == "not_an_object"


@pytest.mark.parametrize(
    ("kind", "operation", "ignored"),
    [
        ("s3:ObjectCreated:Put", "created", None),
        ("ObjectCreated:CompleteMultipartUpload", "created", None),
        ("s3:ObjectRemoved:Delete", "removed", None),
        ("ObjectRemoved:DeleteMarkerCreated", "removed", None),
        ("s3:ObjectAccessed:Get", "created", "other_event"),
    ],
)
def test_s3_says_in_the_events_name_what_happened(kind, operation, ignored):
    assert read(s3(kind)) == [replace(OF_S3, operation=operation, ignored=ignored)]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("P001/a+b.c3d", "P001/a b.c3d"),
        ("P001%2Fa%20b.c3d", "P001/a b.c3d"),
        ("a%2Bb.c3d", "a+b.c3d"),
        ("m%C3%BCller.c3d", "müller.c3d"),
        ("..%2F..%2Fetc%2Fx.c3d", "../../etc/x.c3d"),
        ("100%25.c3d", "100%.c3d"),
    ],
)
def test_the_key_of_s3_is_url_encoded(key, name):
    assert read(s3(key=key))[0].name == name


def test_s3_may_speak_of_several_objects_at_once():
    body = s3()
    body["Records"] *= MOST_OBJECTS
    assert read(body) == [OF_S3] * MOST_OBJECTS
    body["Records"] += body["Records"][:1]
    with pytest.raises(MalformedEvent, match="1 to 100 objects"):
        read(body)


def test_a_versioned_bucket_of_s3_tells_the_version():
    body = s3()
    body["Records"][0]["s3"]["object"]["versionId"] = "v-1"
    assert read(body)[0].version == "v-1"


@pytest.mark.parametrize(
    ("kind", "operation", "ignored"),
    [
        ("google.cloud.storage.object.v1.finalized", "created", None),
        ("google.cloud.storage.object.v1.deleted", "removed", None),
        ("google.cloud.storage.object.v1.metadataUpdated", "created", "other_event"),
        ("com.amazonaws.s3.ObjectCreated.Put", "created", None),
        ("Microsoft.Storage.BlobDeleted", "removed", None),
        ("org.example.compute", "created", "other_event"),
        ("object.put", "created", None),
    ],
)
def test_a_cloudevent_says_in_its_type_what_happened(kind, operation, ignored):
    assert read(cloudevent(kind)) == [replace(OF_CLOUD, operation=operation, ignored=ignored)]


def test_the_data_of_a_cloudevent_may_call_the_name_a_key():
    body = cloudevent()
    body["data"] = {"bucket": "emg_data", "key": "P001/a b.c3d", "eTag": ETAG, "version": "2"}
    [hint] = read(body)
    assert (hint.name, hint.etag, hint.version) == (NAME, ETAG, "2")


def test_in_binary_mode_the_data_are_a_reason_to_look_and_nothing_more():
    data = cloudevent()["data"]
    assert read(data, binary_id_fits=True) == [replace(OF_CLOUD, proven=False)]
    with pytest.raises(MalformedEvent, match="none of the four shapes"):
        read(data)


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("ObjectCreated:Post", {}),
        ("ObjectCreated:Copy", {}),
        ("ObjectRemoved:Delete", {"operation": "removed"}),
        ("ObjectRemoved:Move", {"operation": "removed", "ignored": "moved"}),
        ("ObjectUpdated:Metadata", {"ignored": "other_event"}),
    ],
)
def test_the_webhook_of_storage_says_in_its_type_what_happened(kind, changed):
    assert read(storage_webhook(kind)) == [replace(OF_STORAGE, **changed)]


def test_the_webhook_of_storage_tells_of_moves():
    def moved(old):
        return read(storage_webhook("ObjectCreated:Move", oldObject=old))

    assert moved(None) == [OF_STORAGE]
    assert moved({"name": "P001/old.c3d"}) == [replace(OF_STORAGE, old_name="P001/old.c3d")]
    gone = Hint("storage_webhook", "removed", "other", NAME)
    assert moved({"name": NAME, "bucketId": "other"}) == [gone, OF_STORAGE]


@pytest.mark.parametrize("written", ['"abc"', "abc", 'W/"abc"'])
def test_an_etag_is_kept_without_its_quotes(written):
    record = RECORD | {"metadata": {"eTag": written}}
    assert read(database_webhook(record=record))[0].etag == "abc"


@pytest.mark.parametrize(
    ("written", "known"),
    [
        (RECORD["id"].upper(), RECORD["id"]),
        ("", None),
        ("P001/a b.c3d", None),
        (RECORD["id"][:-1], None),
        (None, None),
    ],
)
def test_an_objects_number_is_a_uuid_and_no_name(written, known):
    assert read(database_webhook(record=RECORD | {"id": written}))[0].object_id == known


@pytest.mark.parametrize("size", [0, "0", 7, "7", LARGEST, str(LARGEST), None])
def test_a_size_is_a_whole_number(size):
    [hint] = read(database_webhook(record=RECORD | {"metadata": {"size": size}}))
    assert hint.size_bytes == (None if size is None else int(size))


@pytest.mark.parametrize(
    "size", [-1, 1.5, True, "", "-1", "1e3", "٣", LARGEST + 1, str(LARGEST + 1), "9" * 4000, [], {}]
)
def test_any_other_size_is_malformed(size):
    with pytest.raises(MalformedEvent, match=r"^record\.metadata\.size is no number of bytes\.$"):
        read(database_webhook(record=RECORD | {"metadata": {"size": size}}))


@pytest.mark.parametrize("text", ["", "17A2-", "x", "F" * 65])
def test_a_sequencer_that_cannot_be_read_is_not_known(text):
    body = s3()
    body["Records"][0]["s3"]["object"]["sequencer"] = text
    assert read(body) == [replace(OF_S3, sequencer=None)]


@pytest.mark.parametrize(
    "when", [None, "", "soon", "2026-11-20T03:39:37", "0001-01-01T00:00:00+23:00"]
)
def test_a_moment_that_cannot_be_read_is_not_known(when):
    assert read(s3() | {"Records": [s3()["Records"][0] | {"eventTime": when}]}) == [
        replace(OF_S3, modified_at=None)
    ]


MALFORMED = {
    "no JSON": (b"{", "not JSON"),
    "no UTF-8": (b'{"a": "\xff"}', "not JSON"),
    "UTF-16": (json.dumps(SHAPES["s3"]).encode("utf-16"), "not JSON"),
    "empty": (b"", "not JSON"),
    "NaN": (b'{"Records": [NaN]}', "not JSON"),
    "deep": (b"[" * 60_000, "not JSON"),
    "many digits": (b'{"Records": ' + b"9" * 60_000 + b"}", "not JSON"),
    "a list": (b"[]", "The body is not an object"),
    "a text": (b'"Records"', "The body is not an object"),
    "nothing": (b"{}", "none of the four shapes"),
    "no records": (b'{"Records": []}', "1 to 100 objects"),
    "records are no list": (b'{"Records": {}}', "Records is not a list"),
    "a record is none": (b'{"Records": [1]}', r"Records\[0\] is not an object"),
    "unknown operation": (encoded(database_webhook("TRUNCATE")), "not 'TRUNCATE'"),
    "no record": (encoded(database_webhook(record=None)), "record is not an object"),
    "no bucket": (encoded(database_webhook(record={"name": "x"})), r"record\.bucket_id is missing"),
    "empty name": (encoded(database_webhook(record=RECORD | {"name": ""})), r"name is missing"),
    "name is a number": (encoded(database_webhook(record=RECORD | {"name": 5})), "is not a text"),
    "endless name": (encoded(database_webhook(record=RECORD | {"name": "x" * 4097})), "longer"),
    "key is no UTF-8": (encoded(s3(key="%ff.c3d")), "key is not text in UTF-8"),
    "no data": (encoded(cloudevent() | {"data": None}), "data is not an object"),
    "no type": (encoded(cloudevent() | {"type": None}), "type is missing"),
    "no event": (b'{"type": "Webhook"}', "event is not an object"),
}


@pytest.mark.parametrize(("body", "said"), MALFORMED.values(), ids=MALFORMED)
def test_what_says_nothing_we_understand_is_malformed_with_a_sentence(body, said):
    with pytest.raises(MalformedEvent, match=said) as refused:
        hints_of(body)
    assert refused.value.sentence.endswith(".")


def test_names_up_to_what_any_store_allows_are_read():
    assert len(read(database_webhook(record=RECORD | {"name": "x" * 4096}))[0].name) == 4096


# ── whatever may stand there

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["INSERT", "UPDATE", "DELETE", "Webhook", "emg_data", "../x.c3d", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def places_of(value, path=()):
    """Every place in a JSON value."""
    yield path
    if isinstance(value, list):
        value = dict(enumerate(value))
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from places_of(inner, (*path, key))


def spoiled(body, path, value):
    """The body with `value` in that place; DROPPED: with nothing there."""
    if not path:
        return value
    changed = deepcopy(body)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    if value is DROPPED:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return changed


def read_or_none(body):
    with suppress(MalformedEvent):
        return read(body)


DROPPED = object()
UPDATED = database_webhook("UPDATE", old_record=OLD)


@pytest.mark.parametrize("shape", [*SHAPES, "update"])
@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_whatever_is_spoiled_is_read_or_malformed_and_judged(shape, data):
    body = SHAPES.get(shape, UPDATED)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([p for p in places_of(body) if p]))
        body = spoiled(body, path, data.draw(st.just(DROPPED) | ANYTHING))
    for hint in read_or_none(body) or []:
        assert isinstance(hint.name, str)
        assert hint.size_bytes is None or 0 <= hint.size_bytes <= LARGEST
        assert judged(hint, SOURCE).hint == hint


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_read_or_malformed(body):
    with pytest.raises(MalformedEvent):
        hints_of(body)
