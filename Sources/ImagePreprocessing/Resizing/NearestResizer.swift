/// Resizes by taking the nearest pixel.
final class NearestResizer {
  private let rounding: Rounding
  private let result = PixelMemory()
  private var columns: [Int] = []
  private var rows: [Int] = []
  private var plan: ResizingPlan?

  /// How the position of a pixel is computed.
  enum Rounding {
    /// PIL adds up steps in double precision.
    case steps
    /// TensorFlow multiplies in single precision.
    case product
  }

  init(_ rounding: Rounding) { self.rounding = rounding }

  /// The window of the resized image; it stays valid until the next call.
  func resize(_ image: PixelView, _ plan: ResizingPlan) -> PixelView {
    if self.plan != plan {
      let window = plan.window
      columns = positions(
        start: plan.box.left, end: plan.box.right, size: plan.resized.width,
        limit: plan.source.width, window: window.x..<window.x + window.size.width)
      rows = positions(
        start: plan.box.top, end: plan.box.bottom, size: plan.resized.height,
        limit: plan.source.height, window: window.y..<window.y + window.size.height)
      self.plan = plan
    }
    let output = PixelView(
      result.reserve(columns.count * rows.count * 4), width: columns.count, height: rows.count)
    for (y, source) in rows.enumerated() {
      let from = UnsafeRawPointer(image.row(source))
      let to = UnsafeMutableRawPointer(output.row(y))
      for (x, column) in columns.enumerated() {
        (to + x * 4).copyMemory(from: from + column * 4, byteCount: 4)
      }
    }
    return output
  }

  private func positions(
    start: Float, end: Float, size: Int, limit: Int, window: Range<Int>
  ) -> [Int] {
    switch rounding {
    case .steps:
      let step = Double(end - start) / Double(size)
      var position = Double(start) + step * 0.5
      for _ in 0..<window.lowerBound { position += step }
      return window.map { _ in
        defer { position += step }
        return min(max(Int(position), 0), limit - 1)
      }
    case .product:
      let scale = (end - start) / Float(size)
      return window.map { output in
        let position = Int(((Float(output) + 0.5) * scale).rounded(.down))
        return min(Int(start) + position, Int(end) - 1)
      }
    }
  }
}
