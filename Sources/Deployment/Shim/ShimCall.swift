import FoundationEssentials
import SparkConnect
package import SparkTypes

/// A call through Spark's own Python, all but what only its session knows.
package struct ShimCall: Sendable, Encodable {
  /// What the Python side gets to know; everything else is the same for all calls.
  struct Specification: Sendable, Encodable {
    /// Whether it is a function over whole batches.
    var table: Bool
    /// How many columns pass by the function, before its arguments.
    var passing: Int?
    /// The form of Spark's protocol in which the program is spoken to.
    var version = "\(NativeMarker.prefix)4.3"
    var evaluation: Int32
    var columns: [Int]
    /// The session's, by their names; `nil` where it is to add them.
    var settings: [String: String]?
    var program: String
    var socket: String
    // What Python says where the program says nothing.
    var startFailure: String
    var unreadable =
      "Needletail worker: [\(ShimCall.inputCode)] Spark's own Python cannot pass these rows on: leave out the columns "
      + "that it has no type for or cast them, or let the executors start the program (--execution-mode "
      + "direct; in Swift spark.executionMode = .direct). It says: "
    var lost =
      "Needletail worker: [WORKER_LOST] the program beside this executor's Python has ended"
  }

  /// The code of the error that the program does not start.
  private static let startCode = "PROGRAM_START"
  /// The code of the error that Python cannot read what Spark gives it.
  private static let inputCode = "PYTHON_INPUT"

  private static let mapInArrow: Int32 = 207
  private static let scalarArrowIterator: Int32 = 251

  /// Spark's number of the way in which the Python function sees data.
  let evaluationType: Int32
  /// The type that it gives, in Spark's JSON.
  let returnType: String
  private(set) var specification: Specification
  var isTable: Bool { specification.table }

  /// - Parameters:
  ///   - name: the function's, for messages.
  ///   - returnType: what it gives.
  ///   - evaluationType: Spark's number of the way in which the program sees data.
  ///   - argumentCount: how many columns it takes; 0 for one over whole batches.
  ///   - passing: the columns that pass by it, in whole batches; `nil` where it sees its arguments alone.
  ///   - program: what the executors start, as they find it.
  ///   - id: tells programs of one session apart.
  ///   - spark: Spark's version.
  /// - Throws: `SparkError` if Spark's Python cannot pass on what the call gives.
  package init(
    _ name: String, returnType: DataType, evaluationType: Int32, argumentCount: Int,
    passing: StructType?, program: String, id: String, spark: (major: Int, minor: Int)
  ) throws {
    let isTable = evaluationType == Self.mapInArrow
    guard isTable || passing != nil || !Self.mustCarry(spark) else {
      throw SparkError(
        .invalidArgument,
        "'\(name)' gives a column in a place for which Spark \(spark.major).\(spark.minor) has no form "
          + "that passes through its own Python unchanged (Spark 4.1 has): make it a column of a table "
          + "before (withColumn), use it over whole batches (mapBatches), or let the executors start the "
          + "program (--execution-mode direct; in Swift spark.executionMode = .direct)")
    }
    var given = returnType
    if let passing {
      given = .struct(StructType(passing + [StructField("result", returnType)]))
    }
    if let (path, type) = given.missingInPython(spark) {
      throw SparkError(
        .invalidArgument,
        "'\(name)' gives \(path.isEmpty ? "" : "'\(path)', ")values of \(type.ddl), which Spark's "
          + "own Python cannot pass on: leave that column out or cast it before, or let the executors "
          + "start the program (--execution-mode direct; in Swift spark.executionMode = .direct)")
    }
    // What is sent lies in the session's folder, where the Python side looks.
    let program = program.hasPrefix("./") ? String(program.dropFirst(2)) : program
    specification = Specification(
      table: isTable, passing: passing?.count, evaluation: evaluationType,
      columns: isTable ? [] : Array(0..<argumentCount), program: program,
      socket: "needletail-\(id).sock",
      startFailure:
        "Needletail worker: [\(Self.startCode)] the program \(program) does not start beside this "
        + "executor's Python: ")
    self.returnType = SparkTypeJSON.plainText(given)
    self.evaluationType = isTable || passing != nil ? Self.mapInArrow : Self.scalarArrowIterator
  }

  /// Whether functions that give a column must let the others of their table pass by.
  package static func mustCarry(_ spark: (major: Int, minor: Int)) -> Bool { spark < (4, 1) }

  /// The text for Python, with the session's settings.
  func text(_ settings: [String: String]) throws -> String {
    var specification = specification
    specification.settings = settings
    let encoder = JSONEncoder()
    // Equal calls are equal bytes, by which Spark computes them once.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(specification), as: UTF8.self)
  }
}
