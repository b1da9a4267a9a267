import SparkTypes

/// A Spark version, as far as the Python worker protocol depends on it (patch releases do not).
///
/// The protocol carries no version of its own. The client writes `NativeMarker` with it into the field
/// meant for Python's version, which is the second one in every version.
public enum SparkProtocolVersion: String, Sendable, Hashable, CaseIterable, Comparable {
  case v4_0 = "4.0"
  case v4_1 = "4.1"
  case v4_2 = "4.2"
  case v4_3 = "4.3"

  /// What the client puts into `python_ver` for a server of this version.
  public var marker: String { NativeMarker.prefix + rawValue }

  /// The version for a server's version text, such as `4.2.1`; later versions are taken for the last
  /// one known.
  ///
  /// - Returns: `nil` for versions before 4.0 and for text that is no version.
  public init?(server text: String) {
    let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, let major = Int(parts[0]) else { return nil }
    let minor = Int(parts[1].prefix { $0.isNumber })
    guard let minor, major >= 4 else { return nil }
    self = Self(rawValue: "\(major).\(minor)") ?? .v4_3
  }

  /// The version that a marker names, `nil` if it is none.
  init?(marker: String) {
    guard marker.hasPrefix(NativeMarker.prefix) else { return nil }
    self.init(server: String(marker.dropFirst(NativeMarker.prefix.count)))
  }

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// Whether the initialisation message comes in a frame with its length.
  var hasFramedInitialization: Bool { self >= .v4_3 }
  /// Whether the task context is one JSON text.
  var hasJSONTaskContext: Bool { self >= .v4_2 }
  /// Whether each function's result carries a number, and the evaluation a configuration.
  var hasResultIDs: Bool { self >= .v4_2 }
  /// Whether the arguments of `mapInArrow` say if they are named.
  var hasNamedMapArguments: Bool { self >= .v4_2 }
  /// Whether the timing data include the milliseconds of processing.
  var reportsProcessingTime: Bool { self >= .v4_2 }
}
