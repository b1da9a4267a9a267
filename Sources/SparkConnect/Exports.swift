@_exported import SparkTypes
