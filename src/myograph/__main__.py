"""`python -m myograph` is the command `myograph`."""

from myograph.cli.main import run

run()
