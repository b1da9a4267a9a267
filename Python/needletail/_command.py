"""The command `needletail`, which makes the plans."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, Sequence


class NeedletailError(Exception):
    """Why a model cannot predict a table: what is wrong, where, and what to do about it."""


def program() -> str:
    """The command: that of the variable NEEDLETAIL_COMMAND, of this Python's environment, of the PATH."""
    named = os.environ.get("NEEDLETAIL_COMMAND")
    if named:
        return named
    for folder in (Path(sys.executable or "python3").parent, Path(sysconfig.get_path("scripts"))):
        if os.access(folder / "needletail", os.X_OK):
            return str(folder / "needletail")
    found = shutil.which("needletail")
    if not found:
        raise NeedletailError(
            f"there is no command needletail, neither beside {sys.executable} nor on the PATH; install the "
            "wheel into this environment, or name the command in NEEDLETAIL_COMMAND"
        )
    return found


def plan(arguments: Sequence[str], schema: str) -> dict[str, Any]:
    """What `needletail plan` makes of a schema in JSON."""
    # The libraries that run models are often in this environment, and the command in none.
    environment = {"NEEDLETAIL_PYTHON": sys.executable or "python3", **os.environ}
    command = [program(), "plan", *arguments, "--schema", "-", "--json"]
    try:
        done = subprocess.run(
            command, input=schema, capture_output=True, text=True, env=environment, encoding="utf-8")
    except OSError as error:
        raise NeedletailError(f"{command[0]} cannot be started: {error}") from error
    said = done.stderr.strip()
    if done.returncode:
        # Behind what is wrong with a command line stands how it is used, which nobody asks here.
        usage = ("Help: ", "Usage: ", "See '")
        lines = said.splitlines()
        end = next((place for place, line in enumerate(lines) if line.startswith(usage)), len(lines))
        said = "\n".join(lines[:end]).removeprefix("error: ")
        raise NeedletailError(said or f"{command[0]} ended with {done.returncode} and said nothing")
    if said:
        print(said, file=sys.stderr)
    result: dict[str, Any] = json.loads(done.stdout)
    if result.get("format") != 2:
        raise NeedletailError(
            f"{command[0]} makes plans of the form {result.get('format')}, and this module reads 2; install "
            "both from the same wheel"
        )
    return result
