#if Images
@_exported public import ImagePreprocessing
#endif
#if KServe
@_exported public import KServeClient
@_exported public import KServeServer
@_exported public import NodeServers
#endif
#if TensorFlow
@_exported public import TensorFlowRuntime
#endif
#if Text
@_exported public import TextPipelines
#endif
#if PyTorch
@_exported public import TorchRuntime
#endif
