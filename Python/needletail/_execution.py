"""How the executors come to run the program: in the place of Python, or beside their own.

With the modes of the Swift client: `direct`, `shim`, and `auto`, which finds out.
"""

import base64
import json
import logging
import os
import pickle
import re
import sys
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple
from weakref import WeakKeyDictionary

from pyspark.sql.types import StructType

from ._command import NeedletailError

SETTINGS = ("auto", "direct", "shim")
_VARIABLE = "NEEDLETAIL_EXECUTION_MODE"
_VERSION_VARIABLE = "NEEDLETAIL_EXECUTOR_PYTHON"
_log = logging.getLogger("needletail")


class Call(NamedTuple):
    """A function as a query carries it."""

    name: str
    command: bytes
    evaluation_type: int
    # The form of Spark's protocol for the program, or the version of Python.
    python_version: str
    # What executors start for it: the program, or nothing of ours.
    worker: Optional[str]
    # In Spark's JSON.
    returned: str
    deterministic: bool
    # As SQL names them.
    arguments: List[str]
    # Whether the other columns of its table pass by it.
    carries: bool = False


class Execution(NamedTuple):
    """How a session runs the functions of plans."""

    mode: str
    # The Python of the executors, in `shim`.
    version: str = ""

    def call(self, plan: Dict[str, Any], name: str, settings: Dict[str, str]) -> Call:
        """The call of the plan's function called `name`."""
        function = plan[name]
        call = Call(
            function["name"], base64.b64decode(function["command"]), function["evaluationType"],
            function["pythonVersion"], plan["worker"], function["returnType"],
            function["isDeterministic"], function["arguments"])
        if self.mode == "direct":
            return call
        shim = plan["shim"]
        if name not in shim:
            raise NeedletailError(shim["refusal"])
        specification = {**shim[name]["specification"], "settings": settings}
        names = {
            **shim["names"], "spec": json.dumps(specification, sort_keys=True),
            "command": call.command, "kind": shim[name]["returnType"]}
        return call._replace(
            command=pickle.dumps(_Evaluated(shim["expression"], names), protocol=4),
            evaluation_type=shim[name]["evaluationType"], python_version=self.version, worker=None,
            carries="passing" in specification)


def returned_type(call: Call) -> StructType:
    """The type that a function gives, as PySpark has it."""
    try:
        return StructType.fromJson(json.loads(call.returned))
    except ImportError as error:
        # Vectors of Spark ML are classes of a module that needs NumPy.
        raise NeedletailError(
            f"columns of vectors need pyspark.ml in this Python, which cannot be loaded: {error}; install "
            "what is missing (pip install numpy), or take them as arrays"
        ) from error


