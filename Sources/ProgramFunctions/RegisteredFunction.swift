public import SparkTypes

/// A function that queries of a session call by its name: `SELECT sentiment(text) FROM reviews`.
public struct RegisteredFunction: Sendable, Hashable, CustomStringConvertible {
  /// Its name in SQL.
  public let name: String
  /// What a call takes, in this order; `nil` if only the executors know.
  public let arguments: StructType?
  /// What a call gives.
  public let returnType: DataType

  package init(name: String, arguments: StructType?, returnType: DataType) {
    self.name = name
    self.arguments = arguments
    self.returnType = returnType
  }

  /// The call as documentation shows it: `sentiment(text string) -> struct<label:string,score:float>`.
  public var description: String {
    let list = arguments?.fields.map { "\(SQLIdentifier($0.name)) \($0.type.ddl)" } ?? ["..."]
    return "\(SQLIdentifier(name))(\(list.joined(separator: ", "))) -> \(returnType.ddl)"
  }
}
