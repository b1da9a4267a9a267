import JSONText
import Testing

/// JSON text to values and back.
struct JSONTextTests {
  private static let lenient = JSONRules(isLenient: true)

  @Test(
    "numbers are read exactly",
    arguments: [
      ("0", 0), ("-0", -0.0), ("0.1", 0.1), ("-1.5e-7", -1.5e-7), ("1E22", 1e22), ("1e23", 1e23),
      ("123456789012345678901234567890", 1.2345678901234568e29), ("5e-324", .leastNonzeroMagnitude),
      ("1e400", .infinity), ("1e-400", 0), ("1e99999999999999999999", .infinity),
      ("0.30000000000000004", 0.30000000000000004), ("Infinity", .infinity), ("-Inf", -.infinity),
      ("9007199254740993.0", 9007199254740992),
      ("2.2250738585072014e-308", .leastNormalMagnitude),
    ] as [(String, Double)])
  func numbers(text: String, value: Double) throws {
    let number: Double =
      switch try JSONValue(parsing: Array(text.utf8), rules: Self.lenient) {
      case .integer(let number): Double(number)
      case .unsigned(let number): Double(number)
      case .number(let number): number
      default: .nan
      }
    #expect(number == value)
    #expect(number.sign == value.sign)
  }

  @Test(
    "whole numbers keep all digits",
    arguments: ["9223372036854775807", "-9223372036854775808", "18446744073709551615", "0", "-1"])
  func wholeNumbers(text: String) throws {
    let value = try JSONValue(parsing: Array(text.utf8), rules: Self.lenient)
    #expect(String(decoding: value.encoded(), as: UTF8.self) == text)
  }

  @Test(
    "values are written as they were read",
    arguments: [
      #"{"b":[1,-2.5,true,false,null],"a":{},"c":[]}"#, #"["\"\\\n\r\t\u0001é€😀"]"#, "NaN",
      "-Infinity",
    ])
  func roundTrip(text: String) throws {
    let value = try JSONValue(parsing: Array(text.utf8), rules: Self.lenient)
    #expect(String(decoding: value.encoded(), as: UTF8.self) == text)
  }

  @Test("escapes are read", arguments: [(#""\u00e9\ud83d\ude00\/\b\f""#, "é😀/\u{8}\u{C}")])
  func escapes(text: String, value: String) throws {
    #expect(try JSONValue(parsing: Array(text.utf8), rules: Self.lenient).string == value)
  }

  @Test(
    "text that is no JSON is refused",
    arguments: [
      "", " ", "tru", "nul", "+1", ".5", "1.", "-", "--1", "\"", "\"\\", "\"\\u12", "\"\\uzzzz\"",
      "[1,]", "[1 2]", "{1:2}", "{\"a\":1,}", "[", "]", "1 1", "1e+", "\u{1}",
    ])
  func damaged(text: String) {
    for rules in [Self.lenient, .strict] {
      #expect(throws: JSONError.self) { _ = try JSONValue(parsing: Array(text.utf8), rules: rules) }
    }
  }

  @Test(
    "what only lenient rules take",
    arguments: [
      "NaN", "[-Infinity]", "1e400", #""\ud83d""#, #""\ud83dx""#, "\"\u{1}\"",
    ])
  func lenience(text: String) throws {
    _ = try JSONValue(parsing: Array(text.utf8), rules: Self.lenient)
    #expect(throws: JSONError.self) { _ = try JSONValue(parsing: Array(text.utf8), rules: .strict) }
  }

  @Test("bytes that are no text are repaired or refused")
  func invalidText() throws {
    let bytes: [UInt8] = [0x22, 0xFF, 0x22]
    #expect(try JSONValue(parsing: bytes, rules: Self.lenient).string == "\u{FFFD}")
    #expect(throws: JSONError.self) { _ = try JSONValue(parsing: bytes, rules: .strict) }
  }

  @Test("nesting ends somewhere, and an error has its place")
  func depth() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    let rules = JSONRules(maximumDepth: 5)
    _ = try JSONValue(parsing: nested(5), rules: rules)
    let error = #expect(throws: JSONError.self) {
      _ = try JSONValue(parsing: nested(6), rules: rules)
    }
    #expect(error?.byte == 6)
  }

  @Test("numbers that are not whole may be rounded by somebody else")
  func rounding() throws {
    let rules = JSONRules { $0.count == 3 ? 7 : nil }
    #expect(
      try JSONValue(parsing: Array("[1.5, 2]".utf8), rules: rules)
        == .array([.number(7), .integer(2)]))
    #expect(throws: JSONError.self) { _ = try JSONValue(parsing: Array("1.25".utf8), rules: rules) }
  }

  @Test("values are equal by what they mean")
  func equality() {
    #expect(JSONValue.integer(1) == .number(1))
    #expect(JSONValue.integer(1) != .string("1"))
    #expect(JSONValue.null != .bool(false))
    let object = JSONValue.object([("a", .null), ("b", .array([.unsigned(1)]))])
    #expect(object == .object([("b", .array([.integer(1)])), ("a", .null)]))
    #expect(object != .object([("a", .null)]))
  }

  @Test("a space for people")
  func spaces() {
    let value = JSONValue.object([("a", .array([.integer(1), .string("x\"y")])), ("b", .null)])
    let text = String(decoding: value.encoded(isSpaced: true), as: UTF8.self)
    #expect(text == #"{"a": [1, "x\"y"], "b": null}"#)
  }
}
