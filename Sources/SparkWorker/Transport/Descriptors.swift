import Glibc

/// Writes all of `bytes` to a descriptor.
///
/// - Returns: whether that was possible; else `errno` says why not.
@discardableResult
func writeAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
  var rest = bytes
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count <= 0 { return false }
    rest = rest.dropFirst(count)
  }
  return true
}

extension WorkerError {
  /// What the system said when a call failed just now.
  static func system(_ what: String, _ code: Code = .launch) -> WorkerError {
    WorkerError(code, "\(what): \(String(cString: strerror(errno)))")
  }
}
