extension ExecutionProvider {
  /// Any other provider that the library has, such as `XNNPACK` or `QNNExecutionProvider`.
  ///
  /// - Parameters:
  ///   - name: the runtime's name, with or without `ExecutionProvider`.
  ///   - options: keys and values as the provider documents them.
  ///   - isRequired: whether a session fails without it; otherwise the next provider computes.
  public static func other(
    _ name: String, _ options: [String: String] = [:], isRequired: Bool = true
  ) -> Self {
    let suffix = "ExecutionProvider"
    return Self(
      name: name.hasSuffix(suffix) ? name : name + suffix, options: options,
      isRequired: isRequired)
  }
}
