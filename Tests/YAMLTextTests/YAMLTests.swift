import JSONText
import Testing

@testable import YAMLText

@Suite("YAML")
struct YAMLTests {
  private func json(_ yaml: String) throws -> String {
    String(decoding: try JSONValue(yaml: Array(yaml.utf8)).encoded(), as: UTF8.self)
  }

  @Test(
    "a document is what JSON says",
    arguments: [
      ("", "null"), ("# nothing\n", "null"), ("---\na: 1\n...\n", #"{"a":1}"#),
      (
        "a: 1\nb:\n  c: x\n  d:\n  - 1\n  - 2\ne: null\n",
        #"{"a":1,"b":{"c":"x","d":[1,2]},"e":null}"#
      ),
      ("- a\n- - b\n  - c\n- d: 1\n  e: 2\n-\n- {}\n", #"["a",["b","c"],{"d":1,"e":2},null,{}]"#),
      (
        "a: [1, 'x, y', {b: 2}, ]\nc: {d: [], \"e\":1}",
        #"{"a":[1,"x, y",{"b":2}],"c":{"d":[],"e":1}}"#
      ),
      ("a: [1,\n  2, b\n  c]\n", #"{"a":[1,2,"b c"]}"#), ("x\n...\n", #""x""#),
      // As PyYAML folds what is longer than a line.
      (
        "s: '[{\"name\": \"x\", \"shape\":\n    [-1, 4]}]'\nt: \"a\\\n  \\ b\\u00e9\\n\"\n",
        #"{"s":"[{\"name\": \"x\", \"shape\": [-1, 4]}]","t":"a bé\n"}"#
      ),
      ("a: one\n  two\n\n  three\nb: 1", #"{"a":"one two\nthree","b":1}"#),
      ("a: 'it''s'\nb: 'x\n\n  y'", #"{"a":"it's","b":"x\ny"}"#),
      (
        "a: |\n  one\n    two\n\nb: >-\n  x\n  y\n\n  z\nc: |+\n  k\n\n",
        #"{"a":"one\n  two\n","b":"x y\nz","c":"k\n\n"}"#
      ),
      ("\u{FEFF}a: \u{FEFC}", "{\"a\":\"\u{FEFC}\"}"), ("a: &n\n  b: c", #"{"a":{"b":"c"}}"#),
      ("a: &n {b: 1}\nc: *n\n", #"{"a":{"b":1},"c":{"b":1}}"#),
      (
        "a: x # note\nb: x#y\nc: http://h:1/p\n'd': e\n",
        #"{"a":"x","b":"x#y","c":"http://h:1/p","d":"e"}"#
      ),
      (
        "a: True\nb: no\nc: 1.5e3\nd: 0x1F\ne: 1.10.2\nf: -7\ng: ~\nh: .5",
        #"{"a":true,"b":"no","c":1500.0,"d":31,"e":"1.10.2","f":-7,"g":null,"h":0.5}"#
      ),
      (
        "a: '2026-11-30 13:16:53.180097'\r\nb: 3.11.7\r\n",
        #"{"a":"2026-11-30 13:16:53.180097","b":"3.11.7"}"#
      ),
    ])
  func documents(_ yaml: String, _ expected: String) throws {
    let found = try json(yaml)
    let canonical = String(
      decoding: try JSONValue(parsing: Array(expected.utf8), rules: .strict).encoded(),
      as: UTF8.self)
    #expect(found == canonical)
  }

  @Test(
    "what is not read is refused with its line",
    arguments: [
      ("a: 1\na: 2", 2, "stands there twice"), ("a: !!python/object x", 1, "tags"),
      ("a: 1\n\tb: 2", 2, "tab"), ("a: 'x\ny", 1, "quote is not closed"),
      ("a: [1, 2", 1, "comma or ']'"), ("? a\n: b", 1, "question mark"),
      ("a:\n  <<: {b: 1}", 2, "not merged"), ("a: 1\n---\nb: 2", 2, "second document"),
      ("a: *n", 1, "nothing is called"), ("a: x\n  b: 1", 2, "key stands in the middle"),
      ("%YAML 1.2\n---\na: 1", 1, "directives"), ("a: \"\\q\"", 1, "no such escape"),
      ("a: b: c", 1, "a key stands behind a key"), ("a: - b", 1, "on the line of its key"),
      ("a: 1\n b: 2", 2, ""), ("[1] 2", 1, "follows a value"),
    ])
  func refusals(_ yaml: String, _ line: Int, _ text: String) {
    let error = #expect(throws: YAMLError.self) { try json(yaml) }
    #expect(error?.line == line, "\(String(describing: error))")
    #expect(error?.message.contains(text) == true || text.isEmpty, "\(String(describing: error))")
  }

  @Test("a long line is read in a time that grows with its length", .timeLimit(.minutes(1)))
  func longLine() throws {
    let texts = Array(repeating: "\"a\"", count: 100_000).joined(separator: ", ")
    let keys = (0..<50_000).map { "k\($0): 1" }.joined(separator: ", ")
    let value = try JSONValue(yaml: Array("a: [\(texts)]\nb: {\(keys)}\n".utf8))
    #expect(value["a"]?.elements?.count == 100_000 && value["b"]?.members?.count == 50_000)
  }

  @Test("depth and names for names are bounded")
  func bounds() {
    let deep = (0..<100).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
    #expect(throws: YAMLError.self) { try json(deep) }
    #expect(throws: YAMLError.self) { try json(String(repeating: "[", count: 10_000)) }
    var bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for level in 1..<20 {
      let names = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      bomb += "a\(level): &a\(level) [\(names)]\n"
    }
    let error = #expect(throws: YAMLError.self) { try json(bomb) }
    #expect(error?.message.contains("more than 1000000 values") == true)
  }
}
