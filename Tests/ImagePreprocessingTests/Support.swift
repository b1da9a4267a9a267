import Foundation
import ImagePreprocessing
import Tensors
import Testing

/// The decoders on this machine.
enum Decoders {
  static let areAvailable: Bool = {
    let missing = ["jpeg_pixel.jpg", "pixel.png"].compactMap { file -> String? in
      do {
        let images = ImagePreprocessing(size: ImageSize(1))
        _ = try images.byteTensor(from: [ImageFile.bytes(file)])
        return nil
      } catch {
        return "\(error)"
      }
    }
    for message in missing { print("image tests are skipped: \(message)") }
    return missing.isEmpty
  }()
}

extension Trait where Self == ConditionTrait {
  /// Skips where the decoders are missing.
  static var needsDecoders: Self {
    .enabled(if: Decoders.areAvailable, "needs libturbojpeg0 and libpng16-16")
  }
}

/// The images that `make_images.py` wrote.
enum ImageFile {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().appendingPathComponent("Images")

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".png") || $0.hasSuffix(".jpg") }.sorted()
  }()
}

/// What PIL or TensorFlow made of an image.
struct ImageCase: Decodable, CustomTestStringConvertible {
  enum Kind: String, Decodable {
    case decode, upright, resize, cover, contain, centerCrop, region, tensorflow, keras
  }

  var file: String
  var kind: Kind
  var width: Int
  var height: Int
  var filter: String?
  var channels: PixelChannels?
  var antialias: Bool?
  var draft: Bool?
  var side: Int?
  var x: Int?
  var y: Int?
  var w: Int?
  var h: Int?
  /// The width of the image of which only the left part is given.
  var fullWidth: Int?
  /// The FNV-1a sum of the result's bytes.
  var sum: String?
  /// Where the result lies in `expected.bin`.
  var offset: Int?

  var testDescription: String {
    [
      file, kind.rawValue, filter, antialias == true ? "antialias" : nil, channels?.rawValue,
      side.map { "side \($0)" }, "\(width)x\(height)",
    ].compactMap { $0 }.joined(separator: " ")
  }

  private struct List: Decodable { var cases: [ImageCase] }

  static let all: [ImageCase] = {
    do {
      let data = try Data(contentsOf: ImageFile.folder.appendingPathComponent("cases.json"))
      return try JSONDecoder().decode(List.self, from: data).cases
    } catch {
      Issue.record("cases.json cannot be read: \(error)")
      return []
    }
  }()

  static func all(_ kinds: Kind...) -> [ImageCase] { all.filter { kinds.contains($0.kind) } }

  private static let expected: [UInt8] = (try? ImageFile.bytes("expected.bin")) ?? []

  var size: ImageSize { ImageSize(width: fullWidth ?? width, height: height) }

  /// The settings that should give the result.
  var settings: ImagePreprocessing {
    get throws {
      var settings = ImagePreprocessing(size: size, channels: channels ?? .rgb)
      settings.decoding.appliesOrientation = kind == .upright
      settings.decoding.usesDraft = draft ?? false
      let name = filter ?? "bicubic"
      if kind == .tensorflow || kind == .keras {
        let method = name == "mitchellcubic" ? "mitchellCubic" : name
        settings.resampling = .tensorFlow(
          try #require(TensorFlowResampling(rawValue: method)), antialias: antialias ?? false)
        if kind == .keras { settings.fitting = .cover }
      } else {
        settings.resampling = try #require(Self.filters[name])
      }
      switch kind {
      case .cover: settings.fitting = .cover
      case .contain:
        settings.fitting = .contain(background: PixelColor(red: 10, green: 200, blue: 30))
      case .centerCrop: settings.fitting = .centerCrop(shorterSide: try #require(side))
      case .region:
        settings.region = ImageRegion(
          x: try #require(x), y: try #require(y), width: try #require(w), height: try #require(h))
      default: break
      }
      return settings
    }
  }

  private static let filters: [String: Resampling] = [
    "nearest": .nearest, "box": .box, "bilinear": .bilinear, "hamming": .hamming,
    "bicubic": .bicubic, "lanczos": .lanczos,
  ]

  /// Checks `bytes` against the result.
  func expectEqual(_ bytes: [UInt8]) throws {
    if let sum {
      #expect(fnv(bytes) == sum)
    } else {
      let start = try #require(offset)
      let wanted = Self.expected[start..<start + bytes.count]
      let differing = zip(bytes, wanted).filter { $0 != $1 }.count
      #expect(differing == 0, "\(differing) of \(bytes.count) bytes differ")
    }
  }

  /// The floats of the result.
  var floats: [Float] {
    get throws {
      let start = try #require(offset)
      return (0..<width * height * 3).map { index in
        let place = start + index * 4
        let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(Self.expected[place + $1]) << (8 * $1) }
        return Float(bitPattern: bits)
      }
    }
  }
}

/// FNV-1a of 64 bits, in hexadecimal digits.
func fnv(_ bytes: [UInt8]) -> String {
  let sum = bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  let digits = String(sum, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
