import CImages

/// Resizes as PIL does: first the rows, then the columns, each rounded to bytes.
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
    var image = image
    if needsAcross {
      let lines =
        needsDown ? down.input : window.y..<window.y + window.size.height
      image = resizeRows(image, lines, width: window.size.width)
      if !needsDown { return image }
      return resizeColumns(image, height: window.size.height, skipped: lines.lowerBound)
    }
    image = image.cropped(
      to: ImageRegion(x: window.x, y: 0, width: window.size.width, height: image.height))
    if needsDown { return resizeColumns(image, height: window.size.height, skipped: 0) }
    return image.cropped(
      to: ImageRegion(x: 0, y: window.y, width: window.size.width, height: window.size.height))
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
