@_exported public import SparkTypes
