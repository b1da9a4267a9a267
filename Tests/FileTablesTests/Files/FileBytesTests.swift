import Foundation
import Testing

@testable import FileTables

@Suite("Bytes of files", .needsFilePlugin)
struct FileBytesTests {
  private static let text = Array(
    (0..<20_000).map { "line \($0)\n" }.joined().utf8)

  private func read(_ store: FileStore, _ path: String) throws -> [UInt8] {
    let input = try FileBytes(store, path, decompressing: true)
    var bytes: [UInt8] = []
    while true {
      let piece = try input.read(upTo: 10_000)
      if piece.isEmpty { return bytes }
      bytes += piece
    }
  }

  @Test(arguments: [
    (nil, ""), ("gzip", ".gz"), ("zstd", ".zst"), ("bzip2", ".bz2"), ("brotli", ".br"),
    ("deflate", ".deflate"),
  ])
  func compression(name: String?, ending: String) throws {
    let folder = try FilesFolder()
    let path = folder.file("text\(ending)")
    let writer = try FileBytesWriter(folder.store, path, compression: name)
    try writer.write(Array(Self.text[..<100]))
    try writer.write([])
    try writer.write(Array(Self.text[100...]))
    let length = try writer.close()
    let stored = try folder.store.read(path)
    #expect(length == Int64(stored.count))
    #expect(name == nil ? stored == Self.text : stored.count < Self.text.count / 2)
    #expect(try read(folder.store, path) == Self.text)
    if name == nil { return }
    // Two compressed files one after the other are one, but for deflate.
    if name != "brotli", name != "deflate" {
      try folder.store.write(stored + stored, to: path)
      #expect(try read(folder.store, path) == Self.text + Self.text)
    }
    try folder.store.write(Array(stored[..<(stored.count / 2)]), to: path)
    let error = failure { _ = try read(folder.store, path) }
    #expect(error?.code == .malformed && error?.path == path)
  }

  @Test func fromAnyByte() throws {
    let folder = try FilesFolder()
    let path = folder.file("text")
    try folder.store.write(Self.text, to: path)
    for offset in [0, 1, 4711, Self.text.count - 1, Self.text.count] {
      let input = try FileBytes(folder.store, path, decompressing: true, from: Int64(offset))
      #expect(try input.read(upTo: 100) == Array(Self.text[offset...].prefix(100)))
    }
    // What is in the middle of a compressed file says nothing.
    let packed = folder.file("text.gz")
    try folder.store.write(Self.text, to: packed)
    for (path, offset) in [(packed, 1), (path, -1)] as [(String, Int64)] {
      let error = failure {
        _ = try FileBytes(folder.store, path, decompressing: true, from: offset)
      }
      #expect(error?.code == .invalidOption && error?.path == path)
    }
  }

  @Test func refusals() throws {
    let folder = try FilesFolder()
    let path = folder.file("x")
    for (name, code) in [
      ("lz4", FileTableError.Code.unsupported), ("zip", .invalidOption),
    ] {
      let error = failure { _ = try FileBytesWriter(folder.store, path, compression: name) }
      #expect(error?.code == code && error?.message.contains("choose") == true)
    }
    #expect(!folder.exists("x"))
  }

  @Test func givenUp() throws {
    let folder = try FilesFolder()
    do {
      let writer = try FileBytesWriter(folder.store, folder.file("x"), compression: "gzip")
      try writer.write([1, 2, 3])
    }
    #expect(!folder.exists("x"))
    let writer = try FileBytesWriter(folder.store, folder.file("y"), compression: nil)
    try writer.write([1, 2, 3])
    writer.abort()
    #expect(!folder.exists("y"))
    #expect(failure { try writer.write([4]) }?.code == .io)
    #expect(failure { _ = try writer.close() }?.code == .io)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
  func fullDisk() throws {
    let store = try FileStore.open("/dev/full").store
    let error = failure {
      let writer = try FileBytesWriter(store, "/dev/full", compression: nil)
      try writer.write(Self.text)
      _ = try writer.close()
    }
    #expect(error?.code == .noSpace && error?.path == "/dev/full")
    #expect(FileManager.default.fileExists(atPath: "/dev/full"))
  }
}
