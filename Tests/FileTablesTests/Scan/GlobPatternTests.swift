import Testing

@testable import FileTables

@Suite struct GlobPatternTests {
  @Test(arguments: [
    ("*", "a.csv", true), ("*.csv", "a.csv", true), ("*.csv", "a.json", false),
    ("a?c", "abc", true), ("a?c", "ac", false), ("[a-c]1", "b1", true), ("[a-c]1", "d1", false),
    ("[^a]1", "b1", true), ("[^a]1", "a1", false), ("{a,bc}.csv", "bc.csv", true),
    ("{a,b*}.csv", "b12.csv", true), ("{a,b}.csv", "c.csv", false), ("\\*", "*", true),
    ("\\*", "a", false), ("{a,{b,c}}d", "cd", true), ("year=20*", "year=2020", true),
  ])
  func matchesAsHadoop(_ pattern: String, _ name: String, _ expected: Bool) throws {
    #expect(try GlobPattern(pattern).matches(name) == expected)
  }

  @Test(arguments: ["[a", "{a,b", "a{"]) func refusesOpenBrackets(_ pattern: String) {
    #expect(throws: FileTableError.self) { try GlobPattern(pattern) }
  }

  @Test(arguments: [
    ("a.parquet", false), ("_a", true), (".a", true), ("_a=1", false), ("_metadata", false),
    ("_common_metadata", false), ("_SUCCESS", true), ("a._COPYING_", true),
  ])
  func knowsHiddenNames(_ name: String, _ expected: Bool) {
    #expect(PathNames.isHidden(name) == expected)
  }

  @Test(
    arguments: [
      ("a.csv", FileFormat.csv, nil), ("a.csv.gz", .csv, "gzip"),
      ("dir/a.jsonl.zst", .json, "zstd"),
      ("a.parquet/", .parquet, nil), ("a.snappy.parquet", .parquet, nil), ("out", nil, nil),
      ("v1.2", nil, nil),
    ] as [(String, FileFormat?, String?)])
  func tellsFormatsByNames(_ path: String, _ format: FileFormat?, _ compression: String?) {
    #expect(NameEnding(path).format == format)
    #expect(NameEnding(path).compression == compression)
  }
}
