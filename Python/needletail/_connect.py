"""Sessions of Spark Connect."""

import tempfile
import uuid
from typing import Any
from weakref import WeakKeyDictionary

from pyspark.sql.connect import proto
from pyspark.sql.connect.column import Column
from pyspark.sql.connect.dataframe import DataFrame
from pyspark.sql.connect.expressions import CommonInlineUserDefinedFunction, PythonUDF
from pyspark.sql.connect.functions import col, lit
from pyspark.sql.connect.plan import MapPartitions
from pyspark.sql.connect.types import pyspark_types_to_proto_types

from ._execution import Call, returned_type

_here: "WeakKeyDictionary[Any, bool]" = WeakKeyDictionary()


class Session:
    """What a plan needs of a session."""

    def __init__(self, spark: Any) -> None:
        self.spark = spark
        self.owner = spark

    def is_here(self) -> bool:
        """Whether the only executor runs on this machine and sees this user's files; asked once."""
        if self.spark not in _here:
            _here[self.spark] = self._sees_files()
        return _here[self.spark]

    def _sees_files(self) -> bool:
        master = self.spark.conf.get("spark.master", "")
        if master != "local" and not master.startswith("local["):
            return False
        # An address of this machine may lead through a tunnel, or into a container.
        mark = uuid.uuid4().hex
        with tempfile.NamedTemporaryFile("w", prefix="needletail-") as file:
            file.write(mark)
            file.flush()
            try:
                return [row.value for row in self.spark.read.text(f"file:{file.name}").collect()] == [mark]
            except Exception:
                return False

    def choose(self, setting: str, worker: str) -> None:
        """Makes executors start the worker, for all functions of the session's later queries."""
        self.spark.conf.set(setting, worker)

    def release(self, setting: str, worker: str) -> None:
        """Lets executors start their Python again, if they have started the worker."""
        if self.spark.conf.get(setting, "") == worker:
            self.spark.conf.unset(setting)

    def column(self, name: str) -> Any:
        return col(name)

    def array(self, vector: str) -> Any:
        from pyspark.ml.connect.functions import vector_to_array

        return vector_to_array(col(vector))

    def arguments(self, call: Call) -> list[Any]:
        """Python counts rows by its arguments."""
        if call.worker is None and not call.arguments:
            return [lit(0)]
        return [col(name) for name in call.arguments]

    def map(self, table: Any, call: Call) -> Any:
        """The table that a function over whole batches makes of another, whose columns have plain names."""
        function = _Batches(self._inline(call._replace(arguments=table.columns)))
        # PySpark asks its own functions for their message.
        plan = MapPartitions(table._plan, function, [], False, None)  # type: ignore[arg-type]
        return DataFrame(plan, self.spark)

    def call(self, call: Call) -> Any:
        """The column that the function gives."""
        return Column(self._inline(call))

    def _inline(self, call: Call) -> CommonInlineUserDefinedFunction:
        arguments = [argument._expr for argument in self.arguments(call)]
        return CommonInlineUserDefinedFunction(call.name, _Function(call), call.deterministic, arguments)


class _Batches:
    """A function as PySpark's plans take it."""

    def __init__(self, function: CommonInlineUserDefinedFunction) -> None:
        self._function = function

    def _build_common_inline_user_defined_function(
        self, *columns: Any
    ) -> CommonInlineUserDefinedFunction:
        return self._function


class _Function(PythonUDF):
    """A function whose command is not PySpark's."""

    def __init__(self, call: Call) -> None:
        super().__init__(
            returned_type(call), call.evaluation_type, lambda: None, call.python_version)
        self._command = call.command

    def to_plan(self, session: Any) -> Any:
        message = proto.PythonUDF()
        message.output_type.CopyFrom(pyspark_types_to_proto_types(self._output_type))
        message.eval_type = self._eval_type
        message.command = self._command
        message.python_ver = self._python_ver
        return message
