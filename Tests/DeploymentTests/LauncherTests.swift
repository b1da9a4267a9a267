import Foundation
import Glibc
import Testing

@testable import Deployment

/// The script that Spark starts, run by the shells of this machine.
struct LauncherTests {
  private static let arguments = ["-m", "pyspark.daemon", "two words"]

  private static func entries(_ temporary: String) -> [String] {
    let path = "\(temporary)/needletail-\(getuid())/programs"
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  @Test(
    "the first session unpacks the program, later ones find it", arguments: SessionFolder.shells)
  func cached(_ shell: String) throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let package = try SmallProgram.package(in: folder.path)
    let without = try SessionFolder(folder.path + "/b", package, sendsArchive: false)
    let missing = try without.run(folder.path, shell: shell)
    #expect(missing.status == 1 && missing.words.isEmpty)
    #expect(missing.errors.contains("[PROGRAM_MISSING]"), "\(missing.errors)")
    #expect(missing.errors.contains("open a new session"))

    let first = try SessionFolder(folder.path + "/a", package, sendsArchive: true)
      .run(folder.path, shell: shell)
    #expect(first.status == 0, "\(first.errors)")
    #expect(Array(first.words.dropFirst()) == Self.arguments)
    let cache = "\(folder.path)/needletail-\(getuid())"
    #expect(first.folder.hasPrefix("\(cache)/programs/\(package.id)."))
    for path in [cache, cache + "/programs", first.folder] {
      var status = stat()
      #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o700, "\(path)")
    }
    let library = try Data(contentsOf: URL(filePath: first.folder + "/lib/library.so"))
    #expect(library == package.files[1].image.contents)

    let second = try without.run(folder.path, shell: shell)
    #expect(second.status == 0 && second.words == first.words, "\(second.errors)")
  }

  @Test("Spark starts the script itself")
  func executable() throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let package = try SmallProgram.package(in: folder.path)
    let session = try SessionFolder(folder.path + "/a", package, sendsArchive: true)
    let outcome = try session.run(folder.path, shell: nil)
    #expect(outcome.status == 0 && Array(outcome.words.dropFirst()) == Self.arguments)
  }

  @Test("a damaged program is noticed and replaced", arguments: SessionFolder.shells)
  func damagedProgram(_ shell: String) throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let package = try SmallProgram.package(in: folder.path)
    let session = try SessionFolder(folder.path + "/a", package, sendsArchive: true)
    let without = try SessionFolder(folder.path + "/b", package, sendsArchive: false)
    var last = try session.run(folder.path, shell: shell)
    for damage in ["truncate -s 7 lib/library.so", "rm lib/library.so", "echo x >>lib/library.so"] {
      let command = Process()
      command.executableURL = URL(filePath: "/bin/sh")
      command.arguments = ["-c", damage]
      command.currentDirectoryURL = URL(filePath: last.folder)
      try command.run()
      command.waitUntilExit()
      #expect(try without.run(folder.path, shell: shell).status == 1, "\(damage)")
      let next = try session.run(folder.path, shell: shell)
      #expect(next.status == 0 && next.folder != last.folder, "\(damage): \(next.errors)")
      #expect(try without.run(folder.path, shell: shell).words == next.words)
      last = next
    }
    // An entry without sense.
    let entry = "\(folder.path)/needletail-\(getuid())/programs/\(package.id)"
    for text in ["", "\n", "../../other\nx 1 1 1 1\n", package.id + ".none\n"] {
      try Data(text.utf8).write(to: URL(filePath: entry))
      #expect(try without.run(folder.path, shell: shell).status == 1, "\(text)")
    }
    #expect(try session.run(folder.path, shell: shell).status == 0)
  }

  @Test("a damaged archive is refused, and leaves nothing")
  func damagedArchive() throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let package = try SmallProgram.package(in: folder.path)
    let session = try SessionFolder(folder.path + "/a", package, sendsArchive: true)
    let names = try FileManager.default.contentsOfDirectory(atPath: session.path)
    let archive = URL(filePath: session.path)
      .appending(path: try #require(names.first { $0.hasSuffix(".tar.gz") }))
    var bytes = try Data(contentsOf: archive)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: archive)
    let outcome = try session.run(folder.path)
    #expect(outcome.status == 1 && outcome.words.isEmpty)
    #expect(outcome.errors.contains("is damaged: it differs from the SHA-256 in its name"))
    #expect(outcome.errors.contains("cannot be unpacked on this machine"))
    #expect(Self.entries(folder.path) == ["lock"] || Self.entries(folder.path).isEmpty)
  }

  @Test("many start at once", arguments: SessionFolder.shells)
  func concurrent(_ shell: String) throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let package = try SmallProgram.package(in: folder.path, byteCount: 1_000_000)
    let sessions = try (0..<8).map {
      try SessionFolder("\(folder.path)/session\($0)", package, sendsArchive: true)
    }
    let path = folder.path
    let started = try sessions.map { try $0.start(path, shell: shell) }
    let outcomes = started.map { $0.outcome() }
    for outcome in outcomes {
      #expect(outcome.status == 0, "\(outcome.errors)")
      let library = try Data(contentsOf: URL(filePath: outcome.folder + "/lib/library.so"))
      #expect(library == package.files[1].image.contents)
    }
    if FileManager.default.isExecutableFile(atPath: "/usr/bin/flock") {
      #expect(Set(outcomes.map(\.folder)).count == 1)
    }
    #expect(Self.entries(folder.path).count { !$0.contains(".") && $0 != "lock" } == 1)
  }

  @Test(
    "where the cache cannot be, the session's folder serves",
    arguments: ["open", "link", "file", "none", "no such folder"])
  func withoutCache(_ obstacle: String) throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let package = try SmallProgram.package(in: folder.path)
    let session = try SessionFolder(folder.path + "/a", package, sendsArchive: true)
    var environment: [String: String] = [:]
    let cache = "\(folder.path)/needletail-\(getuid())"
    switch obstacle {
    case "open":
      mkdir(cache, 0o700)
      chmod(cache, 0o755)
    case "link":
      mkdir(folder.path + "/elsewhere", 0o700)
      symlink(folder.path + "/elsewhere", cache)
    case "file": try Data().write(to: URL(filePath: cache))
    case "none": environment["NEEDLETAIL_CACHE"] = "none"
    default: environment["NEEDLETAIL_CACHE"] = "/no/such/folder"
    }
    let first = try session.run(folder.path, environment: environment)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.folder.hasPrefix("\(session.path)/needletail-programs/\(package.id)."))
    #expect(first.errors.contains("is used instead") == (obstacle != "none"), "\(first.errors)")
    let second = try session.run(folder.path, environment: environment)
    #expect(second.words == first.words && second.errors.isEmpty, "\(second.errors)")
  }

  @Test("another folder for the cache")
  func namedCache() throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let package = try SmallProgram.package(in: folder.path)
    let session = try SessionFolder(folder.path + "/a", package, sendsArchive: true)
    let named = folder.path + "/named"
    mkdir(named, 0o755)
    let outcome = try session.run("/no/such/folder", environment: ["NEEDLETAIL_CACHE": named])
    #expect(outcome.folder.hasPrefix("\(named)/needletail-\(getuid())/programs/"))
  }
}
