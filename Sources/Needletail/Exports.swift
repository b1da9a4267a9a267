@_exported import ArrowIPC
@_exported import BatchInference
@_exported import ONNXRuntime
@_exported import SparkConnect
@_exported import SparkTypes
@_exported import Tensors
