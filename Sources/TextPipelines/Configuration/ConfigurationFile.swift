import JSONText

/// The entries of a JSON object in a model's folder, read with messages that name file and entry.
///
/// An entry that is absent or null counts as absent.
struct ConfigurationFile: ConfigurationEntries, Sendable {
  let path: String
  private let entries: [String: JSONValue]

  /// - Throws: ``TextPipelineError`` if the file cannot be read or holds no JSON object.
  init(path: String) throws(TextPipelineError) {
    self.path = path
    guard let entries = try JSONValue(contentsOf: path).entries else {
      throw TextPipelineError(
        .invalidConfiguration, "\(path) holds no JSON object. Copy the model's folder again")
    }
    self.entries = entries
  }

  init(path: String, entries: [String: JSONValue]) {
    self.path = path
    self.entries = entries
  }

  subscript(key: String) -> JSONValue? {
    guard let value = entries[key], value != .null else { return nil }
    return value
  }

  func file(of key: String) -> ConfigurationFile { self }
}

/// Entries of files, each read from the one that has it.
protocol ConfigurationEntries {
  /// The file that counts for an entry.
  func file(of key: String) -> ConfigurationFile
}

extension ConfigurationEntries {
  func integer(_ key: String) throws(TextPipelineError) -> Int? {
    try read(key, "a whole number") { $0.wholeNumber }
  }

  func integers(_ key: String) throws(TextPipelineError) -> [Int]? {
    try read(key, "a whole number or a list of them") { $0.wholeNumbers }
  }

  func double(_ key: String) throws(TextPipelineError) -> Double? {
    try read(key, "a number") { $0.double }
  }

  func boolean(_ key: String) throws(TextPipelineError) -> Bool? {
    try read(key, "true or false") { $0.boolean }
  }

  func text(_ key: String) throws(TextPipelineError) -> String? {
    try read(key, "a string") { $0.string }
  }

  func object(_ key: String) throws(TextPipelineError) -> [String: JSONValue]? {
    try read(key, "an object") { $0.entries }
  }

  func read<Value>(
    _ key: String, _ expected: String, _ convert: (JSONValue) -> Value?
  ) throws(TextPipelineError) -> Value? {
    let file = file(of: key)
    guard let value = file[key] else { return nil }
    if let converted = convert(value) { return converted }
    throw TextPipelineError(
      .invalidConfiguration,
      "in \(file.path) the entry \"\(key)\" is \(value.json), expected \(expected)")
  }
}
