extension ModelCache.Key {
  /// What a function's model depends on: the function, its parameters, and the session's files.
  init(_ invocation: FunctionInvocation, _ worker: WorkerContext) {
    self.init(
      id: "\(invocation.id)@\(worker.filesDirectory)", parameters: invocation.parameters)
  }
}
