import Threads

extension ExecutionProvider {
  /// How many runs of one session the provider takes at a time.
  ///
  /// ONNX Runtime documents `Run` to be thread-safe, and its own kernels for the CPU are. Of the others
  /// it takes that for granted unless the provider objects, and few say anything: those for devices share
  /// streams, workspaces and engines, XNNPACK a pool of threads. So one at a time, unless somebody asks
  /// for more with ``ONNXSessionOptions/maximumConcurrentRuns``.
  var runPolicy: RunPolicy { name == Self.cpuName ? .concurrent : .oneAtATime }
}

extension ONNXSessionOptions {
  /// The policy of a session that computes with the providers called `names`: the limit that was set, or
  /// that of the strictest of them.
  func runPolicy(inUse names: [String]) -> RunPolicy {
    if let maximumConcurrentRuns { return .limited(maximumConcurrentRuns) }
    let isConcurrent = providers.allSatisfy {
      $0.runPolicy == .concurrent || !names.contains($0.name)
    }
    return isConcurrent ? .concurrent : .oneAtATime
  }
}
