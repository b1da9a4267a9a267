import KServeProtocol

extension KServeError {
  /// A request waited longer than it may.
  static var queueTimeout: KServeError { KServeError(.unavailable, "Request timeout expired") }

  /// The client went away, or gave the request up.
  static var requestCancelled: KServeError { KServeError(.cancelled, "Request was cancelled") }
}

extension KServeError {
  /// CUDA's shared memory is not served.
  static var noCUDA: KServeError {
    KServeError(
      .unimplemented,
      "this server does not take CUDA shared memory; register system shared memory, or send the "
        + "tensors with the request")
  }
}
