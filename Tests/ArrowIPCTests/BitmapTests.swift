import Tensors
import Testing

@testable import ArrowIPC

/// Looking for bits by words finds what looking at each of them finds.
struct BitmapTests {
  @Test(
    "the first bit of a value is found from every start, at every offset",
    arguments: [0, 1, 7, 8, 63, 64, 65, 127, 128, 200])
  func firstIndex(_ count: Int) {
    var generator = SystemRandomNumberGenerator()
    for share in [0, 1, 50, 99, 100] {
      let bits = (0..<count + 16).map { _ in Int.random(in: 0..<100, using: &generator) < share }
      let all = Bitmap(bits)
      for offset in [0, 1, 5, 8, 13] {
        let bitmap = Bitmap(all.buffer, offset: offset, count: count)
        let own = Array(bits[offset..<offset + count])
        for value in [true, false] {
          for start in Set([0, 1, count / 2, max(0, count - 1), count, count + 3]) {
            let wanted = own.indices.first { $0 >= start && own[$0] == value }
            #expect(
              bitmap.firstIndex(of: value, from: start) == wanted,
              "\(own), \(value) from \(start), offset \(offset)")
          }
        }
      }
    }
  }

  @Test("nulls within a slice become what is given for them, and nothing else does")
  func filled() throws {
    func isNull(_ row: Int) -> Bool { row % 7 == 3 || row > 290 }
    let values = (0..<300).map { isNull($0) ? ArrowValue.null : .float(Double($0)) }
    let column = try ArrowColumn(values, type: .float32)
    for range in [0..<300, 1..<300, 3..<4, 5..<70, 64..<128, 291..<300] {
      let tensor: Tensor<Float> = try column.slice(range).tensor(nulls: .fill(-1))
      let wanted = range.map { isNull($0) ? -1 : Float($0) }
      #expect(tensor.scalars == wanted, "\(range)")
    }
  }
}
