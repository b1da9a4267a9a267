import KServeProtocol
import Testing

/// The JSON of HTTP messages.
struct JSONTests {
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
      switch try JSONValue(parsing: Array(text.utf8)) {
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
    let value = try JSONValue(parsing: Array(text.utf8))
    #expect(String(decoding: value.encoded(), as: UTF8.self) == text)
  }

  @Test(
    "values are written as they were read",
    arguments: [
      #"{"b":[1,-2.5,true,false,null],"a":{},"c":[]}"#, #"["\"\\\n\r\t\u0001é€😀"]"#, "NaN",
      "-Infinity",
    ])
  func roundTrip(text: String) throws {
    let value = try JSONValue(parsing: Array(text.utf8))
    #expect(String(decoding: value.encoded(), as: UTF8.self) == text)
  }

  @Test("escapes are read", arguments: [(#""\u00e9\ud83d\ude00\/\b\f""#, "é😀/\u{8}\u{C}")])
  func escapes(text: String, value: String) throws {
    #expect(try JSONValue(parsing: Array(text.utf8)).string == value)
  }

  @Test(
    "text that is no JSON is refused",
    arguments: [
      "", " ", "tru", "nul", "+1", ".5", "1.", "-", "--1", "\"", "\"\\", "\"\\u12", "\"\\uzzzz\"",
      "[1,]", "[1 2]", "{1:2}", "{\"a\":1,}", "[", "]", "1 1", "1e+", "\u{1}",
    ])
  func damaged(text: String) {
    #expect(throws: KServeError.self) { _ = try JSONValue(parsing: Array(text.utf8)) }
  }
}
