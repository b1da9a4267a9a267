import ArrowIPC
import SparkTypes
import Testing

@testable import FileTables

/// What Spark 4.3 infers of values, in Berlin.
@Suite struct TypeInferenceTests {
  private let zone: ZoneRules

  init() throws { zone = try ZoneRules.named("Europe/Berlin") }

  @Test(arguments: [
    ([], "string"), (["1", "2"], "int"), (["1", "3000000000"], "bigint"),
    (["1", "12345678901234567890"], "decimal(20,0)"), (["1", "1.5"], "double"),
    (["12345678901234567890", "1.5"], "double"), (["2020-01-01"], "date"),
    (["2020-01-01", "2020-01-01 10:00:00"], "timestamp"), (["2020-01-01T10:00:00Z"], "timestamp"),
    (["10:11:12"], "timestamp"), (["true", "FALSE"], "boolean"), (["true", "1"], "string"),
    (["NaN", "1"], "double"), (["-Inf"], "double"), (["Infinity"], "double"), (["1e5"], "double"),
    ([" 1"], "double"), (["+1"], "int"), (["", "1"], "int"), (["1", "x"], "string"),
    (["2020"], "int"), (["2020-01"], "timestamp"), (["2020-13-01"], "string"),
    (["2020-1-2"], "timestamp"), (["1f"], "double"), (["0x10"], "string"),
    (["1."], "decimal(1,0)"), ([".5"], "double"), (["2020-01-01 10:11+01:00"], "string"),
    (["2020-01-01 10:11:12 Europe/Paris"], "timestamp"), (["2020-01-01 24:00:00"], "string"),
    (["1,000"], "string"), (["2020-01-01abc"], "string"), (["2020-01-01", "1"], "string"),
    (["123456789012345678901234567890123456789"], "double"), (["nan"], "string"),
  ])
  func findsTypesOfCSV(_ values: [String], _ expected: String) throws {
    let types = CSVTypes(CSVOptions(), zone)
    let type = values.reduce(DataType.null) { types.type($0, $1) }
    #expect((type == .null ? .string : type).ddl == expected)
  }

  @Test(arguments: [
    (["1", "2"], "int"), (["1", "__HIVE_DEFAULT_PARTITION__"], "int"),
    (["__HIVE_DEFAULT_PARTITION__"], "void"), (["1", "3000000000"], "bigint"),
    (["1", "1.5"], "double"), (["3000000000", "1.5"], "string"), (["1e5", "2"], "decimal(10,0)"),
    (["2020-01-01", "2020-01-02 10%3A11%3A12"], "timestamp"), (["2020-01-01"], "date"),
    (["2020-01-02 10%3A11%3A12.5"], "timestamp"), (["2020-01-02 10%3A11%3A12.55"], "string"),
    (["a%20b", "x"], "string"), (["true"], "string"), (["NaN"], "double"), (["1f"], "double"),
    (["12345678901234567890"], "decimal(20,0)"), (["01"], "int"), (["2020-1-2"], "string"),
    (["2020-01"], "string"), (["10:11:12"], "time(6)"), (["%31"], "string"),
    (["1", "2020-01-01"], "string"), (["12345678901234567890", "1.5"], "string"),
    (["12345678901234567890", "5", "3000000000"], "decimal(20,0)"), (["-5", "+5"], "int"),
    (["2020-01-01T10%3A11%3A12"], "string"), ([" 1"], "double"),
  ])
  func findsTypesOfPartitions(_ values: [String], _ expected: String) {
    let types = values.map { PartitionValue($0).inferredType(zone: zone) }
    #expect(types.dropFirst().reduce(types[0]) { PartitionValue.common($0, $1) }.ddl == expected)
  }

  @Test func castsPartitionValues() {
    func value(_ text: String, _ type: DataType) -> String {
      PartitionValue(text).value(as: type, zone: zone).map { "\($0)" } ?? "none"
    }
    #expect(PartitionValue("a%20b%2Fc").value(as: .string, zone: zone) == .string("a b/c"))
    #expect(PartitionValue("a%zz").value(as: .string, zone: zone) == .string("a%zz"))
    #expect(PartitionValue("+5").value(as: .integer, zone: zone) == .int(5))
    #expect(PartitionValue("2020-01-01").value(as: .date, zone: zone) == .int(18262))
    // A date is midnight where the table is read.
    #expect(
      PartitionValue("2020-01-01").value(as: .timestamp, zone: zone) == .int(1_577_833_200_000_000))
    #expect(PartitionValue("__HIVE_DEFAULT_PARTITION__").value(as: .long, zone: zone) == .null)
    #expect(value("x", .long) == "none")
    #expect(PartitionValue("1e5").value(as: .decimal(), zone: zone).map { "\($0)" } != nil)
  }
}
