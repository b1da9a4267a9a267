/// A version of ONNX Runtime, such as 1.32.0.
public struct ONNXVersion: Sendable, Hashable, Codable {
  /// 1, in all versions so far.
  public var major: Int
  /// The release, which decides what is supported.
  public var minor: Int
  /// Corrections within a release.
  public var patch: Int

  /// The oldest version that this package works with.
  public static let oldest = ONNXVersion(1, 17, 0)

  public init(_ major: Int, _ minor: Int, _ patch: Int) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  /// Reads `1.32.0` or `1.33.0-dev`; `nil` if `text` does not begin with three numbers.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", maxSplits: 2)
    guard parts.count == 3, let major = Int(parts[0]), let minor = Int(parts[1]),
      let patch = Int(parts[2].prefix { $0.isASCII && $0.isNumber })
    else { return nil }
    self.init(major, minor, patch)
  }

  /// Whether this package works with the version.
  ///
  /// The function table only ever grows within a major version, so newer minor versions are fine.
  public var isSupported: Bool { major == Self.oldest.major && self >= .oldest }
}

extension ONNXVersion: Comparable {
  public static func < (left: Self, right: Self) -> Bool {
    (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
  }
}

extension ONNXVersion: CustomStringConvertible {
  public var description: String { "\(major).\(minor).\(patch)" }
}
