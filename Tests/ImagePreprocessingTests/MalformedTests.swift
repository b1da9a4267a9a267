import ImagePreprocessing
import Tensors
import Testing

/// What is no image, or not a whole one, is an error that says so.
@Suite(.needsDecoders)
struct MalformedTests {
  struct Damage: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var code: ImageError.Code
    /// Something that the message must say.
    var words: String
    var bytes: @Sendable () throws -> [UInt8]

    init(
      _ name: String, _ code: ImageError.Code, _ words: String,
      _ bytes: @escaping @Sendable () throws -> [UInt8]
    ) {
      testDescription = name
      self.code = code
      self.words = words
      self.bytes = bytes
    }
  }

  static let jpeg = "jpeg420.jpg"

  static let all: [Damage] =
    [
      Damage("empty", .missing, "no bytes") { [] },
      Damage("text", .unsupportedFormat, "68 65 6c 6c 6f") { Array("hello".utf8) },
      Damage("zeros", .unsupportedFormat, "1000 bytes") { Array(repeating: 0, count: 1000) },
      Damage("GIF", .unsupportedFormat, "GIF") { Array("GIF89a........".utf8) },
      Damage("WebP", .unsupportedFormat, "WebP") { Array("RIFF....WEBPVP8 ".utf8) },
      Damage("BMP", .unsupportedFormat, "BMP") { Array("BM..............".utf8) },
      Damage("TIFF", .unsupportedFormat, "TIFF") { [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0] },
      Damage("AVIF", .unsupportedFormat, "AVIF") { [0, 0, 0, 32] + Array("ftypavif".utf8) },
      Damage("PDF", .unsupportedFormat, "PDF") { Array("%PDF-1.7".utf8) },
      Damage("HTML", .unsupportedFormat, "HTML") { Array("<!DOCTYPE html><p>404".utf8) },
      Damage("gzip", .unsupportedFormat, "gzip") { [0x1F, 0x8B, 8, 0, 0, 0, 0, 0] },
    ] + ofJPEG + ofPNG

  static let ofJPEG: [Damage] = [
    Damage("JPEG signature only", .truncated, "cut off") { [0xFF, 0xD8, 0xFF] },
    Damage("JPEG cut in its header", .truncated, "within its header") { try cut(jpeg, to: 100) },
    Damage("JPEG cut in its data", .truncated, "no end marker") { try cut(jpeg, less: 300) },
    Damage("JPEG cut by a byte", .truncated, "no end marker") { try cut(jpeg, less: 1) },
    Damage("JPEG without its end", .truncated, "no end marker") { try cut(jpeg, less: 2) },
    Damage("progressive JPEG cut", .truncated, "no end marker") {
      try cut("jpeg420_progressive.jpg", less: 200)
    },
    Damage("JPEG without data", .damaged, "ends without image data") {
      [0xFF, 0xD8, 0xFF, 0xFE, 0, 2, 0xFF, 0xD9]
    },
    Damage("JPEG of no width", .badDimensions, "0x35") { try frame([0, 35, 0, 0], at: 1) },
    Damage("JPEG of no height", .badDimensions, "45x0") { try frame([0, 0, 0, 45], at: 1) },
    Damage("JPEG bomb", .badDimensions, "65500x65500") {
      try frame([0xFF, 0xDC, 0xFF, 0xDC], at: 1)
    },
    Damage("JPEG of 12 bits", .unsupportedFormat, "12-bit") { try frame([12], at: 0) },
    Damage("JPEG of 2 components", .unsupportedFormat, "2 components") { try frame([2], at: 5) },
    Damage("JPEG without tables", .damaged, "Quantization table") {
      // The markers of quantization tables (0xDB) become comments.
      let bytes = try ImageFile.bytes(jpeg)
      return bytes.indices.map {
        $0 > 0 && bytes[$0 - 1] == 0xFF && bytes[$0] == 0xDB ? 0xFE : bytes[$0]
      }
    },
    Damage("JPEG of a process that is not supported", .damaged, "cannot be decoded") {
      let bytes = try ImageFile.bytes(jpeg)
      return bytes.indices.map {
        $0 > 0 && bytes[$0 - 1] == 0xFF && bytes[$0] == 0xC0 ? 0xCB : bytes[$0]
      }
    },
  ]

  static let ofPNG: [Damage] = [
    Damage("PNG signature only", .truncated, "header") { try cut("rgb8.png", to: 8) },
    Damage("PNG cut in its data", .truncated, "cut off") { try cut("rgb8.png", less: 300) },
    Damage("interlaced PNG cut", .truncated, "cut off") {
      try cut("rgb8_interlaced.png", less: 300)
    },
    Damage("PNG without data", .truncated, "cut off") { try cut("rgb8.png", to: 33) },
    Damage("PNG of no width", .badDimensions, "0x17") { try patch("rgb8.png", 16, [0, 0, 0, 0]) },
    Damage("PNG bomb", .badDimensions, "2147483647x2147483647") {
      try patch("rgb8.png", 16, [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
    },
    Damage("PNG of more than 31 bits", .badDimensions, "4294967295x17") {
      try patch("rgb8.png", 16, [0xFF, 0xFF, 0xFF, 0xFF])
    },
    Damage("PNG whose header was changed", .damaged, "CRC") { try patch("rgb8.png", 19, [22]) },
    Damage("PNG of 3 bits", .damaged, "3 bits") { try patch("rgb8.png", 24, [3]) },
    Damage("PNG of colour type 5", .damaged, "colour type 5") { try patch("rgb8.png", 25, [5]) },
    Damage("PNG without a header", .damaged, "IHDR") {
      try patch("rgb8.png", 12, Array("JUNK".utf8))
    },
    Damage("PNG with changed data", .damaged, "cannot be decoded") {
      try patch("rgb8.png", 60, [1, 2, 3, 4, 5])
    },
    Damage("PNG without a palette", .damaged, "PLTE") {
      let bytes = try ImageFile.bytes("palette8.png")
      let palette = 12 + Int(bytes[35]) * 256 + Int(bytes[36])
      return Array(bytes[..<33] + bytes[(33 + palette)...])
    },
  ]

  static func cut(_ file: String, to count: Int) throws -> [UInt8] {
    Array(try ImageFile.bytes(file).prefix(count))
  }

  static func cut(_ file: String, less count: Int) throws -> [UInt8] {
    Array(try ImageFile.bytes(file).dropLast(count))
  }

  static func patch(_ file: String, _ offset: Int, _ values: [UInt8]) throws -> [UInt8] {
    var bytes = try ImageFile.bytes(file)
    bytes.replaceSubrange(offset..<offset + values.count, with: values)
    return bytes
  }

  /// A JPEG whose frame header has other values from `offset` on.
  static func frame(_ values: [UInt8], at offset: Int) throws -> [UInt8] {
    let bytes = try ImageFile.bytes(jpeg)
    let marker = try #require(
      bytes.indices.dropLast().first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
    return try patch(jpeg, marker + 4 + offset, values)
  }

  @Test("Bad images name row and path", arguments: all) func failure(_ damage: Damage) throws {
    let images = ImagePreprocessing(size: ImageSize(8))
    let batch = [try ImageFile.bytes("pixel.png"), try damage.bytes()]
    let error = try #require(throws: ImageError.self) {
      _ = try images.tensor(from: batch, names: ["good.png", "dir/bad"])
    }
    #expect(error.code == damage.code)
    #expect(error.row == 1)
    #expect(error.name == "dir/bad")
    #expect(error.message.contains(damage.words), "\(error)")
    #expect("\(error)".contains("row 1 of the batch, dir/bad: "))
  }

  @Test(
    "Every prefix of a file is an error or an image",
    arguments: [
      "jpeg_pixel.jpg", "jpeg_restarts.jpg", "palette8.png", "grey1_interlaced.png",
    ])
  func prefixes(_ file: String) throws {
    let bytes = try ImageFile.bytes(file)
    let images = ImagePreprocessing(size: ImageSize(4))
    for count in 0..<bytes.count {
      do {
        _ = try images.byteTensor(from: [Array(bytes[..<count])])
        // Only what follows the pixels may be missing: PNG's end chunk and checksums.
        #expect(file.hasSuffix(".png") && count >= bytes.count - 24, "\(count) bytes")
      } catch is ImageError {}
    }
  }

  @Test("Random changes never crash", arguments: ImageFile.names) func mutations(_ file: String)
    throws
  {
    let bytes = try ImageFile.bytes(file)
    var images = ImagePreprocessing(size: ImageSize(9), resampling: .bilinear)
    images.decoding.appliesOrientation = true
    images.decoding.maximumPixelCount = 1 << 20
    var state = fnv(bytes).utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for round in 0..<40 {
      var changed = bytes
      for _ in 0...random(4) { changed[random(changed.count)] = UInt8(random(256)) }
      if round % 4 == 0 { changed.removeSubrange(0..<0 + random(2)) }
      images.decoding.acceptsTruncated = round % 2 == 0
      do {
        _ = try images.byteTensor(from: [changed])
      } catch is ImageError {}
    }
  }

  @Test("Truncated images are taken if asked for") func truncation() throws {
    for file in [Self.jpeg, "rgb8.png"] {
      let whole = try ImageFile.bytes(file)
      let part = Array(whole.dropLast(whole.count / 4))
      let size = ImageSize(width: 45, height: 35)
      var images = ImagePreprocessing(size: size, resampling: .nearest)
      #expect(throws: ImageError.self) { try images.byteTensor(from: [part]) }
      images.decoding.acceptsTruncated = true
      let found = try images.byteTensor(from: [part]).scalars
      let wanted = try images.byteTensor(from: [whole]).scalars
      let upper = 45 * 3 * 12
      #expect(found[..<upper].elementsEqual(wanted[..<upper]), "\(file)")
      #expect(!found.elementsEqual(wanted), "\(file)")
    }
  }

  @Test("Damaged JPEG data are taken as PIL takes them, or refused") func damage() throws {
    var bytes = try ImageFile.bytes(Self.jpeg)
    let end = bytes.count - 2
    bytes.removeSubrange(end - 60..<end)
    var images = ImagePreprocessing(size: ImageSize(16))
    _ = try images.tensor(from: [bytes])
    images.decoding.refusesDamaged = true
    let error = try #require(throws: ImageError.self) { try images.tensor(from: [bytes]) }
    #expect(error.code == .damaged)
  }

  @Test("Rows of bad images can be left at zero") func recovery() throws {
    let images = ImagePreprocessing(size: ImageSize(2), normalization: .init(offset: 1))
    let good = try ImageFile.bytes("rgb8.png")
    var failures: [ImageError] = []
    let batch: [[UInt8]?] = [good, nil, Array("no".utf8), good]
    let tensor = try images.tensor(from: batch) { failures.append($0) }
    #expect(failures.map(\.row) == [1, 2])
    #expect(failures.map(\.code) == [.missing, .unsupportedFormat])
    #expect(tensor.rows(1..<3).scalars.allSatisfy { $0 == 0 })
    #expect(tensor.rows(0..<1) == tensor.rows(3..<4))
    #expect(tensor.rows(0..<1).scalars.allSatisfy { $0 >= 1 })
  }
}
