import ArrowIPC

extension ArrowColumn {
  /// The first row that is null, or holds a null within, where `field` is declared without nulls, and
  /// the name of what is null.
  func undeclaredNull(_ field: ArrowField) -> (row: Int, name: String)? {
    guard field.forbidsNulls, mayHoldNulls else { return nil }
    for row in 0..<count {
      if let path = undeclaredNull(at: row, field) {
        return (row, path.joined(separator: "."))
      }
    }
    return nil
  }

  /// The names that lead to the null, `field`'s first.
  private func undeclaredNull(at row: Int, _ field: ArrowField) -> [String]? {
    if isNull(row) { return field.isNullable ? nil : [field.name] }
    let fields = field.type.childFields
    switch type {
    case .list, .largeList, .fixedSizeList, .map:
      guard let element = fields.first, children[0].mayHoldNulls else { return nil }
      for position in valueRange(row) {
        if let path = children[0].undeclaredNull(at: position, element) {
          return [field.name] + path.dropFirst(element.name == "entries" ? 1 : 0)
        }
      }
    case .structure:
      for (child, inner) in zip(children, fields) where child.mayHoldNulls {
        // The fields' rows are not cut with those of their struct.
        if let path = child.undeclaredNull(at: offset + row, inner) { return [field.name] + path }
      }
    default: break
    }
    return nil
  }
}

extension ArrowField {
  /// Whether the field, or something within it, is declared without nulls.
  fileprivate var forbidsNulls: Bool {
    !isNullable || type.childFields.contains { $0.forbidsNulls }
  }
}
