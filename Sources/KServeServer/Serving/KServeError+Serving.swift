import KServeProtocol

extension KServeError {
  /// What Triton's messages about a request begin with.
  static func prefix(ofRequest id: String) -> String {
    "[request id: \(id.isEmpty ? "<id_unknown>" : id)] "
  }

  /// A request waited longer than it may.
  static var queueTimeout: KServeError { KServeError(.unavailable, "Request timeout expired") }

  /// The client went away, or gave the request up.
  static var requestCancelled: KServeError { KServeError(.cancelled, "Request was cancelled") }
}

extension KServeError {
  /// There are no regions of CUDA's shared memory.
  static func noCUDARegion(_ name: String) -> KServeError {
    KServeError(.notFound, "Unable to find cuda shared memory region: '\(name)'")
  }

  /// CUDA's shared memory is not served.
  static var noCUDA: KServeError {
    KServeError(
      .unimplemented,
      "this server does not take CUDA shared memory; register system shared memory, or send the "
        + "tensors with the request")
  }
}
