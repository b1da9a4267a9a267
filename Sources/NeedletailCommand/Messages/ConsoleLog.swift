import Logging
import Needletail

/// Writes the libraries' messages as lines on standard error, above the line that shows what is done.
struct ConsoleLog: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    StatusLine.shared.note(
      Self.line(
        "\(event.level)", "\(event.message)", metadata.merging(event.metadata ?? [:]) { $1 }))
  }

  /// `info: the message (name=value)`
  static func line(_ level: String, _ message: String, _ metadata: Logger.Metadata) -> String {
    let details = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let text = "\(level): \(message)"
    return details.isEmpty ? text : "\(text) (\(details.joined(separator: ", ")))"
  }
}
