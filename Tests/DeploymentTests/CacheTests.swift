import Foundation
import Glibc
import Testing

@testable import Deployment

/// The caches of programs on a machine.
struct CacheTests {
  @Test("what this process unpacks, a launcher starts, and the reverse")
  func shared() throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let package = try SmallProgram.package(in: folder.path)
    let cache = try #require(ProgramCache(environment: ["TMPDIR": folder.path]))
    #expect(cache.path == "\(folder.path)/needletail-\(getuid())/programs")
    #expect(cache.unpacked(package) == nil)
    let unpacked = try cache.folder(of: package)
    #expect(try cache.folder(of: package) == unpacked)
    let session = try SessionFolder(folder.path + "/a", package, sendsArchive: false)
    let outcome = try session.run(folder.path)
    #expect(outcome.status == 0 && outcome.folder == unpacked, "\(outcome.errors)")

    let other = try SmallProgram.package(in: folder.path)
    #expect(other.id != package.id)
    let launched = try SessionFolder(folder.path + "/b", other, sendsArchive: true)
      .run(folder.path)
    #expect(cache.unpacked(other) == launched.folder)
    #expect(try cache.folder(of: other) == launched.folder)
  }

  @Test("a damaged program is noticed and replaced")
  func damaged() throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let package = try SmallProgram.package(in: folder.path)
    let cache = ProgramCache(path: folder.path + "/user/programs")
    let first = try cache.folder(of: package)
    try Data("damage".utf8).write(to: URL(filePath: first + "/lib/library.so"))
    #expect(cache.unpacked(package) == nil)
    let second = try cache.folder(of: package)
    #expect(second != first)
    unlink(second + "/bin/\(SmallProgram.name)")
    #expect(try cache.folder(of: package) != second)
    for text in ["", "\n", "/etc\nx\n", "\(package.id).none\n\n"] {
      try Data(text.utf8).write(to: URL(filePath: "\(cache.path)/\(package.id)"))
      #expect(cache.unpacked(package) == nil)
    }
  }

  @Test("many threads at once")
  func concurrent() async throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let package = try SmallProgram.package(in: folder.path, byteCount: 1_000_000)
    let cache = ProgramCache(path: folder.path + "/user/programs")
    let folders = try await withThrowingTaskGroup(of: String.self) { tasks in
      for _ in 0..<8 { tasks.addTask { try cache.folder(of: package) } }
      return try await tasks.reduce(into: [String]()) { $0.append($1) }
    }
    for folder in folders {
      let library = try Data(contentsOf: URL(filePath: folder + "/lib/library.so"))
      #expect(library == package.files[1].image.contents)
    }
    #expect(folders.contains(try #require(cache.unpacked(package))))
  }

  @Test("no cache where the user wants none, or others could write")
  func refusals() throws {
    #expect(ProgramCache(environment: ["NEEDLETAIL_CACHE": "none", "TMPDIR": "/tmp"]) == nil)
    #expect(ProgramCache(environment: ["NEEDLETAIL_CACHE": "relative"]) == nil)
    let expected = "/tmp/needletail-\(getuid())/programs"
    #expect(ProgramCache(environment: [:])?.path == expected)
    #expect(ProgramCache(environment: ["NEEDLETAIL_CACHE": "", "TMPDIR": ""])?.path == expected)
    let folder = try TestFolder()
    defer { folder.remove() }
    let package = try SmallProgram.package(in: folder.path)
    mkdir(folder.path + "/user", 0o700)
    chmod(folder.path + "/user", 0o777)
    let cache = ProgramCache(path: folder.path + "/user/programs")
    #expect(throws: (any Error).self) { try cache.folder(of: package) }
  }

  /// A cache with a program of 100 KiB for each age in hours, called by it, and a folder of no entry.
  private static func fill(_ path: String, hours: [Int]) throws {
    func age(_ path: String, _ hours: Int) {
      let then = timeval(tv_sec: time(nil) - hours * 3600, tv_usec: 0)
      utimes(path, [then, then])
    }
    // Some file systems keep zeros without space.
    let noise = Data((0..<100 << 10).map { _ in UInt8.random(in: .min ... .max) })
    for hours in hours {
      let folder = "\(path)/a\(hours).XYZabc"
      try FileManager.default.createDirectory(
        atPath: folder + "/bin", withIntermediateDirectories: true)
      try noise.write(to: URL(filePath: folder + "/bin/program"))
      try Data("a\(hours).XYZabc\nbin/program 1 1 1 1\n".utf8)
        .write(to: URL(filePath: "\(path)/a\(hours)"))
      age("\(path)/a\(hours)", hours)
      age(folder, hours)
    }
    for (name, hours) in [("b.Orphan", 2), ("c.Young1", 0)] {
      mkdir("\(path)/\(name)", 0o700)
      age("\(path)/\(name)", hours)
    }
  }

  @Test(
    "cleaning by age and size",
    arguments: [
      (CacheCleaning(days: 14), [0, 2, 24, 300]),
      (CacheCleaning(days: 1), [0, 2, 24]),
      (CacheCleaning(kibibytes: 250), [0, 2]),
      (CacheCleaning(kibibytes: 10), [0]),
    ])
  func cleaning(_ cleaning: CacheCleaning, _ left: [Int]) throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    try Self.fill(folder.path, hours: [0, 2, 24, 300, 500])
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-c", cleaning.text + "\nclean \"$1\"", "sh", folder.path]
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 0)
    let names = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
    #expect(names == Set(left.flatMap { ["a\($0)", "a\($0).XYZabc"] } + ["c.Young1"]))
  }

  @Test("a program that runs is not cleaned away")
  func running() throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    try Self.fill(folder.path, hours: [500])
    let program = folder.path + "/a500.XYZabc/bin/program"
    unlink(program)
    try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: program)
    let sleeper = Process()
    sleeper.executableURL = URL(filePath: program)
    sleeper.arguments = ["60"]
    try sleeper.run()
    for isRunning in [true, false] {
      if !isRunning {
        sleeper.terminate()
        sleeper.waitUntilExit()
      }
      let shell = Process()
      shell.executableURL = URL(filePath: "/bin/sh")
      shell.arguments = ["-c", CacheCleaning().text + "\nclean \"$1\"", "sh", folder.path]
      try shell.run()
      shell.waitUntilExit()
      #expect(FileManager.default.fileExists(atPath: program) == isRunning)
    }
  }

  @Test("packed files are kept, and damaged ones noticed")
  func packedFiles() throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let package = try SmallProgram.package(in: folder.path)
    let kept = PackedFiles(folder: folder.path + "/packed")
    mkdir(kept.folder, 0o700)
    let file = package.files[1]
    let packed = try kept.packed(file, level: 6)
    #expect(try packed == file.packed(level: 6))
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: kept.folder).first)
    let path = "\(kept.folder)/\(name)"
    let early = timeval(tv_sec: 1_000_000_000, tv_usec: 0)
    utimes(path, [early, early])
    #expect(try kept.packed(file, level: 6) == packed)
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mtim.tv_sec > early.tv_sec)
    try Data("damage".utf8).write(to: URL(filePath: path))
    #expect(try kept.packed(file, level: 6) == packed)
    // Old ones go when another is kept.
    utimes(path, [early, early])
    _ = try kept.packed(package.files[0], level: 6)
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("what is remembered of servers")
  func notes() throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let notes = ServerNotes(folder: folder.path)
    #expect(!notes.mayHave("a", at: "one:1"))
    notes.noteSent("a", to: "one:1")
    #expect(notes.mayHave("a", at: "one:1"))
    #expect(!notes.mayHave("b", at: "one:1") && !notes.mayHave("a", at: "two:1"))
    // A server that lost it once is asked again; one that never has it is left alone for a day.
    notes.noteAsked("a", "one:1", had: false)
    notes.noteSent("a", to: "one:1")
    #expect(notes.mayHave("a", at: "one:1"))
    notes.noteAsked("a", "one:1", had: false)
    notes.noteSent("a", to: "one:1")
    #expect(!notes.mayHave("a", at: "one:1"))
    let file = try #require(try FileManager.default.contentsOfDirectory(atPath: folder.path).first)
    let early = timeval(tv_sec: time(nil) - 2 * 86_400, tv_usec: 0)
    utimes("\(folder.path)/\(file)", [early, early])
    #expect(notes.mayHave("a", at: "one:1"))
    notes.noteAsked("a", "one:1", had: true)
    notes.noteAsked("a", "one:1", had: false)
    #expect(notes.mayHave("a", at: "one:1"))
  }
}
