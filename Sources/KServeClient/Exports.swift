@_exported public import KServeProtocol
@_exported public import Models
@_exported public import Tensors
