/// The names of a classifier's classes, in the order of its outputs: `["cat", "dog"]`.
public struct ClassLabels: Sendable, Hashable, Codable {
  /// One name for each class.
  public var names: [String]
  /// The file that they are from, for messages.
  public var file: String?

  public init(_ names: [String], file: String? = nil) {
    self.names = names
    self.file = file
  }

  /// What has them, at the beginning of a message.
  var origin: String { file.map { "the file \($0) has" } ?? "labels: has" }
}

extension ClassLabels: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: String...) { self.init(elements) }
}
