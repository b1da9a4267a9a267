import AccessTokens
import FoundationEssentials
import Texts

/// The profile of AWS' own tools that counts, from `~/.aws/config` and `~/.aws/credentials`.
struct AmazonProfile: Sendable {
  let name: String
  /// The fields of both files; those of the one with the keys count first.
  private var fields: [String: String] = [:]
  /// The files that were read, for messages.
  let files: [String]

  subscript(field: String) -> String? { fields[field].flatMap { $0.isEmpty ? nil : $0 } }

  /// Whether one of the files has it.
  private(set) var exists = false

  /// - Throws: ``CloudError`` if a file is none of profiles.
  init(_ named: String?, environment: [String: String]) throws(CloudError) {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    name = named ?? value("AWS_PROFILE") ?? value("AWS_DEFAULT_PROFILE") ?? "default"
    let home = value("HOME") ?? FileManager.default.homeDirectoryForCurrentUser.path
    func path(_ variable: String, _ usual: String) -> String {
      let path = value(variable) ?? "~/.aws/\(usual)"
      return path.hasPrefix("~/") ? home + path.dropFirst() : path
    }
    files = [
      path("AWS_CONFIG_FILE", "config"), path("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ]
    for (index, file) in files.enumerated() {
      guard let contents = FileManager.default.contents(atPath: file) else { continue }
      // In the first of them, the default one may be named both ways.
      let wanted: Set =
        index == 1
        ? [name] : name == "default" ? [name, "profile default"] : ["profile \(name)"]
      do throws(TokenError) {
        let sections = try ProfileFile.sections(String(decoding: contents, as: UTF8.self), of: file)
        for section in sections where wanted.contains(section.name) {
          exists = true
          fields.merge(section.fields) { $1 }
        }
      } catch {
        throw CloudError(.settings, error.message, cause: error)
      }
    }
  }
}
