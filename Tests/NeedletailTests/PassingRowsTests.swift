import Testing

@testable import Needletail

/// What a server's measures of the rows that have passed tell.
struct PassingRowsTests {
  private static func measured(_ values: [(String, ArrowValue)]) -> Row {
    Row(
      schema: StructType(
        values.map { name, value in
          if case .int = value { return StructField(name, .long) }
          return StructField(name, .string)
        }), values: values.map(\.1))
  }

  /// All measures, with these of their values.
  private static func all(_ given: [String: ArrowValue]) -> [(String, ArrowValue)] {
    [("rows", .int(100))]
      + RowFaultKind.allCases.flatMap { kind -> [(String, ArrowValue)] in
        ["\(kind.rawValue)_rows", "\(kind.rawValue)_example"].map { name in
          (name, given[name] ?? (name.hasSuffix("_rows") ? .int(0) : .null))
        }
      }
  }

  @Test("the rows that failed are told by what was wrong, those of most rows first")
  func failures() {
    let row = Self.measured(
      Self.all([
        "null_rows": .int(2), "null_example": .string("null: row 7 of partition 0: it is null"),
        "model_rows": .int(3), "model_example": .string("model: row 9 of the file a: too: large"),
      ]))
    let failures = PassingRows.failures(in: row)
    #expect(
      failures?.description == "5 rows failed: 3 x model (row 9 of the file a: too: large), "
        + "2 x null (row 7 of partition 0: it is null)")
  }

  @Test("nothing is made up where the server does not tell")
  func unknown() {
    #expect(PassingRows.failures(in: Self.measured(Self.all([:])))?.count == 0)
    #expect(PassingRows.failures(in: Self.measured([("rows", .int(3))])) == nil)
    #expect(PassingRows.failures(in: Self.measured([])) == nil)
    let cut = Self.measured(Self.all([:]).filter { $0.0 != "model_rows" })
    #expect(PassingRows.failures(in: cut) == nil)
    let passing = PassingRows("test", .null)
    #expect(passing.rows == nil && passing.failures == nil)
    // Where a row that fails ends the job.
    #expect(PassingRows("test", .fail).failures?.count == 0)
  }

  @Test("a column for that is asked for where rows may fail, and only there")
  func column() {
    #expect(PassingRows("a", .fail).failureColumn == nil)
    for errors in [ErrorPolicy.null, .column("why")] {
      #expect(PassingRows("a", errors).failureColumn == "needletail.failure")
    }
  }
}
