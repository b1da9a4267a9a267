import FoundationEssentials
import HostProcesses
import Models
package import SparkTypes

/// What lies beside a table that several runs may write: what computes it, so that none of them mixes
/// the rows of another model with those that are there.
package struct OutputNote: Sendable, Hashable, Codable {
  /// Predictions of one model.
  package struct Prediction: Sendable, Hashable, Codable {
    package var model: ModelIdentity
    /// See ``PredictionLineage/settings``.
    package var settings: [String: String]
  }

  /// The version of the program that began the table.
  package var version: String
  /// The columns whose values tell a row from all others.
  package var key: [String]
  /// Names and types of all columns, in SQL.
  package var columns: String
  /// The format of the files.
  package var format: String
  package var predictions: [Prediction]
  /// Functions of the program that compute columns, of which nothing but the names is known.
  package var functions: [String]

  /// - Throws: as `ModelSource.identity(from:)`.
  package init(
    key: [String], schema: StructType, format: String, predictions: [PredictionLineage],
    functions: [String] = []
  ) throws {
    version = PackageVersion.text
    self.key = key
    columns = schema.fields.map { "\($0.name) \($0.type.ddl)" }.joined(separator: ", ")
    self.format = format.lowercased()
    self.predictions = try predictions.map {
      Prediction(model: try $0.source.identity(), settings: $0.settings)
    }
    self.functions = functions
  }

  /// The note as JSON.
  ///
  /// - Parameter isPretty: on several lines, for people.
  package func encoded(isPretty: Bool) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
    return Array(try encoder.encode(self)) + [0x0A]
  }

  /// - Parameter place: the table, for messages.
  /// - Throws: ``NeedletailError`` if the bytes are no note.
  package init(_ bytes: [UInt8], of place: String) throws {
    do {
      self = try JSONDecoder().decode(OutputNote.self, from: Data(bytes))
    } catch {
      throw NeedletailError(
        .usage,
        "the note in '\(place)' (_needletail) that says what computes it cannot be read: begin anew with "
          + "restarting: true (--restart), which removes the rows that are there, or name another output",
        cause: error)
    }
  }

  /// Makes sure that rows of what `self` says fit those that are there.
  ///
  /// - Parameters:
  ///   - existing: what computed the rows that are there; `nil` if nothing tells.
  ///   - place: the table, for messages.
  /// - Throws: ``NeedletailError`` that names what differs.
  package func check(_ existing: OutputNote?, of place: String) throws {
    guard let existing else {
      throw NeedletailError(
        .usage,
        "'\(place)' has rows already, and nothing says what computed them: it was not begun with resume "
          + "(--resume). Name another output, or begin anew with restarting: true (--restart), which "
          + "removes them")
    }
    guard let difference = difference(from: existing) else { return }
    throw NeedletailError(
      .usage,
      "'\(place)' was begun with \(difference). Rows of both would be mixed: do it as before, name another "
        + "output, or begin anew with restarting: true (--restart), which removes the rows that are there"
    )
  }

  /// What is not the same, in words; `nil` if nothing is.
  private func difference(from existing: OutputNote) -> String? {
    func differs(_ what: String, _ before: String, _ now: String) -> String? {
      before == now ? nil : "\(what) \(before), and now it is \(now)"
    }
    let (before, now) = (existing.predictions, predictions)
    if before.count != now.count {
      return differs("so many models:", "\(before.count)", "\(now.count)")
    }
    for (before, now) in zip(before, now) {
      if !before.model.isSame(as: now.model) {
        return "another model: \(before.model), and now it is \(now.model)"
      }
      let names = Set(before.settings.keys).union(now.settings.keys).sorted()
      for name in names where before.settings[name] != now.settings[name] {
        return "\(name) \(before.settings[name] ?? "none"), and now it is "
          + (now.settings[name] ?? "none")
      }
    }
    return differs(
      "other functions:", existing.functions.joined(separator: ", "),
      functions.joined(separator: ", "))
      ?? differs(
        "another key:", existing.key.joined(separator: ", "), key.joined(separator: ", "))
      ?? differs("other columns:", existing.columns, columns)
      ?? differs("another format:", existing.format, format)
  }
}
