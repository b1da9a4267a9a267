import FoundationEssentials
import HostProcesses

/// What this user's programs remember of Spark servers: which of them was sent which program before, and
/// so may still have it in the cache of its machine. A guess, which a query proves or refutes.
struct ServerNotes: Sendable {
  let folder: String

  /// How long a note is kept, and how long a server that has not kept the program twice in a row is not
  /// asked again.
  private static let age: TimeInterval = 30 * 86_400
  private static let pause: TimeInterval = 86_400

  /// `nil` where this user can keep nothing.
  static func ofThisUser() -> ServerNotes? {
    (try? UserFolder.makeFolder("servers")).map { ServerNotes(folder: $0) }
  }

  private func file(_ id: String, _ server: String) -> String {
    "\(folder)/\(Data(server.utf8).shortHash)-\(id)"
  }

  /// How often in a row the server did not have the program; `nil` if it was never sent there.
  private func misses(_ file: String) -> Int? {
    FileManager.default.contents(atPath: file).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
  }

  private func write(_ misses: Int, _ file: String) {
    try? Data("\(misses)".utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
  }

  /// Whether it is worth asking `server` for the program.
  func mayHave(_ id: String, at server: String) -> Bool {
    let file = file(id, server)
    guard let misses = misses(file) else { return false }
    if misses < 2 { return true }
    return FolderAge.age(of: file).map { $0 > Self.pause } ?? false
  }

  /// Notes that the program was sent to `server`.
  func noteSent(_ id: String, to server: String) {
    let file = file(id, server)
    if misses(file) == nil { write(0, file) }
    FolderAge.removeFiles(in: folder, olderThan: Self.age)
  }

  /// Notes whether `server` had the program.
  func noteAsked(_ id: String, _ server: String, had: Bool) {
    let file = file(id, server)
    write(had ? 0 : (misses(file) ?? 0) + 1, file)
  }
}
