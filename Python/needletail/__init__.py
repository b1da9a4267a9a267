"""Predictions of PySpark's tables with Needletail: `df = predicting(df, "model.onnx")`.

The command `needletail` plans them, and Spark's executors start it as their worker; what is here only
hands the plan to the session, over Spark Connect or in a classic one.
"""

from ._command import NeedletailError
from ._predicting import predicting

__all__ = ["NeedletailError", "predicting"]
