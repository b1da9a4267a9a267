public import ArgumentParser
import FoundationEssentials
public import Needletail
import Texts

/// `INPUT=COLUMN[,COLUMN...]`; a name in backticks may have commas in it.
struct InputMapping: Sendable {
  let input: String
  let columns: [String]

  init(_ text: String) throws {
    let mapping = try split(text, "--map INPUT=COLUMN[,COLUMN...]")
    input = mapping.name
    columns = try ColumnList(mapping.value, option: "--map").names
  }
}

/// A name and its value, as options that may be given several times say them.
struct NamedValue: Sendable {
  let name: String
  let value: String
}

extension NamedValue {
  /// `OUTPUT=COLUMN`
  static func output(_ text: String) throws -> NamedValue {
    let output = try split(text, "--output-map OUTPUT=COLUMN")
    guard output.value.contains("`") else { return output }
    let names = try ColumnList(output.value, option: "--output-map").names
    guard names.count == 1 else { throw ValidationError("'\(text)' names several columns") }
    return NamedValue(name: output.name, value: names[0])
  }

  /// `NAME=VALUE` of a model.
  static func option(_ text: String) throws -> NamedValue {
    try split(text, "--option NAME=VALUE")
  }

  /// `NAME=VALUE` of a format; the value may be empty.
  static func formatOption(_ text: String) throws -> NamedValue {
    let option = try split(text, "NAME=VALUE", mayBeEmpty: true)
    // A tab cannot be typed everywhere.
    return option.value == "\\t" ? NamedValue(name: option.name, value: "\t") : option
  }

  /// `KEY=VALUE` of Spark; the value may be empty.
  static func setting(_ text: String) throws -> NamedValue {
    let setting = try split(text, "--conf KEY=VALUE", mayBeEmpty: true)
    return NamedValue(
      name: setting.name.trimmed, value: setting.value)
  }

  /// `NAME: VALUE` or `NAME=VALUE`; has no name if `text` is of another form: an error here would make
  /// the parser show `text`, which may be a token.
  static func header(_ text: String) -> NamedValue {
    let end = text.firstIndex { $0 == ":" || $0 == "=" } ?? text.startIndex
    return NamedValue(
      name: String(text[..<end]),
      value: text[end...].dropFirst().trimmed)
  }
}

/// `INPUT=SIZE[,SIZE...]`
struct InputShape: Sendable {
  let input: String
  let shape: Shape

  init(_ text: String) throws {
    let given = try split(text, "--shape INPUT=SIZE[,SIZE...]")
    input = given.name
    let sizes = given.value.split(separator: ",", omittingEmptySubsequences: false).map { part in
      Int(part.trimmed).flatMap { $0 > 0 ? $0 : nil }
    }
    guard !sizes.contains(nil) else {
      throw ValidationError(
        "'\(given.value)' has a size that is no number above 0, such as 3,224,224")
    }
    shape = Shape(sizes.compactMap(\.self))
  }
}

/// `INPUT=VALUE`
struct ConstantAssignment: Sendable {
  let input: String
  private let text: String

  init(_ text: String) throws {
    let given = try split(text, "--constant INPUT=VALUE", mayBeEmpty: true)
    input = given.name
    self.text = given.value
  }

  /// The value for an input of this type: what is no JSON is a text.
  func value(for type: ElementType) -> InputConstant {
    if text == "zeros" { return .zeros }
    if let json = try? JSONDecoder().decode(InputConstant.self, from: Data(text.utf8)) {
      switch json {
      case .string, .list: return json
      default: if type != .string { return json }
      }
    }
    // JSON has neither infinity nor NaN. A number that is too great is none of them.
    if type.isFloatingPoint, let number = Double(text),
      number.isFinite || !text.contains(where: \.isNumber)
    {
      return .number(number)
    }
    return .string(text)
  }
}

extension [NamedValue] {
  /// The pairs as a dictionary, in which a name may stand once.
  ///
  /// - Throws: ``CommandFailure`` if one stands twice.
  func once(_ option: String) throws -> [String: String] {
    var result: [String: String] = [:]
    for given in self {
      if let before = result.updateValue(given.value, forKey: given.name) {
        throw CommandFailure.twice("\(option) \(given.name)", before, given.value)
      }
    }
    return result
  }

  /// `source` with these options, and the headers of calls of its server.
  ///
  /// - Throws: ``CommandFailure`` if one is given twice, or the model has no such option.
  func applied(to source: ModelSource, _ headers: [NamedValue]) throws -> ModelSource {
    var source = source
    var given: [String: String] = [:]
    for option in self {
      if let before = given.updateValue(option.value, forKey: option.name) {
        throw CommandFailure.twice("--option \(option.name)", before, option.value)
      }
      source = try source.setting(option.name, to: option.value)
    }
    var names: Set<String> = []
    for header in headers {
      guard source.hasOption("header.\(header.name)") else {
        throw CommandFailure(
          "--header is for models of a server (kserve://HOST:PORT/MODEL), and '\(source.path)' is none"
        )
      }
      guard !header.name.isEmpty else {
        throw CommandFailure("a --header is not of the form --header 'NAME: VALUE'")
      }
      guard names.insert(header.name.lowercased()).inserted,
        given.keys.allSatisfy({ $0.lowercased() != "header.\(header.name.lowercased())" })
      else { throw CommandFailure("--header \(header.name) is given twice; give it once") }
      source = try source.setting("header.\(header.name)", to: header.value)
    }
    return source
  }
}

private func split(
  _ text: String, _ form: String, mayBeEmpty: Bool = false
) throws -> NamedValue {
  guard let equals = text.firstIndex(of: "="), equals != text.startIndex,
    mayBeEmpty || text.index(after: equals) != text.endIndex
  else { throw ValidationError("'\(text)' is not of the form \(form)") }
  return NamedValue(
    name: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
}

extension SaveMode: ExpressibleByArgument {}

extension RowRelation: ExpressibleByArgument {}

extension ScanChoice: ExpressibleByArgument {}
extension ExecutionMode: ExpressibleByArgument {}

extension EngineChoice.Wish: ExpressibleByArgument {}
