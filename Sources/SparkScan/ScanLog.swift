import Logging
import SparkConnect
import Synchronization

/// Tells, once for each message, which way files are read and why.
final class ScanLog: Sendable {
  private let logger = Logger(label: "needletail.scan")
  private let told = Mutex<Set<String>>([])

  func tell(_ function: String, _ decision: ScanDecision) {
    let (text, level): (String, Logger.Level) =
      switch decision {
      case .native(_, _, let note): ("the workers read the files: \(note)", .notice)
      case .spark(let refusal):
        ("Spark reads the files: \(refusal.reason)", refusal.isPlain ? .debug : .notice)
      }
    guard told.withLock({ $0.insert(function + text).inserted }) else { return }
    logger.log(level: level, "\(text)", metadata: ["function": "\(function)"])
  }
}
