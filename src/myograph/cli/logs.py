"""Where the log goes and in which form: set once, by whoever starts the program."""

import logging
import sys
from pathlib import Path
from typing import Literal, TextIO

import structlog


def configure(form: Literal["json", "text"], to: Path | None = None) -> None:
    """One line per event, on standard error or appended to a file.

    Libraries that log by `logging` have their warnings in the same place. The queue's lose
    the words of exceptions: they may name an object, and so a patient.
    """
    stream: TextIO = sys.stderr if to is None else to.open("a", encoding="utf-8")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _renderer(form, stream),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        stream=stream,
        level=logging.WARNING,
        format="%(asctime)s [%(levelname)s] %(name)s: %(message)s",
        force=True,
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(_without_words)


def _without_words(record: logging.LogRecord) -> bool:
    """Of what the queue says: what it did, with which task, and the kind of what went wrong."""
    if record.name.partition(".")[0] == "procrastinate":
        _, error, _ = record.exc_info or (None, None, None)
        action = getattr(record, "action", record.funcName)
        task = getattr(record, "job", {}).get("task_name")
        kind = type(error).__name__ if error else None
        record.msg, record.args = " ".join(filter(None, (action, task, kind))), ()
        record.exc_info = record.exc_text = record.stack_info = None
    return True


def _renderer(form: Literal["json", "text"], stream: TextIO) -> structlog.typing.Processor:
    if form == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0)
