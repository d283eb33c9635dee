"""A new Supabase project per test, on PostgreSQL 15 and 18 (Supabase's own is 17)."""

import pytest

from tests.needs import postgres_15
from tests.supabase.project import EMPTY, INSTALLED, project_of, supabase_server

VERSIONS = ["18", pytest.param("15", marks=pytest.mark.postgres15)]


@pytest.fixture(scope="session", params=VERSIONS)
def supabase(request):
    with supabase_server(
        request.param, postgres_15() if request.param == "15" else None
    ) as cluster:
        yield cluster


@pytest.fixture
def new_project(supabase):
    """A project that knows nothing of us."""
    with project_of(supabase, EMPTY) as project:
        yield project


@pytest.fixture
def own_project(supabase):
    """A project with all of ours, to be changed in any way; `project` is much quicker."""
    with project_of(supabase, INSTALLED) as project:
        project.settle()
        yield project


@pytest.fixture(scope="session")
def shared_project(supabase):
    with project_of(supabase, INSTALLED) as project:
        yield project


@pytest.fixture
def project(shared_project):
    """A project with all of ours, an address and one secret; its tables are emptied before."""
    shared_project.settle()
    return shared_project


@pytest.fixture
def storage(project):
    with project.storage() as storage:
        yield storage


@pytest.fixture
def own_storage(own_project):
    with own_project.storage() as storage:
        yield storage
