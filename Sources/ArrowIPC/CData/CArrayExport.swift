import CArrow
import Tensors

/// What an exported array points at, and what keeps the column's memory alive. It belongs to the
/// structure's `private_data`, wherever that is moved, and goes with its release. Children have their own,
/// so that a consumer may keep one and release the others.
final class CArrayMemory {
  private let column: ArrowColumn?
  private let buffers: UnsafeMutablePointer<UnsafeRawPointer?>
  private let bufferCount: Int
  /// The lengths of a view column's buffers of bytes, which the interface wants as one more buffer.
  private let sizes: UnsafeMutablePointer<Int64>?
  private let children: CChildren<ArrowCArray>
  private let dictionary: CChildren<ArrowCArray>

  /// The memory of a column.
  private init(_ column: ArrowColumn) {
    self.column = column
    var pointers: [UnsafeRawPointer?] = []
    if column.type != .null { pointers.append(column.validity.map(Self.start)) }
    for buffer in column.buffers { pointers.append(Self.start(buffer)) }
    switch column.type {
    case .utf8View, .binaryView:
      let sizes = UnsafeMutablePointer.copying(column.buffers.dropFirst().map { Int64($0.count) })
      self.sizes = sizes
      pointers.append(UnsafeRawPointer(sizes))
    default: sizes = nil
    }
    buffers = UnsafeMutablePointer.copying(pointers)
    bufferCount = pointers.count
    children = CChildren(count: column.children.count) { column.children[$0].export(to: $1) }
    dictionary = CChildren(count: column.dictionary.count) { column.dictionary[$0].export(to: $1) }
  }

  /// The memory of a batch, which is an array of structs of which none is null.
  private init(_ batch: RecordBatch) {
    column = nil
    sizes = nil
    buffers = UnsafeMutablePointer.copying([UnsafeRawPointer?.none])
    bufferCount = 1
    children = CChildren(count: batch.columns.count) { batch.columns[$0].export(to: $1) }
    dictionary = CChildren(count: 0) { _, _ in }
  }

  deinit {
    buffers.deallocate()
    sizes?.deallocate()
    children.end()
    dictionary.end()
  }

  /// Writes a column to `pointer`.
  static func write(_ column: ArrowColumn, to pointer: UnsafeMutablePointer<ArrowCArray>) {
    CArrayMemory(column).write(
      to: pointer, length: column.count, nullCount: column.nullCount, offset: column.offset)
  }

  /// Writes a batch to `pointer`.
  static func write(_ batch: RecordBatch, to pointer: UnsafeMutablePointer<ArrowCArray>) {
    CArrayMemory(batch).write(to: pointer, length: batch.rowCount, nullCount: 0, offset: 0)
  }

  /// Writes a structure to `pointer` whose release ends this memory.
  private func write(
    to pointer: UnsafeMutablePointer<ArrowCArray>, length: Int, nullCount: Int, offset: Int
  ) {
    var array = ArrowCArray()
    array.length = Int64(length)
    array.null_count = Int64(nullCount)
    array.offset = Int64(offset)
    array.n_buffers = Int64(bufferCount)
    array.n_children = Int64(children.count)
    array.buffers = buffers
    array.children = children.pointers
    array.dictionary = dictionary.first
    array.release = { array in
      guard let array, let memory = array.pointee.private_data else { return }
      array.pointee.private_data = nil
      array.pointee.release = nil
      Unmanaged<CArrayMemory>.fromOpaque(memory).release()
    }
    array.private_data = Unmanaged.passRetained(self).toOpaque()
    pointer.initialize(to: array)
  }

  private static func start(_ buffer: ArrowBuffer) -> UnsafeRawPointer {
    UnsafeRawPointer(buffer.storage.baseAddress + buffer.byteOffset)
  }
}
