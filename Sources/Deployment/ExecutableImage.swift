import Crypto
public import FoundationEssentials
import HostProcesses
import NativeLibraries
import Texts

/// A program or library on disk, as the executors need it: the part of the ELF file that is loaded into
/// memory.
///
/// Debug information and symbol tables are the greater part of a Swift executable, and a third of Swift's
/// own libraries, and nothing at run time needs them; they lie behind the loaded segments, so leaving
/// them out is cutting the file.
public struct ExecutableImage: Sendable {
  /// Where the file lies.
  public let path: String
  /// Identifies the build: the linker's build id (a hash of the contents), else the SHA-256 of
  /// ``contents``; hexadecimal.
  public let fingerprint: String
  private let file: Data
  private let image: ELFImage?

  /// The loaded part of the file: valid without debug information.
  public var contents: Data { image?.loadedPart ?? file }

  /// The size of ``contents``.
  var byteCount: Int { image?.loadedEnd ?? file.count }

  /// The running program.
  ///
  /// - Throws: ``NeedletailError`` if its file cannot be read.
  public static func current() throws -> ExecutableImage {
    try ExecutableImage(path: ProcFile.programPath())
  }

  /// Reads the file at `path`; formats other than 64-bit little-endian ELF are taken whole.
  ///
  /// - Throws: ``NeedletailError`` if the file cannot be read.
  public init(path: String) throws {
    self.path = path
    let file: Data
    do {
      file = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    } catch {
      throw NeedletailError(
        .packaging, "the program at \(path) cannot be read: \(error.reason)", cause: error)
    }
    self.file = file
    image = ELFImage(file)
    fingerprint = image?.buildID ?? (image?.loadedPart ?? file).fullHash
  }
}

extension Sequence<UInt8> {
  fileprivate var hexadecimal: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension Data {
  /// Twelve hexadecimal digits of the SHA-256, to tell contents apart in names.
  package var shortHash: String { SHA256.hash(data: self).prefix(6).hexadecimal }

  /// The SHA-256, hexadecimal.
  package var fullHash: String { SHA256.hash(data: self).hexadecimal }
}

extension ELFImage {
  private static let buildIDNote: UInt32 = 3

  /// The GNU build id note, hexadecimal.
  fileprivate var buildID: String? {
    for segment in segments where segment.kind == .note {
      let end = segment.offset + segment.byteCount
      var note = segment.offset
      while note + 12 <= end, let nameSize: UInt32 = number(note),
        let size: UInt32 = number(note + 4), let kind: UInt32 = number(note + 8)
      {
        let description = note + 12 + (Int(nameSize) + 3) & ~3
        guard description + Int(size) <= end else { break }
        if kind == Self.buildIDNote, nameSize == 4 {
          return file[description..<description + Int(size)].hexadecimal
        }
        note = description + (Int(size) + 3) & ~3
      }
    }
    return nil
  }

  /// Where the loaded segments end.
  fileprivate var loadedEnd: Int {
    let ends = segments.lazy.filter { $0.kind == .load }.map { $0.offset + $0.byteCount }
    return max(tableEnd, ends.max() ?? 0)
  }

  /// The file up to the end of the loaded segments, its header saying that there are no sections.
  fileprivate var loadedPart: Data {
    var part = Data(file.prefix(loadedEnd))
    part.replaceSubrange(40..<48, with: repeatElement(0, count: 8))
    part.replaceSubrange(60..<64, with: repeatElement(0, count: 4))
    return part
  }
}
