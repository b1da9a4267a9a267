import FoundationEssentials
import Models

/// The bytes that stand for a function in a Spark plan (`PythonUDF.command`); Spark carries them
/// untouched.
///
/// Layout: the four bytes `NDLT`, one byte format version, then a ``FunctionInvocation`` as JSON. The
/// first byte differs from 0x80, with which a pickled Python function begins.
public enum FunctionCommand {
  static let magic: [UInt8] = Array("NDLT".utf8)
  static let version: UInt8 = 1

  /// Encodes `invocation`. Equal ones are equal bytes, by which equal calls of a query are computed
  /// once.
  ///
  /// - Throws: an `EncodingError`, which no invocation causes.
  public static func encode(_ invocation: FunctionInvocation) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return magic + [version] + Array(try encoder.encode(invocation))
  }

  /// Decodes a command.
  ///
  /// - Throws: ``InferenceError`` for a pickled Python function (naming the setting that sent it
  ///   here), another format version, or damaged bytes.
  public static func decode(_ bytes: [UInt8]) throws -> FunctionInvocation {
    if bytes.first == 0x80 {
      throw InferenceError(
        .invalidCommand,
        "a Python function was sent to the Needletail worker, which runs Swift functions only: the "
          + "session's setting spark.sql.execution.pyspark.python selects the worker for all "
          + "functions of a query; run Python functions in another session, or unset it")
    }
    guard bytes.starts(with: magic), bytes.count > magic.count else {
      throw InferenceError(
        .invalidCommand, "\(bytes.count) bytes that are no Needletail function arrived")
    }
    guard bytes[magic.count] == version else {
      throw InferenceError(
        .buildMismatch,
        "the driver speaks command format \(bytes[magic.count]), this worker \(version); build both "
          + "from the same version")
    }
    do {
      return try JSONDecoder().decode(
        FunctionInvocation.self, from: Data(bytes[(magic.count + 1)...]))
    } catch {
      throw InferenceError(
        .invalidCommand, "the function's description is damaged: \(error)", cause: error)
    }
  }
}
