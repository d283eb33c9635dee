from myograph.web.static_files import read_folder


def folder(tmp_path, **files):
    for name, content in files.items():
        (tmp_path / f"{name}.js").write_text(content)
    return read_folder(tmp_path)


def test_the_address_changes_with_any_file(tmp_path):
    before = folder(tmp_path, page="1", live="2").digest
    assert folder(tmp_path, page="1", live="2").digest == before
    assert folder(tmp_path, live="3").digest != before


def test_moving_a_byte_from_one_file_to_the_next_changes_it_too(tmp_path):
    before = folder(tmp_path, a="12", b="3").digest
    assert folder(tmp_path, a="1", b="23").digest != before


def test_files_in_folders_keep_their_path(tmp_path):
    (tmp_path / "icons").mkdir()
    (tmp_path / "icons" / "a.svg").write_bytes(b"<svg/>")
    assert read_folder(tmp_path).content == {"icons/a.svg": b"<svg/>"}
