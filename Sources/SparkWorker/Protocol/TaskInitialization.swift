package import SparkFunctions

/// What Spark says before it sends a task's rows.
package struct TaskInitialization: Sendable, Hashable {
  /// The version whose layout the message has.
  package var version: SparkProtocolVersion
  /// The partition as the message's head names it.
  package var partition: Int
  /// The task's place in the job, and what it may use.
  package var identity: TaskIdentity
  /// Where files that the driver added lie on this executor.
  package var filesDirectory: String
  /// Python files and archives that the driver added; of no use here.
  package var includes: [String]
  /// How the functions take their rows.
  package var evaluation: EvaluationType
  /// Spark's settings for the evaluation (session time zone, large types and the like).
  package var runnerConfiguration: [String: String]
  /// Settings of the kind of evaluation alone, which Spark has since 4.2.
  package var evaluationConfiguration: [String: String]
  /// The profiler that the session asked for; this worker has none.
  package var profiler: String?
  /// The functions, and the columns that each gets.
  package var calls: [FunctionCall]
}

/// A function, or a chain of functions, over some of the input's columns.
public struct FunctionCall: Sendable, Hashable {
  /// One argument: a column of the input, by position.
  public struct Argument: Sendable, Hashable {
    /// The column's position, from 0.
    public var column: Int
    /// The name, where the argument was passed by name.
    public var name: String?

    public init(column: Int, name: String? = nil) {
      self.column = column
      self.name = name
    }
  }

  /// What the innermost function gets, in its order.
  public var arguments: [Argument]
  /// The functions' commands as the driver sent them, the innermost first.
  public var commands: [[UInt8]]
  /// Spark's number for the result, of use to profilers only.
  public var resultID: Int64?

  public init(arguments: [Argument], commands: [[UInt8]], resultID: Int64? = nil) {
    self.arguments = arguments
    self.commands = commands
    self.resultID = resultID
  }
}
