import Diagnosis
import ModelKinds
import ProgramFunctions
import SparkFunctions
import SparkScan

extension Program {
  /// The functions that every program has.
  static let builtInFunctions: [any UserDefinedFunction] =
    [
      ModelPrediction(kinds: .ofExecutors),
      BatchModelPrediction(kinds: .ofExecutors),
      InlineBatchesFunction(),
      EchoFunction.declared,
      ScanFunction(),
      ScanProbe(),
      ExecutorProbe(),
    ] + functionsOfNodeServers

  /// Declares the functions of this process; once, at its start.
  ///
  /// - Throws: ``InferenceError`` if two functions have the same name.
  static func start(own functions: [any UserDefinedFunction]) throws -> Program {
    try start(functions: functions + builtInFunctions)
  }
}
