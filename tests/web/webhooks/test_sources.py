import base64
import json

import pytest

from myograph.errors import BadInput
from myograph.web.webhooks.sources import OURS, Source, default_source, sources_of

KEY, OTHER = b"k" * 24, b"o" * 32
SECRET, SECOND = (f"whsec_{base64.b64encode(key).decode()}" for key in (KEY, OTHER))
BUCKETS = ("emg_data", "more")

TOML = f"""
[[sources]]
name = "supabase"
kind = "standard"
secrets = ["{SECRET}", "{SECOND}"]

[[sources]]
name = "minio"
kind = "bearer"
secrets = ["a token of 16 bytes"]
buckets = ["more"]
"""
READ = (
    Source("supabase", "standard", (KEY, OTHER), BUCKETS),
    Source("minio", "bearer", (b"a token of 16 bytes",), ("more",)),
)
LISTED = [
    {"name": "supabase", "kind": "standard", "secrets": [SECRET, SECOND]},
    {"name": "minio", "kind": "bearer", "secrets": ["a token of 16 bytes"], "buckets": ["more"]},
]


def read(sources=None, secrets=None):
    return sources_of(secrets, sources, buckets=BUCKETS)


def one(**changed):
    return json.dumps([{"name": "one", "kind": "sha256", "secrets": ["s" * 16]} | changed])


def test_the_short_form_is_one_source_of_all_its_secrets():
    made = (Source("default", "standard", (KEY, OTHER), BUCKETS),)
    assert read(secrets=f" {SECRET} ,,{SECOND},") == made


def test_a_secret_needs_no_padding():
    assert read(secrets=f"whsec_{base64.b64encode(b'x' * 20).decode().rstrip('=')}")[0].keys == (
        b"x" * 20,
    )


@pytest.mark.parametrize(
    "text", [TOML, json.dumps(LISTED), json.dumps({"sources": LISTED}, indent=1)]
)
def test_sources_are_toml_or_json(text):
    assert read(text) == READ


@pytest.mark.parametrize(("name", "text"), [("s.toml", TOML), ("s.json", json.dumps(LISTED))])
def test_or_the_path_of_such_a_file(tmp_path, name, text):
    (tmp_path / name).write_text(text, "utf-8")
    assert read(str(tmp_path / name)) == READ


def test_both_settings_may_be_used():
    assert [s.name for s in read(TOML, SECRET)] == ["default", "supabase", "minio"]


@pytest.mark.parametrize(("secrets", "sources"), [(None, None), ("", " "), (" , ", "[]")])
def test_nothing_is_no_source(secrets, sources):
    assert read(sources, secrets) == ()


@pytest.mark.parametrize("secrets", [[], ["", " "]])
def test_a_source_without_a_secret_does_not_exist(secrets):
    assert read(one(secrets=secrets)) == ()


def test_a_source_speaks_of_its_buckets_and_by_default_of_all():
    assert read(one())[0].buckets == BUCKETS
    assert read(one(buckets=["emg_data"]))[0].buckets == ("emg_data",)


REFUSED = {
    "no list": ("42", "does not list sources"),
    "no sources": ('{"other": []}', "does not list sources"),
    "unknown kind": (one(kind="open"), r"0\.kind"),
    "unknown field": (one(secret="x"), r"0\.secret: Extra"),
    "no text": (one(secrets=[5]), r"0\.secrets\.0"),
    "neither": ("a: b", "neither TOML nor JSON"),
    "deep": ("[" * 100_000, "neither TOML nor JSON"),
    "no file": ("nowhere.toml", "cannot be read"),
    "foreign bucket": (one(buckets=["other"]), "'other', which MYOGRAPH_BUCKETS"),
    "bad name": (one(name="a b"), "needs a name"),
    "long name": (one(name="a" * 65), "needs a name"),
    "short secret": (one(secrets=["s" * 15]), "'one': A secret holds at least 16 bytes"),
    "no prefix": (one(kind="standard", secrets=["A" * 32]), "begins with whsec_"),
    "no base64": (one(kind="standard", secrets=["whsec_" + "ü" * 32]), "whsec_ and base64"),
    "half a sign": (one(kind="standard", secrets=["whsec_" + "A" * 33]), "whsec_ and base64"),
    "short key": (one(kind="standard", secrets=["whsec_" + "A" * 20]), "at least 16 bytes"),
    "twice": (json.dumps([LISTED[0], LISTED[0]]), "two webhook sources named 'supabase'"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_with_a_sentence(text, said):
    with pytest.raises(BadInput, match=said) as refused:
        read(text)
    assert refused.value.sentence.endswith(".")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "s.json").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(BadInput, match="cannot be read"):
        read(str(tmp_path / "s.json"))


@pytest.mark.parametrize("name", sorted(OURS))
def test_no_stranger_has_a_name_of_our_own_programs(name):
    with pytest.raises(BadInput, match="our own programs"):
        read(one(name=name))


def test_no_refusal_repeats_a_secret():
    for text in (one(kind="standard", secrets=["hidden"]), '[{"secrets": "hidden"}]', "hidden: x"):
        with pytest.raises(BadInput) as refused:
            read(text)
        assert "hidden" not in refused.value.sentence


def test_a_data_directory_has_a_source_by_its_own_secret():
    assert default_source(SECRET, buckets=BUCKETS) == read(secrets=SECRET)[0]
