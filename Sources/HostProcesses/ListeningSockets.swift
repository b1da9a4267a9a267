import FoundationEssentials

/// The TCP sockets on which processes wait for connections, as `/proc` tells (proc(5)).
package enum ListeningSockets {
  package struct Address: Sendable, Hashable {
    /// An IPv4 address; `::` for all addresses of both kinds.
    package var host: String
    package var port: Int
  }

  /// Where the processes listen.
  package static func addresses(of processes: [ProcessTable.Entry]) -> Set<Address> {
    let wanted = processes.reduce(into: Set<String>()) { $0.formUnion(sockets(of: $1.pid)) }
    if wanted.isEmpty { return [] }
    var found: Set<Address> = []
    for file in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
      guard let table = ProcFile.text(file) else { continue }
      for line in table.split(separator: "\n").dropFirst() {
        // "sl local_address remote_address state tx:rx tr:when retransmits uid timeout inode ..."
        let fields = line.split(separator: " ")
        guard fields.count > 9, fields[3] == "0A", wanted.contains(String(fields[9])),
          let address = address(fields[1])
        else { continue }
        found.insert(address)
      }
    }
    return found
  }

  /// The numbers of a process's sockets.
  private static func sockets(of pid: Int32) -> Set<String> {
    let folder = "/proc/\(pid)/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return Set(
      names.compactMap { name in
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
        guard let target, target.hasPrefix("socket:[") else { return nil }
        return String(target.dropFirst(8).dropLast())
      })
  }

  /// `0100007F:1F90`: the address in words of the machine's byte order, and the port.
  private static func address(_ text: Substring) -> Address? {
    let parts = text.split(separator: ":")
    guard parts.count == 2, let port = Int(parts[1], radix: 16),
      let word = UInt32(parts[0].suffix(8), radix: 16)
    else { return nil }
    let isMapped = parts[0].count == 32 && parts[0].dropLast(8).hasSuffix("FFFF0000")
    guard parts[0].count == 8 || isMapped else {
      return parts[0].allSatisfy({ $0 == "0" }) ? Address(host: "::", port: port) : nil
    }
    let bytes = withUnsafeBytes(of: word.littleEndian) { $0.map { "\($0)" } }
    return Address(host: bytes.joined(separator: "."), port: port)
  }
}
