import Foundation
import ImagePreprocessing
import Tensors
import Testing

/// Metadata of every kind, against how PIL turned the same files (`make_orientations.py`).
@Suite(.needsDecoders)
struct OrientationTests {
  private struct List: Decodable {
    struct Result: Decodable {
      var width: Int
      var height: Int
      /// Red, green and blue, in hexadecimal digits.
      var pixels: String
    }

    struct File: Decodable {
      var head: String
      var body: String
      var tail: String
      /// The image turned by the orientations 1 to 8.
      var upright: [Result]
    }

    struct Case: Decodable {
      var file: String
      var name: String
      var early: String
      var late: String
      var orientation: Int
    }

    var files: [String: File]
    var cases: [Case]
  }

  private static let list = Result {
    let data = try Data(contentsOf: ImageFile.folder.appendingPathComponent("orientations.json"))
    return try JSONDecoder().decode(List.self, from: data)
  }

  private static func bytes(_ digits: String) -> [UInt8] {
    let digits = Array(digits.utf8)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
  }

  @Test("every case is turned as by PIL", arguments: ["png", "jpeg"])
  func turned(kind: String) throws {
    let list = try Self.list.get()
    let file = try #require(list.files[kind])
    let cases = list.cases.filter { $0.file == kind }
    #expect(cases.count > 400 && file.upright.count == 8)
    for entry in cases {
      let bytes = Self.bytes(file.head + entry.early + file.body + entry.late + file.tail)
      let expected = file.upright[entry.orientation - 1]
      var images = ImagePreprocessing(
        size: ImageSize(width: expected.width, height: expected.height))
      images.decoding.appliesOrientation = true
      let found = try images.byteTensor(from: [bytes])
      #expect(found.scalars == Self.bytes(expected.pixels), "\(entry.name)")
      images.decoding.appliesOrientation = false
      let plain = file.upright[0]
      images.size = ImageSize(width: plain.width, height: plain.height)
      #expect(try images.byteTensor(from: [bytes]).scalars == Self.bytes(plain.pixels))
    }
  }
}
