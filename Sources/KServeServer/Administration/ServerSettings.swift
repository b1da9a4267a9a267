import JSONText
import KServeProtocol

/// The trace and log settings of Triton that clients may read. The server traces nothing and leaves
/// its log to its process, so nothing of it can be changed.
enum ServerSettings {
  static let trace: [(name: String, value: [String])] = [
    ("trace_level", ["OFF"]), ("trace_rate", ["1000"]), ("trace_count", ["-1"]),
    ("log_frequency", ["0"]), ("trace_file", [""]), ("trace_mode", ["triton"]),
  ]

  static let log: [(name: String, value: JSONValue)] = [
    ("log_file", .string("")), ("log_info", .bool(true)), ("log_warning", .bool(true)),
    ("log_error", .bool(true)), ("log_verbose_level", .integer(0)),
    ("log_format", .string("default")),
  ]

  static func refusal(_ kind: String, setting: String) -> KServeError {
    KServeError(
      .unimplemented,
      "the \(kind) setting '\(setting)' cannot be changed; this server's process decides")
  }

  /// JSON as Triton has it: a list for the levels, texts for the others.
  static var traceJSON: JSONValue {
    .object(
      trace.map { name, value in
        (name, name == "trace_level" ? .array(value.map { .string($0) }) : .string(value[0]))
      })
  }

  static var logJSON: JSONValue { .object(log.map { ($0.name, $0.value) }) }
}
