import JSONText
import Testing

@testable import TextPipelines

/// Each entry that the reference reads is read here, ignored for a reason, or refused.
@Suite("Entries of configuration files")
struct KnownEntriesTests {
  private static let lists: [(String, KnownEntries)] = [
    ("generation", .generation), ("tokenizer", .tokenizer), ("transformer", .transformer),
    ("pooling", .pooling), ("normalize", .normalize), ("dropout", .dropout),
    ("sentence", .sentence),
  ]

  @Test func allAreKnown() throws {
    let reference = try Files.golden("entries", as: [String: [String]].self)
    #expect(reference.keys.sorted() == Self.lists.map(\.0).sorted())
    for (name, entries) in Self.lists {
      let unknown = Set(reference[name] ?? []).subtracting(entries.all)
      #expect(unknown.isEmpty, "\(name): \(unknown.sorted())")
    }
  }

  @Test func noneIsInTwoLists() {
    for (name, entries) in Self.lists {
      let all = Array(entries.read) + entries.ignored.values.joined() + entries.refused.keys
      #expect(all.count == Set(all).count, "\(name)")
    }
  }

  @Test func values() throws {
    let entries = KnownEntries(
      read: [], ignored: [:], refused: ["a": .init("more"), "b": .init("less", unless: .number(1))])
    func check(_ key: String, _ value: JSONValue) throws {
      try entries.check(ConfigurationFile(path: "file", entries: [key: value]), model: "m")
    }
    for nothing in [JSONValue.null, .bool(false), .string(""), .array([]), .object([:])] {
      try check("a", nothing)
    }
    try check("b", .number(1))
    try check("c", .number(7))
    for (key, value) in [("a", JSONValue.number(0)), ("a", .bool(true)), ("b", .number(2))] {
      #expect(throws: TextPipelineError.self) { try check(key, value) }
    }
    let error = #expect(throws: TextPipelineError.self) {
      try check("a", .array([.string("x\"y"), .number(0.5), .integer(3)]))
    }
    #expect(error?.message.hasPrefix(#"file sets a to ["x\"y", 0.5, 3]: more, which"#) == true)
  }
}
