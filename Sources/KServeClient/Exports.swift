@_exported public import BatchInference
@_exported public import KServeProtocol
@_exported public import Tensors
