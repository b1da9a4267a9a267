package import ArrowIPC
import CArrow
import CFileTables

/// The columns of `batch` in the types of `schema`, one by one, by Arrow's safe casts: wider numbers, other
/// units of time, dictionaries as their values, other layouts of strings.
///
/// - Throws: ``FileTableError`` with code ``FileTableError/Code/schema`` if a value would change, or there
///   is no such cast.
package func cast(
  _ batch: RecordBatch, to schema: ArrowSchema
) throws(FileTableError) -> RecordBatch {
  let library = try FileLibrary.shared()
  var array = ArrowCArray()
  var from = ArrowCSchema()
  var target = ArrowCSchema()
  batch.export(to: &array)
  batch.schema.export(to: &from)
  schema.export(to: &target)
  var result = ArrowCArray()
  try library.call(nil, otherwise: .schema) {
    library.api.cast(&array, &from, &target, &result, $0)
  }
  return try TableFile.imported(nil) { () throws(ArrowError) in
    try RecordBatch(consuming: &result, schema: schema)
  }
}
