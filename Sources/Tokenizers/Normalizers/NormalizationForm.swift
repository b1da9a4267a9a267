/// The four Unicode normalisation forms (Unicode Standard Annex 15).
struct NormalizationForm: Sendable {
  var isCompatible: Bool
  var isComposed: Bool

  static let decomposed = NormalizationForm(isCompatible: false, isComposed: false)

  func apply(_ text: inout AlignedText, spare: inout AlignedText) {
    if text.bytes.allSatisfy({ $0 < 0x80 }) { return }
    var run = NormalizationRun(form: self)
    text.rewrite(&spare) { source, rewriter, target in
      var index = 0
      while index < source.count {
        let (scalar, length) = UTF8Text.scalar(source, index)
        index += length
        run.add(scalar, &rewriter, &target)
      }
      run.finish(&rewriter, &target)
    }
  }
}

/// Decomposes, orders and composes scalars as they come.
private struct NormalizationRun {
  private typealias Entry = (scalar: UInt32, combining: UInt32, change: Int)

  private let form: NormalizationForm
  private let tables = UnicodeTables.shared
  /// Scalars since the last one of class 0, which stands first.
  private var pending: [Entry] = []

  // Of the composition: the scalar that the following ones may join, the ones that did not, and
  // the class of the last of these.
  private var base: Entry?
  private var unjoined: [Entry] = []
  private var lastClass: UInt32?

  init(form: NormalizationForm) { self.form = form }

  mutating func add(
    _ scalar: UInt32, _ rewriter: inout Rewriter, _ target: inout AlignedText
  ) {
    if 0xAC00...0xD7A3 ~= scalar {
      let index = scalar - 0xAC00
      push(0x1100 + index / 588, 0, &rewriter, &target)
      push(0x1161 + index % 588 / 28, 1, &rewriter, &target)
      if index % 28 != 0 { push(0x11A7 + index % 28, 1, &rewriter, &target) }
    } else if let parts = tables.decomposition(scalar, compatibility: form.isCompatible) {
      var change = 0
      for part in parts {
        push(part, change, &rewriter, &target)
        change = 1
      }
    } else {
      push(scalar, 0, &rewriter, &target)
    }
  }

  private mutating func push(
    _ scalar: UInt32, _ change: Int, _ rewriter: inout Rewriter, _ target: inout AlignedText
  ) {
    let combining = tables.combiningClass(scalar)
    if combining == 0 { flush(&rewriter, &target) }
    pending.append((scalar, combining, change))
  }

  /// Passes the pending scalars on in canonical order.
  private mutating func flush(_ rewriter: inout Rewriter, _ target: inout AlignedText) {
    if pending.count > 2 || (pending.count == 2 && pending[0].combining != 0) { order() }
    for entry in pending {
      if form.isComposed {
        compose(entry, &rewriter, &target)
      } else {
        rewriter.emit(entry.scalar, change: entry.change, to: &target)
      }
    }
    pending.removeAll(keepingCapacity: true)
  }

  /// Stable order by class; a hostile text may have a long run, so no insertion sort.
  private mutating func order() {
    let start = pending[0].combining == 0 ? 1 : 0
    let sorted = pending.indices.dropFirst(start).sorted {
      (pending[$0].combining, $0) < (pending[$1].combining, $1)
    }
    pending = Array(pending[..<start]) + sorted.map { pending[$0] }
  }

  mutating func finish(_ rewriter: inout Rewriter, _ target: inout AlignedText) {
    flush(&rewriter, &target)
    release(&rewriter, &target)
  }

  private mutating func release(_ rewriter: inout Rewriter, _ target: inout AlignedText) {
    if let base { rewriter.emit(base.scalar, change: base.change, to: &target) }
    for entry in unjoined { rewriter.emit(entry.scalar, change: entry.change, to: &target) }
    base = nil
    unjoined.removeAll(keepingCapacity: true)
    lastClass = nil
  }

  private mutating func compose(
    _ entry: Entry, _ rewriter: inout Rewriter, _ target: inout AlignedText
  ) {
    guard let base else {
      if entry.combining == 0 {
        self.base = entry
      } else {
        rewriter.emit(entry.scalar, change: entry.change, to: &target)
      }
      return
    }
    let isBlocked = lastClass.map { $0 >= entry.combining } ?? false
    if !isBlocked, let composite = composite(base.scalar, entry.scalar) {
      self.base = (composite, 0, base.change + entry.change - 1)
      return
    }
    if entry.combining == 0 {
      release(&rewriter, &target)
      self.base = entry
    } else {
      unjoined.append(entry)
      lastClass = entry.combining
    }
  }

  private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if 0x1100..<0x1113 ~= first, 0x1161..<0x1176 ~= second {
      return 0xAC00 + (first - 0x1100) * 588 + (second - 0x1161) * 28
    }
    if 0xAC00...0xD7A3 ~= first, (first - 0xAC00) % 28 == 0, 0x11A8..<0x11C3 ~= second {
      return first + second - 0x11A7
    }
    return tables.composite(first, second)
  }
}
