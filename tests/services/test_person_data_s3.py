"""All of a patient on an S3 store: handed over, and erased, though the store fails midway."""

import zipfile
from urllib.parse import urlsplit

import pytest

from myograph.errors import StoreUnavailable
from myograph.services.erase_person import belongings, erase_person
from myograph.services.export_person import export_person
from myograph.storage.listing import s3_client
from myograph.storage.objects import S3Account, s3_store
from myograph.worker.run import run_until_empty
from tests.database import PSEUDONYM_KEY, Uploader, add_patient
from tests.faults.proxy import PASS, fault_proxy, reset
from tests.game_files import game_file
from tests.s3_server import BUCKET, KEYS

CODE = "P7777"
TOLD = {"pseudonym": "0" * 64, "reason": "consent withdrawn", "by": "somebody"}
OF_OTHER = "P001/3/c.c3d"


@pytest.fixture
def owner(database):
    with database.connect("myograph_migrator", autocommit=True) as conn:
        yield conn


@pytest.fixture
def client(s3):
    client = s3_client(S3Account(s3.endpoint, **KEYS))
    yield client
    client.close()


@pytest.fixture
def filled(database, clinic, s3, client):
    """Two recordings, pressures and a draft of one patient, a recording of another; of what was
    overwritten or deleted the bucket keeps the earlier version."""
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    with database.as_person(clinic.admin) as conn:
        add_patient(conn, CODE, clinic.therapist.id, consent=True)
    upload = Uploader(database, s3.store)
    first = upload(game_file(seed=1), name=f"{CODE}/1/a.c3d").session_id
    upload(game_file(seed=2), name=f"{CODE}/1/a.c3d")
    upload(game_file(seed=3), name=f"{CODE}/2/b.c3d")
    upload(game_file(seed=4), name=OF_OTHER)
    s3.store.put(f"{BUCKET}/{CODE}/1/{first}-pressure-1.csv", [b"time_s,pressure_mmhg,leg"])
    s3.store.put(f"{BUCKET}/{CODE}/3/withdrawn.c3d", [b"abc"])
    s3.store.delete(f"{BUCKET}/{CODE}/3/withdrawn.c3d")
    client.create_multipart_upload(Bucket=BUCKET, Key=f"{CODE}/4/draft.c3d")
    run_until_empty(database.url("myograph_work"), s3.store, pseudonym_key=PSEUDONYM_KEY)


def kept(client):
    """Names of all that the bucket holds: objects, hidden versions, unfinished uploads."""
    versions = client.list_object_versions(Bucket=BUCKET)
    unfinished = client.list_multipart_uploads(Bucket=BUCKET)
    listed = (versions.get("Versions", []), versions.get("DeleteMarkers", []))
    return {e["Key"] for part in (*listed, unfinished.get("Uploads", [])) for e in part}


def erasures(owner):
    return owner.execute("SELECT count(*), count(erased_at) FROM erasures").fetchone()


def test_all_of_a_patient_is_handed_over_from_s3(s3, owner, filled, tmp_path):
    counts = export_person(owner, s3.store, CODE, [BUCKET], tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = set(archive.namelist())
        assert archive.read(f"recordings/{BUCKET}/{CODE}/2/b.c3d") == game_file(seed=3)
        readme = archive.read("README.txt").decode()
    assert counts["objects"] == 3
    assert f"{BUCKET}/{CODE}/3/withdrawn.c3d" in readme  # hidden: it is no object any more
    assert not any(OF_OTHER in name for name in names)


def test_nothing_is_left_of_them_in_the_store_no_version_and_no_draft(s3, owner, client, filled):
    assert len([n for n in kept(client) if n.startswith(CODE)]) == 5
    removed = erase_person(owner, s3.store, CODE, [BUCKET], **TOLD)
    assert (removed["objects"], removed["patients"]) == (5, 1)
    assert kept(client) == {OF_OTHER}
    assert erasures(owner) == (1, 1)


def test_where_the_store_goes_midway_it_says_what_remains_and_is_done_again(
    s3, owner, client, filled
):
    with fault_proxy((urlsplit(s3.endpoint).hostname, urlsplit(s3.endpoint).port)) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        store = s3_store(S3Account(address, **KEYS, connect_timeout_s=1, read_timeout_s=1))

        def close_behind(_key):
            proxy.close_door()
            proxy.cut()

        before = belongings(owner, store, CODE, [BUCKET]).rows
        with pytest.raises(StoreUnavailable, match=r"1 of 5 objects are gone; .* do it again\.$"):
            erase_person(owner, store, CODE, [BUCKET], **TOLD, removed=close_behind)
        assert erasures(owner) == (1, 0)
        proxy.open_door()
        rows = belongings(owner, store, CODE, [BUCKET]).rows
        assert rows["therapy_sessions"] == before["therapy_sessions"]
        erase_person(owner, store, CODE, [BUCKET], **TOLD)
    assert kept(client) == {OF_OTHER}
    assert erasures(owner) == (1, 1)


def test_what_fails_while_it_is_written_is_no_file(s3, owner, filled, tmp_path):
    """The bucket is listed, so are versions and drafts, and then no recording comes."""
    with fault_proxy((urlsplit(s3.endpoint).hostname, urlsplit(s3.endpoint).port)) as proxy:
        proxy.from_now_on(PASS, PASS, PASS, reset(after_bytes=0))  # one for each question
        store = s3_store(S3Account(f"http://127.0.0.1:{proxy.port}", **KEYS))
        with pytest.raises(StoreUnavailable, match="could not serve"):
            export_person(owner, store, CODE, [BUCKET], tmp_path / "half.zip")
    assert list(tmp_path.iterdir()) == []
