import ArrowIPC
import Glibc
import Models
import Texts

/// What Spark is told of a task that failed.
///
/// Spark passes the text on as it is, in some versions without a condition of its own, so that the
/// text begins with words that a client can look for.
package struct TaskFailure: Sendable {
  /// How every report begins.
  package static let prefix = "Needletail worker: "
  /// Longer messages are cut.
  private static let maximumLength = 1 << 15

  /// `[CODE]`, function, message, and where it happened.
  let text: String

  /// - Parameter process: the one in which it happened.
  init(_ error: any Error, place: String, process: Int32 = getpid()) {
    let text =
      switch error {
      case let error as InferenceError: error.description
      case let error as WorkerError: error.description
      case let error as ArrowError: "[ARROW] \(error)"
      case is CancellationError: "[CANCELLED] the function gave up as if the task were cancelled"
      default: "[FUNCTION_FAILED] \(error.reasonWithPath)"
      }
    let cut =
      text.utf8.count > Self.maximumLength
      ? text.prefix(Self.maximumLength / 4) + " ..." : text[...]
    self.text = "\(cut) (\(place), process \(process) on \(Self.host))"
  }

  /// What tells Spark: behind whole messages of an Arrow stream that must be ended before, or where
  /// an answer begins.
  func frame(endingArrow: Bool) -> WireBytes {
    var bytes = WireBytes()
    if endingArrow {
      // The marker that ends an Arrow stream.
      bytes.append(Int32(-1))
      bytes.append(Int32(0))
    }
    bytes.append(SpecialLength.exceptionThrown)
    bytes.append(text: Self.prefix + text)
    return bytes
  }

  private static var host: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
