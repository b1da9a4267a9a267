import FoundationEssentials
import SparkConnectProtocol
package import SparkTypes
import SwiftProtobuf

/// A function whose code the executors run in a worker process of the client's choosing; it travels
/// in Spark's message for Python functions, whose command Spark passes on without looking into it.
package struct InlineFunction: Sendable {
  package var name: String
  /// The type of the column; for functions over whole batches a struct of the output columns.
  package var returnType: DataType
  /// Spark's number of the way in which the function sees data, for example 204.
  package var evaluationType: Int32
  package var isDeterministic: Bool
  /// The bytes that the worker gets, made from the names of the arguments.
  package var command: @Sendable (_ argumentNames: [String]) throws -> [UInt8]
  /// Checks the types of the arguments before a job starts.
  package var check: @Sendable (_ arguments: [(name: String, type: DataType)]) throws -> Void
  /// What computes it in this process, if something does; who can use it knows its type.
  package var local: (any Sendable)?
  /// Who reads the files of its table; `nil` for the session's choice.
  package var scan: ScanChoice?
  /// What its values come from, for those who write them; who can use it knows its type.
  package var origin: (any Sendable)?

  package init(
    name: String, returnType: DataType, evaluationType: Int32, isDeterministic: Bool = true,
    command: @escaping @Sendable ([String]) throws -> [UInt8],
    check: @escaping @Sendable ([(name: String, type: DataType)]) throws -> Void,
    local: (any Sendable)? = nil, scan: ScanChoice? = nil, origin: (any Sendable)? = nil
  ) {
    self.name = name
    self.returnType = returnType
    self.evaluationType = evaluationType
    self.isDeterministic = isDeterministic
    self.command = command
    self.check = check
    self.local = local
    self.scan = scan
    self.origin = origin
  }

  /// The function's message, applied to `arguments`.
  func message(
    _ arguments: [Spark_Connect_Expression], names: [String], version: (major: Int, minor: Int)
  ) throws -> Spark_Connect_CommonInlineUserDefinedFunction {
    let command = try command(names)
    return .with {
      $0.functionName = name
      $0.deterministic = isDeterministic
      $0.arguments = arguments
      $0.pythonUdf.outputType = returnType.proto
      $0.pythonUdf.evalType = evaluationType
      $0.pythonUdf.command = Data(command)
      // The worker reads here which version's protocol it will be spoken to in.
      $0.pythonUdf.pythonVer = "\(NativeMarker.prefix)\(version.major).\(version.minor)"
    }
  }
}

/// An inline function applied within a plan.
package struct InlineCall: Sendable {
  package var function: InlineFunction
  /// The arguments; empty for a function over whole batches, which gets all columns of the input.
  package var arguments: [Column]
  /// The table that the arguments are columns of.
  package var input: DataFrame
}
