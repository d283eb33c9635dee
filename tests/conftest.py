"""What a test may need from outside, and what becomes of it where that is missing.

A test that needs something carries its marker. Where the thing is missing the test is deselected
and the run ends with a line that says so; where MYOGRAPH_REQUIRE names the thing, the run fails.
Nothing is ever skipped or expected to fail.
"""

import os
from collections import Counter
from collections.abc import Generator, Iterator

import pytest

from tests.needs import NEEDS, ROOT, recordings_folder, required

pytest_plugins = ["tests.database", "tests.browser_fixtures", "tests.s3_server"]

_NOT_RUN = pytest.StashKey[Counter[str]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    absent = {name: reason for name, need in NEEDS.items() if (reason := need.missing())}
    forced = sorted(set(absent) & required())
    if forced:
        raise pytest.UsageError("; ".join(f"{n} is required: {absent[n]}" for n in forced))
    lacking = {item: [n for n in absent if item.get_closest_marker(n)] for item in items}
    config.stash[_NOT_RUN] = Counter(names[0] for names in lacking.values() if names)
    config.hook.pytest_deselected(items=[i for i, names in lacking.items() if names])
    items[:] = [i for i, names in lacking.items() if not names]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _not_run(terminalreporter.config):
        terminalreporter.write_line(line)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _refused(report) if report.skipped or hasattr(report, "wasxfail") else report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _refused(report) if report.skipped else report


def _refused(report):
    vars(report).pop("wasxfail", None)  # a failure that was expected does not count as one
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: skip and xfail are refused here: {report.longrepr}"
    return report


def _not_run(config: pytest.Config) -> Iterator[str]:
    counted = config.stash.get(_NOT_RUN, None)
    if counted is None:  # with xdist only the workers collect; they count alike
        counted = Counter(_collected_elsewhere(config))
    for name, count in counted.items():
        tests = "1 test" if count == 1 else f"{count} tests"
        yield f"not run: {tests} {NEEDS[name].what}, {NEEDS[name].missing()}"


def _collected_elsewhere(config: pytest.Config) -> dict[str, int]:
    return getattr(config, "_myograph_not_run", {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node) -> None:
    node.config._myograph_not_run = node.workeroutput.get("not_run", {})


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["not_run"] = dict(session.config.stash.get(_NOT_RUN, Counter()))


@pytest.fixture(scope="session")
def recordings():
    """The folder of real recordings."""
    return recordings_folder()


os.environ.setdefault("OMP_NUM_THREADS", "1")  # 2 cores, several processes
os.environ["PYTHONPATH"] = str(ROOT / "src")  # for the programs that tests start
