import inspect

from myograph import errors

ALL = [
    e
    for _, e in inspect.getmembers(errors, inspect.isclass)
    if issubclass(e, errors.MyographError) and e is not errors.MyographError
]


def test_every_error_has_a_code_of_its_own():
    codes = [e.code for e in ALL]
    assert len(set(codes)) == len(codes)


def test_every_error_stands_in_the_tree_at_the_top():
    assert errors.__doc__
    assert [e.__name__ for e in ALL if f" {e.__name__} " not in errors.__doc__ + " "] == []


def test_an_error_is_its_sentence():
    assert errors.NotFound("no session 7").sentence == "no session 7"
