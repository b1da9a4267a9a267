import SparkTypes
import Testing

/// Names in SQL: the only place that quotes them.
struct SQLIdentifierTests {
  @Test(
    "names that are no plain words stand in back-ticks",
    arguments: [
      ("price", "price"), ("_1", "_1"), ("a.b", "`a.b`"), ("a,b", "`a,b`"),
      ("odd`name", "`odd``name`"),
      ("1a", "`1a`"), (" lead", "` lead`"), ("", "``"), ("ä", "`ä`"), ("c=d", "`c=d`"),
      ("st_point(1.0, 2.0)", "`st_point(1.0, 2.0)`"),
    ])
  func quoting(name: String, text: String) {
    #expect(SQLIdentifier(name).description == text)
    #expect(SQLIdentifier.unquoted(text) == name)
    #expect(SQLIdentifier.unquoted(SQLIdentifier.quoted(name)) == name)
  }

  @Test(
    "names that a list cuts",
    arguments: [
      (["x", "a,b"], "a", "a,b"), (["a,b", "c, d"], "d", "c, d"), (["x", " y "], "y", " y "),
      (["x", "a,b"], "z", "a,b"), (["x`"], "x", "x`"), (["x", "a.b", "a b"], "a", nil),
      ([], "a", nil),
    ] as [([String], String, String?)])
  func quotables(names: [String], name: String, found: String?) {
    #expect(SQLIdentifier.quotable(among: names, for: name) == found)
  }

  @Test("a combining mark after a back-tick does not hide it")
  func combining() {
    let name = "a`\u{301}b"
    #expect(Array(SQLIdentifier.quoted(name).unicodeScalars).count(where: { $0 == "`" }) == 4)
    #expect(SQLIdentifier.unquoted(SQLIdentifier.quoted(name)) == name)
  }

  @Test(
    "parts between dots",
    arguments: [
      ("a", ["a"]), ("s.t", ["s", "t"]), ("s.`a.b`", ["s", "a.b"]), ("`x``y`.z", ["x`y", "z"]),
      ("a..b", nil), ("`a", nil), ("a`b`", nil), ("", nil), ("a.", nil),
    ] as [(String, [String]?)])
  func parts(text: String, parts: [String]?) {
    #expect(SQLIdentifier.parts(of: text) == parts)
  }

  @Test(
    "entries between commas",
    arguments: [
      ("a,b", ["a", "b"]), ("`a,b`, c", ["`a,b`", " c"]), ("a", ["a"]), ("odd`name", ["odd`name"]),
      ("`x``,y`,z", ["`x``,y`", "z"]),
    ])
  func list(text: String, entries: [String]) {
    #expect(SQLIdentifier.list(text) == entries)
  }
}
