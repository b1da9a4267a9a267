extension WorkerContext {
  /// The value called `name` that all tasks of this process share, made by `load` when the first one
  /// asks: how functions of whole batches keep a model.
  ///
  /// ```swift
  /// let model = try await worker.shared("digits") {
  ///   try ONNXSession(path: worker.file("digits.onnx"))
  /// }
  /// ```
  /// - Throws: what `load` threw, now or shortly before.
  public func shared<Value: Sendable>(
    _ name: String, load: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    // The type keeps values of different functions apart that happen to have the same name.
    try await models.value(
      for: ModelCache.Key(id: "\(name): \(Value.self)@\(filesDirectory)"), load: load)
  }
}
