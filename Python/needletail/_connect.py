"""Sessions of Spark Connect."""

import base64
import json
import tempfile
import uuid
from typing import Any
from weakref import WeakKeyDictionary

from pyspark.sql.connect import proto
from pyspark.sql.connect.column import Column
from pyspark.sql.connect.expressions import CommonInlineUserDefinedFunction, PythonUDF
from pyspark.sql.connect.functions import col
from pyspark.sql.connect.types import pyspark_types_to_proto_types
from pyspark.sql.types import StructType

from ._command import NeedletailError

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

    def column(self, name: str) -> Any:
        return col(name)

    def array(self, vector: str) -> Any:
        from pyspark.ml.connect.functions import vector_to_array

        return vector_to_array(col(vector))

    def call(self, function: dict[str, Any], worker: str) -> Any:
        """The column that the function gives."""
        arguments: list[Any] = [col(name)._expr for name in function["arguments"]]
        return Column(
            CommonInlineUserDefinedFunction(
                function["name"], _Function(function), function["isDeterministic"], arguments))


class _Function(PythonUDF):
    """A function whose command is not Python's."""

    def __init__(self, function: dict[str, Any]) -> None:
        try:
            returned = StructType.fromJson(json.loads(function["returnType"]))
        except ImportError as error:
            # Vectors of Spark ML are classes of a module that needs NumPy.
            raise NeedletailError(
                f"columns of vectors need pyspark.ml in this Python, which cannot be loaded: {error}; install "
                "what is missing (pip install numpy), or take them as arrays"
            ) from error
        super().__init__(returned, function["evaluationType"], lambda: None, function["pythonVersion"])
        self._command = base64.b64decode(function["command"])

    def to_plan(self, session: Any) -> Any:
        message = proto.PythonUDF()
        message.output_type.CopyFrom(pyspark_types_to_proto_types(self._output_type))
        message.eval_type = self._eval_type
        message.command = self._command
        message.python_ver = self._python_ver
        return message
