/// The numbers by which a runtime knows element types.
package struct ElementTypeNumbers: Sendable {
  private let names: [String]
  private let types: [ElementType?]
  private let numbers: [ElementType: Int32]

  /// - Parameter names: the runtime's types in the order of their numbers, from 1 on: an element type by
  ///   its own name, another by what a message is to call it.
  package init(_ names: [String]) {
    self.names = names
    types = names.map { ElementType(rawValue: $0) }
    let known = zip(types, Int32(1)...).compactMap { type, number in type.map { ($0, number) } }
    numbers = Dictionary(uniqueKeysWithValues: known)
    precondition(numbers.count == ElementType.allCases.count, "an element type has no number")
  }

  /// The number of `type`.
  package subscript(type: ElementType) -> Int32 { numbers[type] ?? 0 }

  /// - Returns: `nil` for a type that tensors cannot hold.
  package func type(_ number: Int32) -> ElementType? {
    types.indices.contains(Int(number) - 1) ? types[Int(number) - 1] : nil
  }

  /// What to call the type with this number in a message.
  package func name(_ number: Int32) -> String {
    names.indices.contains(Int(number) - 1) ? names[Int(number) - 1] : "element type \(number)"
  }
}
