import Texts

/// This machine, told apart from others.
///
/// The address of a server does not tell: a local port may be forwarded to another machine.
package enum Machine {
  /// The setting in which a Spark that this package started carries the mark of its machine.
  package static let setting = "spark.needletail.machine"

  /// The kernel's identifier of this boot: it differs between machines and is the same in all
  /// processes of one.
  package static let identity = kernelWord("random/boot_id")

  /// The machine's own name.
  package static var hostName: String { kernelWord("hostname") }

  private static func kernelWord(_ name: String) -> String {
    (ProcFile.text("/proc/sys/kernel/\(name)") ?? "").trimmed
  }
}