class _Evaluated:
    """What is pickled as a call of `eval`."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __reduce__(self) -> Tuple[Any, Tuple[Any, ...]]:
        return eval, self.arguments


_known: "WeakKeyDictionary[Any, Dict[str, Execution]]" = WeakKeyDictionary()


def asked(mode: Optional[str]) -> str:
    """The mode that an argument says, or the environment."""
    name, mode = ("execution_mode", mode) if mode else (_VARIABLE, os.environ.get(_VARIABLE) or "auto")
    if mode not in SETTINGS:
        raise NeedletailError(f"{name} is {mode!r}; it must be {', '.join(SETTINGS)}")
    return mode


def line(error: Any) -> str:
    """The line of an error that says what it was: gRPC's own, or Java's and Python's last one."""
    text = str(error)
    details = re.search(r'^\s*details = "(.*)"$', text, re.MULTILINE)
    if details:
        return details[1][:300]
    text = re.split(r"\n\s*(?:Driver|JVM) stacktrace:", text)[0]
    lines = [each for each in text.splitlines() if each.strip() and not each.startswith("\t")]
    return (lines or [type(error).__name__])[-1].strip()[:300]


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Tells of what the session does not do, in one form for all that Spark and gRPC raise."""
    try:
        yield
    except NeedletailError:
        raise
    except Exception as error:
        raise NeedletailError(f"{doing}: {line(error)}") from error


class Choice:
    """Finds out how a session runs the functions of a plan."""

    def __init__(self, session: Any, plan: Dict[str, Any], mode: str) -> None:
        self.session, self.plan, self.mode = session, plan, mode
        self.known = _known.setdefault(session.spark, {})
        self.before = self.known.get(plan["worker"])
        # Why the session may not start the program, if it may not.
        self.refusal: Optional[str] = None

    def settings(self) -> Dict[str, str]:
        """Those that the program takes from the session, with Spark's defaults.

        PySpark's `get` gives a default of its caller's, if there is one, in the place of Spark's.
        """
        conf = self.session.spark.conf
        return {name: conf.get(name) for name in self.plan["shim"]["settings"]}

    def begin(self) -> None:
        """Says what the executors start, as far as that is known before anything is sent."""
        setting, worker = self.plan["workerSetting"], self.plan["worker"]
        if self.mode == "shim":
            self.session.release(setting, worker)
        elif self.mode == "direct" or not self.before or self.before.mode == "direct":
            try:
                with explained(f"the server does not let the session choose its worker program ({setting})"):
                    self.session.choose(setting, worker)
            except NeedletailError as error:
                if self.mode == "direct":
                    raise NeedletailError(
                        f"{error}; or let its own Python pass the batches on: execution_mode='shim'"
                    ) from error
                self.refusal = str(error)

    def finish(self) -> Execution:
        """The same when the program has been sent: with a query of one row where that must be tried."""
        before = self.before
        if before and not self.refusal and self.mode in ("auto", before.mode):
            return before
        if self.mode == "direct":
            found = Execution("direct")
        elif self.mode == "shim" or self.refusal:
            found = self._shim()
        else:
            found = self._tried()
        if self.mode == "auto" and found.mode == "shim":
            _log.warning(
                "execution mode shim: the executors' own Python passes the batches to the program, since %s",
                self.refusal)
        elif self.mode == "auto":
            _log.info("execution mode direct: the executors start the program")
        self.known[self.plan["worker"]] = found
        return found

    def _tried(self) -> Execution:
        direct = Execution("direct")
        failure = self._failure(direct)
        if failure is None:
            return direct
        setting, worker = self.plan["workerSetting"], self.plan["worker"]
        self.session.release(setting, worker)
        try:
            found = self._shim(_version(failure))
        except NeedletailError as error:
            # It is something else, which the query tells as it is.
            _log.debug("%s", error)
            self.session.choose(setting, worker)
            return direct
        python = _version(failure)
        self.refusal = (
            f"the executors start their Python {python} whatever the session sets" if python
            else f"the executors do not start it as their worker: {line(failure)}")
        return found

    def _shim(self, version: Optional[str] = None) -> Execution:
        """Python's version is told only by its refusal of another one."""
        tries = [os.environ.get(_VERSION_VARIABLE) or version or "%d.%d" % sys.version_info[:2]]
        while True:
            execution = Execution("shim", tries[-1])
            failure = self._failure(execution)
            if failure is None:
                return execution
            other = _version(failure)
            if other is None or other in tries:
                raise NeedletailError(
                    "the executors' own Python does not pass batches on to the program (execution mode "
                    f"shim): {line(failure)}") from failure
            tries.append(other)

    def _failure(self, execution: Execution) -> Optional[Exception]:
        """Why a row does not come back from the program, if it does not."""
        try:
            spark = self.session.spark
            call = execution.call(self.plan, "probe", self.settings())
            rows = self.session.map(spark.range(0, 1, 1, 1), call).collect()
            return None if [list(row) for row in rows] == [[0]] else ValueError(f"the row became {rows}")
        except Exception as error:
            return error


def _version(error: Exception) -> Optional[str]:
    """PySpark's words: `Python in worker has different version: 3.11 than that in driver: ?`."""
    found = re.search(r"different version:? \(?(\d+\.\d+)", str(error))
    return found[1] if found else None
