"""What is said of settings and of the files that hold them."""

import pytest

from myograph.cli.checks import filesystem, settings


def test_a_name_that_nobody_reads_is_told_with_the_nearest(look):
    found = look(settings.CHECKS, bucket="emg_data")["MYOGRAPH_BUCKET"]
    assert (found.verdict, found.mend) == ("warning", "Rename it to MYOGRAPH_BUCKETS.")
    far = look(settings.CHECKS, quite_another_thing="x")["MYOGRAPH_QUITE_ANOTHER_THING"]
    assert far.mend.startswith("Remove it")
    assert look(settings.CHECKS, buckets="emg_data")["names"].verdict == "ok"


def test_so_is_one_beside_the_data_with_its_file(look, data):
    (data / ".env").write_text("MYOGRAPH_PROT=9000\nPATH=elsewhere\nMYOGRAPH_DATA_DIR=x\n")
    found = look(settings.CHECKS)
    assert f"stands in {data / '.env'}" in found["MYOGRAPH_PROT"].found
    assert found["MYOGRAPH_PROT"].mend == "Rename it to MYOGRAPH_PORT."
    assert found["MYOGRAPH_DATA_DIR"].verdict == "warning"
    assert "PATH" not in found


def test_names_that_tests_and_tools_read_are_known(look):
    assert look(settings.CHECKS, test_data="x", require="x")["names"].verdict == "ok"


def test_every_value_that_is_not_right_is_told_and_none_is_shown(look, data):
    (data / ".env").write_text("MYOGRAPH_LOG=s3cret\n")
    found = look(settings.CHECKS, port="s3cret", audit_keep_days=3)
    for name in ("PORT", "LOG", "AUDIT_KEEP_DAYS"):
        assert found[f"MYOGRAPH_{name}"].verdict == "problem"
    assert str(data / ".env") in found["MYOGRAPH_LOG"].mend
    assert str(data / ".env") not in found["MYOGRAPH_PORT"].mend
    assert "values" not in found
    assert "s3cret" not in str(found)


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("timezone", "Europe/Brusels", "Europe/Brussels"),
        ("storage_url", "ftp://user:s3cret@host", "s3://emg_data"),
        ("cors_origins", "https://trial.example/", "https://trial.example"),
        ("port", "65536", "65535"),
        ("port", "-1", "0"),
        ("pool_size", "0", "1"),
        ("pool_timeout", "0", "0.1"),
        ("metadata_budget_ms", "-1", "0"),
        ("buckets", " , ", "a"),
    ],
)
def test_what_is_of_the_right_type_and_of_no_use_is_told(look, name, bad, good):
    refused = look(settings.CHECKS, **{name: bad})
    assert refused[f"MYOGRAPH_{name.upper()}"].verdict == "problem"
    assert "s3cret" not in str(refused)
    assert look(settings.CHECKS, **{name: good})["values"].verdict == "ok"


def test_what_belongs_together_is_asked_for_at_once(look):
    address = {"database_url": "postgresql://h/d"}
    found = look(settings.CHECKS, **address)["together"]
    assert found.verdict == "problem"
    assert "MYOGRAPH_WORKER_DATABASE_URL and MYOGRAPH_PSEUDONYM_KEY" in found.mend
    whole = address | {"worker_database_url": "postgresql://h/d", "pseudonym_key": "k"}
    assert look(settings.CHECKS, **whole)["together"].verdict == "ok"
    alone = {"worker_database_url": "postgresql://h/d", "pseudonym_key": "k"}
    assert look(settings.CHECKS, **alone)["together"].verdict == "ok"
    assert look(settings.CHECKS)["together"].verdict == "ok"


@pytest.mark.parametrize("name", [".env", "secrets.json", "demo.json"])
def test_a_file_of_secrets_that_others_may_read_is_told(look, data, name):
    (data / name).write_text("{}")
    (data / name).chmod(0o640)
    found = look(filesystem.CHECKS)[name]
    assert (found.verdict, "mode 0640" in found.found) == ("problem", True)
    assert f"`chmod 600 {data / name}`" in found.mend
    (data / name).chmod(0o600)
    assert name not in look(filesystem.CHECKS)


def test_so_is_one_that_lists_sources(look, tmp_path):
    listed = tmp_path / "sources.toml"
    listed.write_text("")
    listed.chmod(0o604)
    assert look(filesystem.CHECKS, webhook_sources=listed)["sources.toml"].verdict == "problem"
    listed.chmod(0o600)
    assert look(filesystem.CHECKS, webhook_sources=listed)["files"].verdict == "ok"


def test_a_folder_that_others_may_look_into_is_told(look, data):
    data.chmod(0o755)
    assert look(filesystem.CHECKS)["data directory"].verdict == "problem"
    data.chmod(0o711)  # the database's own user passes through
    assert look(filesystem.CHECKS)["files"].verdict == "ok"


def test_files_that_cannot_be_read_are_told_and_the_rest_is_looked_at(look, data):
    (data / ".env").write_bytes(b"MYOGRAPH_PORT=\xff")
    (data / "secrets.json").write_text("{")
    for name in (".env", "secrets.json"):
        (data / name).chmod(0o600)
    found = look(filesystem.CHECKS)
    assert found[".env"].verdict == found["secrets.json"].verdict == "problem"
    assert look(settings.CHECKS)["names"].verdict == "ok"
