import KServeProtocol
import Tensors
import Testing

/// The JSON of HTTP messages.
struct JSONTests {
  @Test("numbers become 32-bit ones as their doubles do")
  func floats() throws {
    var random = SystemRandomNumberGenerator()
    var texts = [
      "0", "-0", "1e-46", "1.1754943e-38", "7.006492321624085e-46", "3.4028235677973366e38", "1e39",
      "16777217", "16777219", "123456789012345678901234567890", "NaN", "-Infinity",
    ]
    for _ in 0..<5000 {
      let float = Float(bitPattern: .random(in: 0..<0x7F00_0000, using: &random))
      // Beside the middle between two floats the last digits decide.
      let middle = (Double(float) + Double(float.nextUp)) / 2
      texts += ["\(Double(float))", "\(middle)", "\(middle.nextUp)", "-\(middle.nextDown)"]
    }
    let head = #"{"inputs":[{"name":"x","datatype":"FP32","shape":[\#(texts.count)],"data":["#
    let body = TensorBytes(copying: Array((head + texts.joined(separator: ",") + "]}]}").utf8))
    let request = try InferRequest(
      httpBody: body, headerLength: nil, modelName: "m", modelVersion: "")
    guard case .float32(let tensor)? = try request.inputs.first?.tensor() else {
      Issue.record("there is no tensor of 32-bit numbers")
      return
    }
    for (text, float) in zip(texts, tensor.scalars) {
      let expected = Float(try #require(Double(text)))
      #expect(float.bitPattern == expected.bitPattern || float.isNaN && expected.isNaN, "\(text)")
    }
  }

  @Test(
    "elements of integer tensors are exact, however they are written, or refused",
    arguments: [
      ("3", 3), ("3.0", 3), ("30e-1", 3), ("-0.0", 0), ("1.00000000000000000000000", 1),
      ("2e3", 2000),
      ("9007199254740993", 9_007_199_254_740_993), ("9007199254740993.0", 9_007_199_254_740_993),
      ("9007199254740993e0", 9_007_199_254_740_993), ("-9223372036854775808", .min),
      ("92233720368547758070e-1", .max), ("-9223372036854775809", nil),
      ("9223372036854775808", nil), ("18446744073709551617", nil), ("3.0000000000000000001", nil),
      ("0.99999999999999999999", nil), ("3.5", nil), ("1e300", nil), ("1e-300", nil), ("NaN", nil),
      ("Infinity", nil), ("1e99999999999999999999", nil),
    ] as [(String, Int64?)])
  func integers(text: String, expected: Int64?) throws {
    let json = #"{"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[\#(text)]}]}"#
    func element() throws -> [Int64] {
      let request = try InferRequest(
        httpBody: TensorBytes(copying: Array(json.utf8)), headerLength: nil, modelName: "m",
        modelVersion: "")
      return try #require(request.inputs.first).tensor().typed(as: Int64.self).scalars
    }
    if let expected {
      #expect(try element() == [expected])
    } else {
      let error = #expect(throws: KServeError.self) { _ = try element() }
      #expect("\(error as Any)".contains("an element of input 'x' is no Int64"))
    }
  }
}
