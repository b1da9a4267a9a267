import ArrowIPC
public import CArrow

// Functions for `scripts/checks/arrow_c_data.py`: what pyarrow exports is imported and exported again, and
// pyarrow compares. Each returns 0, or 1 with an error's text in `message`, of `capacity` bytes.

/// Takes over a column with its type, and gives the same in `outArray` and `outSchema`.
@_cdecl("needletail_exchange")
public func exchange(
  _ array: UnsafeMutablePointer<ArrowCArray>, _ schema: UnsafeMutablePointer<ArrowCSchema>,
  _ outArray: UnsafeMutablePointer<ArrowCArray>, _ outSchema: UnsafeMutablePointer<ArrowCSchema>,
  _ message: UnsafeMutablePointer<CChar>, _ capacity: Int
) -> Int32 {
  attempt(message, capacity) {
    let column: ArrowColumn
    let field: ArrowField
    do {
      field = try ArrowField(consuming: schema)
    } catch {
      array.pointee.release(array)
      throw error
    }
    column = try ArrowColumn(consuming: array, type: field.type)
    field.export(to: outSchema)
    column.export(to: outArray)
  }
}

/// Takes over a batch with its schema, and gives the rows from `first` to before `last` of it.
@_cdecl("needletail_exchange_batch")
public func exchangeBatch(
  _ array: UnsafeMutablePointer<ArrowCArray>, _ schema: UnsafeMutablePointer<ArrowCSchema>,
  _ first: Int, _ last: Int, _ outArray: UnsafeMutablePointer<ArrowCArray>,
  _ outSchema: UnsafeMutablePointer<ArrowCSchema>, _ message: UnsafeMutablePointer<CChar>,
  _ capacity: Int
) -> Int32 {
  attempt(message, capacity) {
    let read: ArrowSchema
    do {
      read = try ArrowSchema(consuming: schema)
    } catch {
      array.pointee.release(array)
      throw error
    }
    let batch = try RecordBatch(consuming: array, schema: read)
    batch.schema.export(to: outSchema)
    batch.slice(first..<last).export(to: outArray)
  }
}

/// Takes over a stream, and gives one of the same batches.
@_cdecl("needletail_exchange_stream")
public func exchangeStream(
  _ stream: UnsafeMutablePointer<ArrowCArrayStream>, _ out: UnsafeMutablePointer<ArrowCArrayStream>,
  _ message: UnsafeMutablePointer<CChar>, _ capacity: Int
) -> Int32 {
  attempt(message, capacity) {
    let reader = try ArrowCStreamReader(consuming: stream)
    ArrowCStream.export(schema: reader.schema, to: out) { try reader.next() }
  }
}

private func attempt(
  _ message: UnsafeMutablePointer<CChar>, _ capacity: Int, _ body: () throws -> Void
) -> Int32 {
  do {
    try body()
    return 0
  } catch {
    let text = Array("\(error)".utf8.prefix(capacity - 1)) + [0]
    for (index, byte) in text.enumerated() { message[index] = CChar(bitPattern: byte) }
    return 1
  }
}
