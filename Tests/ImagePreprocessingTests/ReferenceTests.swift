import ImagePreprocessing
import Tensors
import Testing

/// Against what PIL, Keras and TensorFlow made of the same files.
@Suite(.needsDecoders)
struct ReferenceTests {
  @Test(
    "PIL's bytes", arguments: ImageCase.all.filter { ![.tensorflow, .keras].contains($0.kind) })
  func bytes(_ expected: ImageCase) throws {
    let images = try expected.settings
    let tensor = try images.byteTensor(from: [ImageFile.bytes(expected.file)])
    #expect(tensor.shape == [1, expected.height, expected.width, images.channels.count])
    try expected.expectEqual(tensor.scalars)
    // The table of numbers gives the same values as floats.
    let floats = try images.tensor(from: [ImageFile.bytes(expected.file)])
    #expect(floats.scalars.elementsEqual(tensor.scalars.map { Float($0) }))
  }

  @Test("TensorFlow's and Keras' floats", arguments: ImageCase.all(.tensorflow, .keras))
  func floats(_ expected: ImageCase) throws {
    let tensor = try expected.settings.tensor(from: [ImageFile.bytes(expected.file)])
    let wanted = try expected.floats
    var worst: Float = 0
    for y in 0..<expected.height {
      for x in 0..<expected.width {
        for channel in 0..<3 {
          let value = wanted[(y * expected.width + x) * 3 + channel]
          let found = tensor[0, y, x, channel]
          // Sums of products of up to 255: what is small compared to them has fewer good digits.
          worst = max(worst, abs(found - value) / max(abs(value), 16))
        }
      }
    }
    #expect(worst <= 1e-5)
  }

  @Test("All cases are there") func completeness() {
    #expect(ImageCase.all(.decode).count >= 90)
    #expect(ImageCase.all(.tensorflow).count >= 20)
    #expect(ImageFile.names.count >= 60)
  }
}
