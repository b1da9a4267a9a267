"""Sessions in the same process as Spark's driver."""

import base64
from typing import Any

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.sql.classic.column import Column, _to_java_column, _to_seq

from ._command import NeedletailError


class Session:
    """What a plan needs of a session."""

    def __init__(self, spark: Any) -> None:
        self.spark = spark
        # It sends files for all of its sessions.
        self.owner = spark.sparkContext
        self._jvm = spark.sparkContext._jvm

    def is_here(self) -> bool:
        """Whether the only executor is this process's."""
        master: str = self.spark.sparkContext.master
        return master == "local" or master.startswith("local[")

    def choose(self, setting: str, worker: str) -> None:
        """The function itself names the worker, unless the session has one for all functions."""
        chosen = self.spark.conf.get(setting, None)
        if chosen not in (None, worker):
            raise NeedletailError(
                f"the session starts {chosen} as the worker of all functions ({setting}), which goes before "
                f"that of the predictions; unset it: spark.conf.unset({setting!r})"
            )

    def column(self, name: str) -> Any:
        return Column(self._jvm.org.apache.spark.sql.functions.col(name))

    def array(self, vector: str) -> Any:
        column = self._jvm.org.apache.spark.sql.functions.col(vector)
        return Column(self._jvm.org.apache.spark.ml.functions.vector_to_array(column, "float64"))

    def call(self, function: dict[str, Any], worker: str) -> Any:
        """The column that the function gives."""
        context = self.spark.sparkContext
        code = self._jvm.SimplePythonFunction(
            bytearray(base64.b64decode(function["command"])), {}, [], worker, function["pythonVersion"], [],
            context._javaAccumulator)
        returned = self.spark._jsparkSession.parseDataType(function["returnType"])
        make = getattr(self._jvm, "org.apache.spark.sql.execution.python.UserDefinedPythonFunction")
        given = (
            function["name"], code, returned, function["evaluationType"], function["isDeterministic"])
        try:
            made = make(*given)
        except Py4JError:
            # Spark 4.3 also takes what the function may be rewritten to: nothing.
            made = make(*given, [], [])
        arguments = [self.column(name) for name in function["arguments"]]
        return Column(made.apply(_to_seq(context, arguments, _to_java_column)))
