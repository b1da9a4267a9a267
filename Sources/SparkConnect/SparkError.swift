public import ErrorCauses
import FoundationEssentials

/// Why Spark, or the connection to it, refused or failed.
public struct SparkError: CausedError {
  /// The kind of failure.
  public enum Kind: String, Sendable, Hashable {
    /// The connection string is wrong.
    case connectionString
    /// No server answered.
    case unavailable
    /// The server did not accept the token, or lacks the right.
    case unauthenticated
    /// Spark refused or failed the request.
    case server
    /// The server has lost the session, with all that was set and sent in it.
    case session
    /// The operation was interrupted.
    case cancelled
    /// A file could not be read or was not taken by the server.
    case artifact
    /// The caller asked for something that cannot be.
    case invalidArgument
    /// The result could not be understood.
    case result
  }

  /// The kind of failure, for programs.
  public var kind: Kind
  /// What happened and what to do.
  public var message: String
  /// Spark's error condition, for example `TABLE_OR_VIEW_NOT_FOUND`.
  public var condition: String?
  /// The SQLSTATE of the condition.
  public var sqlState: String?
  /// The parameters of the condition's message.
  public var parameters: [String: String]
  /// The class of the server's exception and its superclasses.
  public var classes: [String]
  /// The server's stack trace, one line a frame, if the server gave it.
  public var serverStackTrace: [String]
  /// The error of a lower layer: what gRPC said, a file that cannot be read.
  public var cause: (any Error)?

  public init(
    _ kind: Kind, _ message: String, condition: String? = nil, sqlState: String? = nil,
    parameters: [String: String] = [:], classes: [String] = [], serverStackTrace: [String] = [],
    cause: (any Error)? = nil
  ) {
    self.kind = kind
    self.message = message
    self.condition = condition
    self.sqlState = sqlState
    self.parameters = parameters
    self.classes = classes
    self.serverStackTrace = serverStackTrace
    self.cause = cause
  }

  /// What a function on an executor said, without Spark's frame around it; `nil` for other failures.
  public var workerMessage: String? {
    // Spark 4.0 and 4.1 pass the worker's text on as it is.
    for marker in ["An exception was thrown from the Python worker: ", "PythonException: "] {
      if let found = message.firstRange(of: marker) {
        return Self.withoutStackTrace(message[found.upperBound...])
      }
    }
    return classes.first?.hasSuffix("PythonException") == true
      ? Self.withoutStackTrace(message[...]) : nil
  }

  /// What stands before the words of the program where Spark's own Python told them for it.
  private static let raised = "RuntimeError: Needletail worker: "

  private static func withoutStackTrace(_ text: Substring) -> String {
    var text = text
    if text.hasPrefix("Traceback "), let found = text.ranges(of: raised).last {
      text = text[text.index(found.lowerBound, offsetBy: "RuntimeError: ".count)...]
    }
    var lines: [Substring] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("\tat ") || line.hasPrefix("Driver stacktrace:") { break }
      lines.append(line)
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines.joined(separator: "\n")
  }
}

extension SparkError {
  public var description: String { workerMessage ?? Self.withoutFrames(message) }

  /// `text` without the frames of Java's stack traces, which ``serverStackTrace`` has.
  private static func withoutFrames(_ text: String) -> String {
    text.split(separator: "\n").filter { line in
      !line.hasPrefix("\tat ") && !line.hasPrefix("\t... ") && line != "Driver stacktrace:"
    }.joined(separator: "\n")
  }
}
