public import SparkTypes

/// A column that a query feeds to a function, as the driver knows it.
public typealias FunctionArgument = (name: String, type: DataType)

/// A function that the driver can check against a table's schema before a job starts.
public protocol DriverCheckedFunction: UserDefinedFunction {
  /// The type of the column that the function gives.
  var returnType: DataType { get }

  /// Whether equal rows always get equal values, so that Spark may compute them as often as it likes.
  var isDeterministic: Bool { get }

  /// Checks the definition of the function and that columns of these types fit it.
  ///
  /// - Throws: ``InferenceError`` that says which column does not fit, why, and what to do.
  func check(arguments: [FunctionArgument]) throws
}

/// Stands for the parameters of functions that have none.
public struct NoParameters: Codable, Hashable, Sendable { public init() {} }
