import ArgumentParser
import Needletail

/// `NAME=MODEL`: a model that SQL calls by a name.
struct CalledModel: Sendable {
  let name: String
  let model: String

  init(_ text: String) throws {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex,
      text.index(after: equals) != text.endIndex
    else {
      throw ValidationError(
        "'\(text)' is not of the form NAME=MODEL, such as sentiment=models/distilbert")
    }
    name = String(text[..<equals])
    model = String(text[text.index(after: equals)...])
    guard SQLIdentifier(name).description == name else {
      throw ValidationError(
        "'\(name)' is no name that SQL can call: letters, digits and _, and no digit at the beginning"
      )
    }
  }
}
