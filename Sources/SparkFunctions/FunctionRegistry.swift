import Models

/// The functions of a program by name: the same list on the driver and on the executors.
public struct FunctionRegistry: Sendable {
  private let functions: [String: any UserDefinedFunction]

  /// - Throws: ``InferenceError`` when two functions have the same name.
  public init(_ functions: [any UserDefinedFunction]) throws {
    var byName: [String: any UserDefinedFunction] = [:]
    for function in functions {
      guard byName.updateValue(function, forKey: function.name) == nil else {
        throw InferenceError(
          .unknownFunction, "two functions have this name; names must differ",
          function: function.name)
      }
    }
    self.functions = byName
  }

  /// The names in alphabetical order.
  public var names: [String] { functions.keys.sorted() }

  /// The function called `name`.
  ///
  /// - Throws: ``InferenceError`` that lists the known names if there is none.
  public func function(named name: String) throws -> any UserDefinedFunction {
    if let function = functions[name] { return function }
    throw InferenceError(
      .unknownFunction,
      "no function of this name is in the program's list `functions` (it has: "
        + "\(names.isEmpty ? "none" : names.joined(separator: ", "))); add it there, so that the "
        + "executors, which run the same program, find it too",
      function: name)
  }
}
