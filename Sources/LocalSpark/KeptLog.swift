import Glibc

/// The file in which a local Spark's log stays when that ends.
package struct KeptLog: Sendable {
  /// The variable that names it, for programs without an option for it.
  package static let variable = "NEEDLETAIL_SPARK_LOG"

  package let path: String
  /// How much is logged, as Spark's logging calls it.
  let level = "info"

  /// The file that the environment names; it is made, or emptied.
  static func fromEnvironment() -> KeptLog? {
    guard let value = getenv(variable) else { return nil }
    let path = String(cString: value)
    guard !path.isEmpty else { return nil }
    let file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
    // Spark says itself what it cannot write.
    if file >= 0 { close(file) }
    return KeptLog(path: path)
  }
}
