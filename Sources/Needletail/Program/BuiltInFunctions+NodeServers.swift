import ModelKinds
import ProgramFunctions
import SparkFunctions

#if KServe
import NodeServers
#endif

/// What every program has for servers beside executors, unless it was built without them.
#if KServe
extension Program {
  static let functionsOfNodeServers: [any UserDefinedFunction] = [NodeServersFunction.declared]
}

extension ModelKinds {
  /// The kinds that executors load: those that every program has, and the models of the servers beside
  /// them.
  static let ofExecutors = builtIn.adding(NodeServerKind())
}

extension SparkWorkerMode {
  /// Never returns in a process that a worker started for a server beside the executor.
  static func superviseIfAsked() { SupervisorMode.enterIfAsked() }
}
#else
extension Program {
  static let functionsOfNodeServers: [any UserDefinedFunction] = []
}

extension ModelKinds {
  /// The kinds that executors load: those that every program has.
  static let ofExecutors = builtIn
}

extension SparkWorkerMode {
  static func superviseIfAsked() {}
}
#endif
