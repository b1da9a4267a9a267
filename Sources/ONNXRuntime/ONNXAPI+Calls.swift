extension ONNXAPI {
  /// Throws what `failure` says, unless it is success.
  func check(_ failure: Failure) throws(ONNXStatus) {
    guard let failure else { return }
    defer { releaseStatus(failure) }
    var text = Substring(String(cString: getErrorMessage(failure)))
    while text.last?.isWhitespace ?? false { text.removeLast() }
    throw ONNXStatus(code: getErrorCode(failure), text: String(text))
  }

  /// The object that `body` writes.
  func object(_ body: (Out) -> Failure) throws(ONNXStatus) -> OpaquePointer {
    var object: OpaquePointer?
    try check(body(&object))
    guard let object else { throw ONNXStatus(code: 1, text: "the runtime returned no object") }
    return object
  }

  /// The number that `body` writes.
  func number<Number: FixedWidthInteger>(
    _ body: (UnsafeMutablePointer<Number>) -> Failure
  ) throws(ONNXStatus) -> Number {
    var number: Number = 0
    try check(body(&number))
    return number
  }

  /// The text that `body` writes, whose memory belongs to `allocator`; empty if it writes none.
  func text(allocator: Object, _ body: (TextOut) -> Failure) throws(ONNXStatus) -> String {
    var text: UnsafeMutablePointer<CChar>?
    try check(body(&text))
    guard let text else { return "" }
    let copy = String(cString: text)
    try check(free(allocator, text))
    return copy
  }

  /// The runtime's providers, in its order of preference.
  func availableProviders() throws(ONNXStatus) -> [String] {
    var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    var count: Int32 = 0
    try check(getAvailableProviders(&list, &count))
    guard let list else { return [] }
    let names = (0..<Int(count)).compactMap { list[$0].map { String(cString: $0) } }
    try check(releaseAvailableProviders(list, count))
    return names
  }
}
