"""Sessions in the same process as Spark's driver."""

from typing import Any

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.sql.classic.column import Column, _to_java_column, _to_seq
from pyspark.sql.classic.dataframe import DataFrame

from ._command import NeedletailError
from ._execution import Call


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

    def release(self, setting: str, worker: str) -> None:
        """No setting has become the worker."""

    def column(self, name: str) -> Any:
        return Column(self._jvm.org.apache.spark.sql.functions.col(name))

    def array(self, vector: str) -> Any:
        column = self._jvm.org.apache.spark.sql.functions.col(vector)
        return Column(self._jvm.org.apache.spark.ml.functions.vector_to_array(column, "float64"))

    def arguments(self, call: Call) -> list[Any]:
        """Python counts rows by its arguments."""
        if call.worker is None and not call.arguments:
            return [Column(self._jvm.org.apache.spark.sql.functions.lit(0))]
        return [self.column(name) for name in call.arguments]

    def map(self, table: Any, call: Call) -> Any:
        """The table that a function over whole batches makes of another, whose columns have plain names."""
        function = self.call(call._replace(arguments=table.columns))
        return DataFrame(table._jdf.mapInArrow(function._jc, False, None), self.spark)

    def call(self, call: Call) -> Any:
        """The column that the function gives."""
        context = self.spark.sparkContext
        code = self._jvm.SimplePythonFunction(
            bytearray(call.command), {}, [], call.worker or context.pythonExec, call.python_version, [],
            context._javaAccumulator)
        returned = self.spark._jsparkSession.parseDataType(call.returned)
        make = getattr(self._jvm, "org.apache.spark.sql.execution.python.UserDefinedPythonFunction")
        given = (call.name, code, returned, call.evaluation_type, call.deterministic)
        try:
            made = make(*given)
        except Py4JError:
            # Spark 4.3 also takes what the function may be rewritten to: nothing.
            made = make(*given, [], [])
        return Column(made.apply(_to_seq(context, self.arguments(call), _to_java_column)))
