import ArgumentParser
import Needletail

/// `[OUTPUT=]K`
struct TopKOption: Sendable {
  let output: String?
  let count: Int

  init(_ text: String) throws {
    let (output, value) = OutputValue.parts(text)
    guard let count = Int(value), count > 0, output != "" else {
      throw ValidationError("'\(text)' is not a positive number, nor of the form OUTPUT=K")
    }
    self.count = count
    self.output = output
  }
}

/// What is said of one output, or of all that it can be said of.
struct OutputValue<Value: Sendable>: Sendable {
  let output: String?
  let value: Value
}

extension OutputValue {
  /// The output's name, which may have equals signs, and what stands behind it.
  fileprivate static func parts(_ text: String) -> (output: String?, value: String)
  where Value == String {
    guard let equals = text.lastIndex(of: "=") else { return (nil, text) }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }
}

extension OutputValue<Int> {
  /// `[OUTPUT=]DECIMALS`
  static func decimals(_ text: String) throws -> OutputValue {
    let (output, value) = OutputValue<String>.parts(text)
    let range = OutputTransform.decimalsRange
    guard let decimals = Int(value), range.contains(decimals), output != "" else {
      throw ValidationError(
        "'\(text)' is not a number of decimal places from \(range.lowerBound) to \(range.upperBound), "
          + "nor of the form OUTPUT=3")
    }
    return OutputValue(output: output, value: decimals)
  }
}

extension OutputValue<OutputForm> {
  /// `[OUTPUT=]FORM`
  static func form(_ text: String) throws -> OutputValue {
    let (output, value) = OutputValue<String>.parts(text)
    guard let form = OutputForm(rawValue: value), output != "" else {
      let forms = OutputForm.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("'\(text)' is none of \(forms), nor of the form OUTPUT=vector")
    }
    return OutputValue(output: output, value: form)
  }
}
