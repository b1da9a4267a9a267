/// The numbers and names of an expression's groups.
///
/// A first reading of the expression finds them, since a reference may stand before its group, and
/// one named group takes the numbers of those without names; a second uses them.
struct ExpressionGroups {
  /// What the first reading found; nil while it goes on.
  private let survey: Survey?
  private(set) var found = Survey()
  private var count = 0

  struct Survey {
    var names: [String: Int] = [:]
    var repeatedNames: Set<String> = []
    var named = 0
    var unnamed = 0
    var hasReferences = false
  }

  init(after survey: Survey? = nil) { self.survey = survey }

  /// The number of a group that opens here, the second reading's; nil for a group that only groups.
  mutating func open(_ name: String?) -> Int? {
    if let name {
      found.named += 1
      if found.names.updateValue(found.named, forKey: name) != nil {
        found.repeatedNames.insert(name)
      }
    } else {
      found.unnamed += 1
    }
    guard let survey, name != nil || survey.named == 0 else { return nil }
    count += 1
    return count
  }

  /// The number of the group that a reference names; 0 in the first reading, nil for no such group.
  mutating func number(of reference: String) -> Int? {
    guard let survey else {
      found.hasReferences = true
      return 0
    }
    if let number = survey.names[reference] {
      return survey.repeatedNames.contains(reference) ? nil : number
    }
    guard survey.named == 0, let written = Int(reference) else { return nil }
    let isRelative = reference.hasPrefix("-") || reference.hasPrefix("+")
    // The group that is open counts from 1 backwards, the one that opens next from 1 forwards.
    // A number that overflows comes out negative, which no group has.
    let number = isRelative ? count &+ (written < 0 ? written + 1 : written) : written
    return number >= 1 && number <= survey.unnamed ? number : nil
  }
}

extension ExpressionParser {
  /// `\1`, the backslash already read.
  mutating func numberedReference() throws(TokenizerError) -> ExpressionNode {
    let name = text { "0"..."9" ~= $0 }
    return .backreference(try group(named: name), ignoresCase: options.ignoresCase)
  }

  /// The group of `\k<name>` or `\g<name>`, also with a number or in quotation marks, the backslash
  /// already read.
  mutating func reference() throws(TokenizerError) -> Int {
    position += 1
    let end: UInt32
    if take("<") {
      end = 0x3E
    } else if take("'") {
      end = 0x27
    } else {
      throw failure("expected < or ' before the name of a group")
    }
    return try group(named: try groupName(end))
  }

  /// The name of a group up to `end`, which is read as well.
  mutating func groupName(_ end: UInt32) throws(TokenizerError) -> String {
    let name = text { $0.value != end }
    guard current == end, !name.isEmpty else { throw failure("the name of a group does not end") }
    position += 1
    return name
  }

  private mutating func group(named name: String) throws(TokenizerError) -> Int {
    guard let number = groups.number(of: name) else {
      throw failure("there is no single group '\(name)' to refer to")
    }
    return number
  }
}
