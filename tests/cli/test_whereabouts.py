from myograph.cli.whereabouts import FILE, address_of, noted


def test_where_a_service_answers_is_known_for_as_long_as_it_runs(tmp_path):
    with noted(tmp_path) as note:
        note("http://127.0.0.1:8655")
        assert address_of(tmp_path, "127.0.0.1", 8000) == "http://127.0.0.1:8655"
    assert address_of(tmp_path, "127.0.0.1", 8000) == "http://127.0.0.1:8000"
    assert address_of(tmp_path, "::1", 8000) == "http://[::1]:8000"


def test_a_folder_that_takes_no_file_is_no_trouble(tmp_path):
    (tmp_path / FILE).mkdir()
    with noted(tmp_path) as note:
        note("http://127.0.0.1:8655")
    assert address_of(tmp_path, "127.0.0.1", 8000) == "http://127.0.0.1:8000"
