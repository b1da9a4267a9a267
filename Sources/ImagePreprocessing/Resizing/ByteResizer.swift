import CImages

/// Resizes as PIL does: in two passes, one of the rows and one of the columns, each rounded to
/// bytes.
final class ByteResizer {
  private let filter: ByteFilter
  private let rows = PixelMemory()
  private let result = PixelMemory()
  private var across = ByteSpans()
  private var down = ByteSpans()
  private var plan: ResizingPlan?

  init(_ filter: ByteFilter) { self.filter = filter }

  /// The window of the resized image; it stays valid until the next call.
  func resize(_ image: PixelView, _ plan: ResizingPlan) -> PixelView {
    let box = plan.box
    let source = plan.source
    let needsAcross =
      plan.resized.width != source.width || box.left != 0 || box.right != Float(source.width)
    let needsDown =
      plan.resized.height != source.height || box.top != 0 || box.bottom != Float(source.height)
    if self.plan != plan {
      if needsAcross { computeAcross(plan) }
      if needsDown { computeDown(plan) }
      self.plan = plan
    }
    let window = plan.window
    let (width, height) = (window.size.width, window.size.height)
    switch (needsAcross, needsDown) {
    case (false, false): return image.cropped(to: window)
    case (true, false):
      return resizeRows(image, window.y..<window.y + height, width: width)
    case (false, true):
      let columns = ImageRegion(x: window.x, y: 0, width: width, height: image.height)
      return resizeColumns(image.cropped(to: columns), height: height, skipped: 0)
    case (true, true) where Self.beginsWithColumns(plan):
      let columns = ImageRegion(
        x: 0, y: 0, width: across.input.upperBound, height: image.height)
      let squeezed = resizeColumns(image.cropped(to: columns), height: height, skipped: 0)
      return resizeRows(squeezed, 0..<height, width: width)
    case (true, true):
      let squeezed = resizeRows(image, down.input, width: width)
      return resizeColumns(squeezed, height: height, skipped: down.input.lowerBound)
    }
  }

  /// Which pass comes first decides on how values are rounded. Pillow 13 begins with the columns if
  /// that takes away more than twice as many rows as the rows' pass takes away columns (found by
  /// trying some 1700 sizes; older ones always begin with the rows).
  private static func beginsWithColumns(_ plan: ResizingPlan) -> Bool {
    let rows = plan.source.height - plan.resized.height
    return rows > 0 && 2 * (plan.source.width - plan.resized.width) < rows
  }

  private func computeAcross(_ plan: ResizingPlan) {
    across.compute(
      filter, inputSize: plan.source.width, start: plan.box.left, end: plan.box.right,
      outputSize: plan.resized.width,
      window: plan.window.x..<plan.window.x + plan.window.size.width)
  }

  private func computeDown(_ plan: ResizingPlan) {
    down.compute(
      filter, inputSize: plan.source.height, start: plan.box.top, end: plan.box.bottom,
      outputSize: plan.resized.height,
      window: plan.window.y..<plan.window.y + plan.window.size.height)
  }

  private func resizeRows(_ image: PixelView, _ lines: Range<Int>, width: Int) -> PixelView {
    let output = PixelView(
      rows.reserve(width * lines.count * 4), width: width, height: lines.count)
    across.spans.withUnsafeBufferPointer { spans in
      across.weights.withUnsafeBufferPointer { weights in
        for (line, y) in lines.enumerated() {
          needletail_resample_row(
            image.row(y), output.row(line), width, spans.baseAddress, weights.baseAddress)
        }
      }
    }
    return output
  }

  /// - Parameter skipped: how many rows of the source `image` does not have at its top.
  private func resizeColumns(_ image: PixelView, height: Int, skipped: Int) -> PixelView {
    let output = PixelView(
      result.reserve(image.width * height * 4), width: image.width, height: height)
    down.weights.withUnsafeBufferPointer { weights in
      for (line, span) in down.spans.enumerated() {
        var span = span
        span.start -= Int32(skipped)
        needletail_resample_column(
          image.base, image.stride, Int32(image.height), output.row(line), image.width * 4, &span,
          weights.baseAddress)
      }
    }
    return output
  }
}
