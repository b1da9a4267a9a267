import JSONText

/// What is done with each entry of a configuration file that the reference implementation reads, so
/// that none changes a result unseen.
///
/// Entries that are in no list are the reference's to ignore as well, as far as the versions of
/// `make_settings.py` know.
struct KnownEntries: Sendable {
  /// An entry that is refused, unless its value asks for nothing.
  struct Refused: Sendable {
    /// What the entry asks for.
    var asks: String
    /// The value, besides null, false and empty ones, that asks for nothing.
    var neutral: JSONValue?

    init(_ asks: String, unless neutral: JSONValue? = nil) {
      self.asks = asks
      self.neutral = neutral
    }
  }

  /// Entries that are read.
  var read: Set<String>
  /// Entries that change no result here, by the reason.
  var ignored: [String: [String]]
  /// Entries that would change results, and are not done.
  var refused: [String: Refused]

  /// All entries that are known.
  var all: Set<String> { read.union(ignored.values.joined()).union(refused.keys) }

  /// - Throws: ``TextPipelineError`` that names the first entry that asks for something not done.
  func check(_ file: ConfigurationFile, model: String) throws(TextPipelineError) {
    for (key, entry) in refused.sorted(by: { $0.key < $1.key }) {
      guard let value = file[key], !value.isNothing, value != entry.neutral else { continue }
      throw TextPipelineError(
        .unsupportedModel,
        "\(file.path) sets \(key) to \(value.json): \(entry.asks), which is not done here. Remove "
          + "the entry if results without it will do",
        model: model)
    }
  }
}

extension JSONValue {
  /// Whether the value is null, false or empty.
  fileprivate var isNothing: Bool {
    switch self {
    case .null: true
    case .bool(let value): !value
    case .integer, .unsigned, .number: false
    case .string(let value): value.isEmpty
    case .array(let values): values.isEmpty
    case .object(let members): members.isEmpty
    }
  }
}
