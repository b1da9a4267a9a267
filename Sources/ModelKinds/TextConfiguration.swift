import FoundationEssentials
import HostProcesses
import Texts

/// What `config.json` in a folder of HuggingFace's tells of the pipeline.
struct TextConfiguration: Decodable {
  var architectures: [String]?
  var is_encoder_decoder: Bool?

  /// - Throws: ``NeedletailError`` if the file is not there, or is no such file.
  init(folder: String) throws {
    let file = Self.file(folder)
    do {
      let contents = try Data(contentsOf: URL(fileURLWithPath: file))
      self = try JSONDecoder().decode(TextConfiguration.self, from: contents)
    } catch {
      throw NeedletailError(
        .usage, "\(file) cannot be read as a model's configuration: \(error.reason)", cause: error)
    }
  }

  private static func file(_ folder: String) -> String { folder + "/config.json" }

  static func exists(in folder: String) -> Bool {
    FileManager.default.fileExists(atPath: file(folder))
  }

  /// Whether one of the architectures has one of these endings.
  func isFor(_ endings: String...) -> Bool {
    (architectures ?? []).contains { name in endings.contains { name.hasSuffix($0) } }
  }
}
