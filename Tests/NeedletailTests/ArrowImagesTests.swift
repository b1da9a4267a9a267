import Foundation
import Needletail
import Testing

/// Images that come as a binary column.
@Suite("Images in columns")
struct ArrowImagesTests {
  private static func image(_ name: String) throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try [UInt8](
      Data(contentsOf: folder.appending(path: "ImagePreprocessingTests/Images/\(name)")))
  }

  @Test("A binary column gives what bytes give") func columns() throws {
    let settings = ImagePreprocessing(size: ImageSize(5))
    let files = try ["rgb8.png", "jpeg420.jpg", "palette2.png"].map { try Self.image($0) }
    #expect(
      try settings.tensor(from: ArrowColumn.binary(files)) == settings.tensor(from: files))
    let error = try #require(throws: ImageError.self) {
      try settings.tensor(from: ArrowColumn.binary([files[0], nil]), names: ["a", "b"])
    }
    #expect(error.code == .missing && error.row == 1 && error.name == "b")
    #expect(throws: ImageError.self) { try settings.tensor(from: ArrowColumn.strings(["x"])) }
  }

  @Test("A Spark function takes binary columns") func function() async throws {
    let settings = ImagePreprocessing(size: ImageSize(3), channels: .grey)
    let files = try ["rgb8.png", "jpeg_cmyk.jpg"].map { try Self.image($0) }
    let function = PredictBatchUDF("pixels", returning: .array(.float), batchSize: 10) { _ in
      { (content: ArrowColumn, path: [String]) -> Tensor<Float> in
        try settings.tensor(from: content, names: path).reshaped(to: [content.count, 9])
      }
    }
    let batch = try RecordBatch([
      ("content", .binary(files)), ("path", .strings(["file:/a.png", "file:/b.jpg"])),
    ])
    let column = try await function.predictLocally(on: [batch])
    #expect(try column.tensor(of: Float.self, rowShape: [3, 3, 1]) == settings.tensor(from: files))
    let bad = try RecordBatch([
      ("content", .binary([files[0], [1, 2]])), ("path", .strings(["file:/a.png", "file:/b.jpg"])),
    ])
    let error = await #expect(throws: InferenceError.self) {
      try await function.predictLocally(on: [bad])
    }
    #expect(error?.message.contains("row 1 of the batch, file:/b.jpg") == true)
  }
}
