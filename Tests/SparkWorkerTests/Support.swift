import ArrowIPC

func doubles(_ numbers: [Double], name: String = "_0") throws -> RecordBatch {
  try RecordBatch([(name, .numbers(numbers))])
}

/// The numbers in one column of `batches`.
func values(_ batches: [RecordBatch], column: Int = 0) throws -> [Double] {
  try batches.flatMap { try $0.columns[column].withValues(as: Double.self) { Array($0) } }
}
