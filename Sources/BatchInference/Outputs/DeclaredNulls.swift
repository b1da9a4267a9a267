import ArrowIPC

extension ArrowColumn {
  /// The first row that is null, or holds a null within, where `field` is declared without nulls, and
  /// the name of what is null.
  func undeclaredNull(_ field: ArrowField) -> (row: Int, name: String)? {
    guard field.forbidsNulls, mayHoldNulls else { return nil }
    for row in 0..<count {
      if let name = undeclaredNull(at: row, field, field.name) { return (row, name) }
    }
    return nil
  }

  private func undeclaredNull(at row: Int, _ field: ArrowField, _ name: String) -> String? {
    if isNull(row) { return field.isNullable ? nil : name }
    let fields = field.type.childFields
    switch type {
    case .list, .largeList, .fixedSizeList, .map:
      guard let element = fields.first, children[0].mayHoldNulls else { return nil }
      for position in valueRange(row) {
        let inner = element.name == "entries" ? name : "\(name).\(element.name)"
        if let found = children[0].undeclaredNull(at: position, element, inner) { return found }
      }
    case .structure:
      for (child, inner) in zip(children, fields) where child.mayHoldNulls {
        // The fields' rows are not cut with those of their struct.
        if let found = child.undeclaredNull(at: offset + row, inner, "\(name).\(inner.name)") {
          return found
        }
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
