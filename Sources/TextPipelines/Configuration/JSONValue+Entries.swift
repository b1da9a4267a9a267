import FoundationEssentials
import JSONText
import Texts

extension JSONValue {
  /// - Throws: ``TextPipelineError`` if the file cannot be read as JSON.
  init(contentsOf path: String) throws(TextPipelineError) {
    do {
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
      self = try JSONValue(parsing: bytes, rules: .strict)
    } catch {
      throw TextPipelineError(
        .invalidConfiguration,
        "\(path) cannot be read as JSON: \(error.reason). Copy the model's folder again",
        cause: error)
    }
  }

  /// One whole number or several.
  var wholeNumbers: [Int]? { wholeNumber.map { [$0] } ?? listOfWholeNumbers }

  /// Whole numbers in a list.
  var listOfWholeNumbers: [Int]? {
    guard let elements else { return nil }
    let numbers = elements.compactMap(\.wholeNumber)
    return numbers.count == elements.count ? numbers : nil
  }

  /// The value as JSON, for people.
  var json: String { String(decoding: encoded(isSpaced: true), as: UTF8.self) }
}
