public import ErrorCauses

/// Why an image could not be made into a tensor.
public struct ImageError: CausedError, Hashable {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The value is null or has no bytes.
    public static let missing = Code("IMAGE_MISSING")
    /// The bytes are not an image, or one of a format other than JPEG and PNG.
    public static let unsupportedFormat = Code("IMAGE_UNSUPPORTED_FORMAT")
    /// The data ends before the image does.
    public static let truncated = Code("IMAGE_TRUNCATED")
    /// The data is no valid image of its format.
    public static let damaged = Code("IMAGE_DAMAGED")
    /// The image has more pixels than allowed, or none.
    public static let badDimensions = Code("IMAGE_BAD_DIMENSIONS")
    /// The settings contradict each other, or do not suit the image.
    public static let invalidSettings = Code("IMAGE_INVALID_SETTINGS")
  }

  /// The kind of failure, for programs.
  public var code: Code
  /// What was found, what was expected, and what to do.
  public var message: String
  /// The number of the image's row within its batch.
  public var row: Int?
  /// The image's name or path.
  public var name: String?

  public init(_ code: Code, _ message: String, row: Int? = nil, name: String? = nil) {
    self.code = code
    self.message = message
    self.row = row
    self.name = name
  }

  public var description: String {
    let place = [row.map { "row \($0) of the batch" }, name].compactMap { $0 }
    return "[\(code)] " + (place.isEmpty ? "" : place.joined(separator: ", ") + ": ") + message
  }
}
