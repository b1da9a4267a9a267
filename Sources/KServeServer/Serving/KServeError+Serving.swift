import KServeProtocol

extension KServeError {
  /// A request waited longer than it may.
  static var queueTimeout: KServeError { KServeError(.unavailable, "Request timeout expired") }

  /// The client went away, or gave the request up.
  static var requestCancelled: KServeError { KServeError(.cancelled, "Request was cancelled") }
}
