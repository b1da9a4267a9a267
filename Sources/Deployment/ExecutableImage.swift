import Crypto
import Foundation
import HostProcesses

/// A program on disk, as the executors need it: the part of the ELF file that is loaded into memory.
///
/// Debug information and symbol tables are the greater part of a Swift executable and nothing at run
/// time needs them; they lie behind the loaded segments, so leaving them out is cutting the file.
public struct ExecutableImage: Sendable {
  /// Where the program lies.
  public let path: String
  /// Identifies the build: the linker's build id (a hash of the contents), else the SHA-256 of
  /// ``contents``; hexadecimal.
  public let fingerprint: String
  private let file: Data
  private let layout: ELFLayout?

  /// The loaded part of the file: a valid executable without debug information.
  public var contents: Data { layout?.loadedPart(of: file) ?? file }

  /// The running program.
  ///
  /// - Throws: ``NeedletailError`` if its file cannot be read.
  public static func current() throws -> ExecutableImage {
    try ExecutableImage(path: ProcFile.programPath())
  }

  /// Reads the program at `path`; formats other than 64-bit little-endian ELF are taken whole.
  ///
  /// - Throws: ``NeedletailError`` if the file cannot be read.
  public init(path: String) throws {
    self.path = path
    let file: Data
    do {
      file = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    } catch {
      throw NeedletailError(.packaging, "the program at \(path) cannot be read: \(error)")
    }
    self.file = file
    layout = ELFLayout(file)
    fingerprint =
      layout?.buildID
      ?? SHA256.hash(data: layout?.loadedPart(of: file) ?? file).map { Self.hexadecimal($0) }
      .joined()
  }

  static func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }
}

extension Data {
  /// Twelve hexadecimal digits of the SHA-256, to tell contents apart in names.
  package var shortHash: String {
    SHA256.hash(data: self).prefix(6).map { ExecutableImage.hexadecimal($0) }.joined()
  }
}

/// What the program headers of a 64-bit little-endian ELF file say (System V ABI, chapters 4 and 5).
private struct ELFLayout: Sendable {
  /// Where the last loaded segment ends in the file.
  let loadedEnd: Int
  /// The GNU build id note, hexadecimal.
  let buildID: String?

  private static let loadSegment: UInt32 = 1
  private static let noteSegment: UInt32 = 4
  private static let buildIDNote: UInt32 = 3

  init?(_ file: Data) {
    func number<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value? {
      guard offset >= 0, offset + MemoryLayout<Value>.size <= file.count else { return nil }
      return file.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
    }
    guard file.count > 64, Array(file.prefix(6)) == [0x7F, 0x45, 0x4C, 0x46, 2, 1],
      let table = number(32, UInt64.self), let entrySize = number(54, UInt16.self),
      let entryCount = number(56, UInt16.self), entrySize >= 56
    else { return nil }
    var end = Int(table) + Int(entrySize) * Int(entryCount)
    var identity: String?
    for entry in 0..<Int(entryCount) {
      let header = Int(table) + entry * Int(entrySize)
      guard let kind = number(header, UInt32.self), let start = number(header + 8, UInt64.self),
        let size = number(header + 32, UInt64.self), let from = Int(exactly: start),
        let length = Int(exactly: size), from <= file.count, length <= file.count - from
      else { return nil }
      if kind == Self.loadSegment { end = max(end, from + length) }
      if kind == Self.noteSegment {
        var note = from
        while note + 12 <= from + length, let nameSize = number(note, UInt32.self),
          let size = number(note + 4, UInt32.self), let noteKind = number(note + 8, UInt32.self)
        {
          let description = note + 12 + (Int(nameSize) + 3) & ~3
          guard description + Int(size) <= from + length else { break }
          if noteKind == Self.buildIDNote, nameSize == 4 {
            identity = file[description..<description + Int(size)].map {
              ExecutableImage.hexadecimal($0)
            }.joined()
          }
          note = description + (Int(size) + 3) & ~3
        }
      }
    }
    guard end <= file.count else { return nil }
    loadedEnd = end
    buildID = identity
  }

  /// The file up to the end of the loaded segments, its header saying that there are no sections.
  func loadedPart(of file: Data) -> Data {
    var part = Data(file.prefix(loadedEnd))
    part.replaceSubrange(40..<48, with: repeatElement(0, count: 8))
    part.replaceSubrange(60..<64, with: repeatElement(0, count: 4))
    return part
  }
}
