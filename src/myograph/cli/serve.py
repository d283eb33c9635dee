"""The service and its parts: `serve`, `work`, `migrate` and `demo`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from myograph.cli.system import System

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Where everything is kept; MYOGRAPH_DATA_DIR."),
]
Host = Annotated[str | None, typer.Option("--host", help="Where to listen; MYOGRAPH_HOST.")]
Port = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, help="8000; 0: any free one; MYOGRAPH_PORT."),
]


def register(app: typer.Typer) -> None:
    for command in (serve, work, migrate, demo):
        app.command()(command)


def serve(
    *,
    data_dir: DataDir = None,
    host: Host = None,
    port: Port = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Only the web; `myograph work` runs elsewhere.")
    ] = False,
) -> None:
    """Run the service: web, worker and, where no database is named, its own PostgreSQL.

    Example: myograph serve --data-dir ./data --port 8000
    """
    import contextlib

    from myograph.cli import logs, serving, system

    settings = system.settings_for(data_dir, host=host, port=port)
    logs.configure(settings.log)
    system.event_targets(settings)  # said here, where somebody reads it, and not by the worker
    serving.stop_when_told()
    listener = serving.listening(settings.host, settings.port)
    with system.running(settings) as ready, contextlib.ExitStack() as while_serving:
        first = serving.first_link(ready, settings.host)
        if not no_worker:
            while_serving.enter_context(serving.worker(ready))
        serving.serve(ready, listener, lambda address: _announce(ready, address, first))


def _announce(system: "System", address: str, first: str | None) -> None:
    typer.echo(f"Myograph is ready at {address}")
    if first is not None:
        typer.echo(
            "There is no administrator yet. Whoever opens this link within a day becomes the first"
            f" one; it is good once:\n  {address}{first}"
        )
    if not system.sources:
        typer.echo(
            "Neither MYOGRAPH_WEBHOOK_SECRETS nor MYOGRAPH_WEBHOOK_SOURCES is set: what a store"
            " announces is refused with 503, and found by the sweep within 15 minutes."
            " `myograph doctor` says what else is missing."
        )


def work(
    *,
    data_dir: DataDir = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", min=1, help="Analyses at once; one per core.")
    ] = None,
    log_file: Annotated[
        Path | None, typer.Option("--log-file", help="Not on the terminal.")
    ] = None,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Analyse what has been uploaded, until stopped; any number may run, on any machine.

    Example: MYOGRAPH_WORKER_DATABASE_URL=postgresql://... myograph work --concurrency 2
    """
    from myograph.cli import children, logs, system
    from myograph.services.forget_old import Retention
    from myograph.worker.measuring import Limits
    from myograph.worker.run import run_worker

    settings = system.settings_for(data_dir)
    logs.configure(settings.log, log_file)
    if with_parent:
        children.stop_with_parent()
    targets = system.event_targets(settings)
    with system.bench(settings) as bench:
        system.keep_pseudonym_key(bench)
        run_worker(
            bench.url,
            bench.store,
            pseudonym_key=bench.pseudonym_key,
            timezone=settings.timezone,
            concurrency=concurrency or os.cpu_count() or 1,
            targets=targets,
            limits=Limits(memory_mb=settings.measure_memory_mb, measure_s=settings.measure_seconds),
            buckets=settings.accepted_buckets,
            keeping=system.keeping(bench, settings),
            retention=Retention(settings.retain_events_days, settings.retain_sign_ins_days),
        )


def migrate(*, data_dir: DataDir = None) -> None:
    """Bring the database up to date: that of MYOGRAPH_MIGRATE_DATABASE_URL, else the embedded one.

    Example: MYOGRAPH_MIGRATE_DATABASE_URL=postgresql://... myograph migrate
    """
    from myograph.cli import system

    applied = system.bring_up_to_date(system.settings_for(data_dir))
    typer.echo("\n".join(f"applied {name}" for name in applied) or "the database is up to date")


def demo(
    *,
    data_dir: DataDir = None,
    host: Host = None,
    port: Port = None,
    sessions: Annotated[
        int, typer.Option("--sessions", min=0, max=10, help="Of each of the three patients.")
    ] = 10,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the last demo's data.")] = False,
) -> None:
    """Run the whole system on this machine with made-up patients, and say who may sign in.

    Example: myograph demo --port 8080
    """
    from myograph.cli import demonstration
    from myograph.settings import Settings

    # No `.env` is read: the one beside the real data may name the real database.
    given = {"data_dir": data_dir, "host": host, "port": port}
    settings = Settings().model_copy(update={k: v for k, v in given.items() if v is not None})
    demonstration.run(settings, sessions=sessions, fresh=fresh, any_port=port is None)
