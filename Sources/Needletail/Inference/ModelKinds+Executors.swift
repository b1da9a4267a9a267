import ModelKinds
import NodeServers

extension ModelKinds {
  /// The kinds that executors load: those that every program has, and the models of the servers beside
  /// them.
  static let ofExecutors = builtIn.adding(NodeServerKind())
}
