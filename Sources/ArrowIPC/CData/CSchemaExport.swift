import CArrow

/// What an exported schema points at. It belongs to the structure's `private_data`, wherever that is moved,
/// and goes with its release.
final class CSchemaMemory {
  private let format: UnsafeMutablePointer<CChar>
  private let name: UnsafeMutablePointer<CChar>
  private let metadata: UnsafeMutablePointer<CChar>?
  private let children: CChildren<ArrowCSchema>
  private let dictionary: CChildren<ArrowCSchema>

  private init(
    format: String, name: String, metadata: [String: String], children: [ArrowField],
    dictionary: ArrowField?
  ) {
    self.format = UnsafeMutablePointer.copying(format.utf8CString)
    self.name = UnsafeMutablePointer.copying(name.utf8CString)
    self.metadata =
      metadata.isEmpty ? nil : UnsafeMutablePointer.copying(Self.encoded(metadata))
    self.children = CChildren(count: children.count) { children[$0].export(to: $1) }
    self.dictionary = CChildren(count: dictionary == nil ? 0 : 1) { dictionary?.export(to: $1) }
  }

  deinit {
    format.deallocate()
    name.deallocate()
    metadata?.deallocate()
    children.end()
    dictionary.end()
  }

  /// Writes a structure to `pointer` whose release ends this memory.
  static func write(
    format: String, name: String, metadata: [String: String], flags: Int32 = 0,
    children: [ArrowField], dictionary: ArrowField? = nil,
    to pointer: UnsafeMutablePointer<ArrowCSchema>
  ) {
    let memory = CSchemaMemory(
      format: format, name: name, metadata: metadata, children: children, dictionary: dictionary)
    var schema = ArrowCSchema()
    schema.format = UnsafePointer(memory.format)
    schema.name = UnsafePointer(memory.name)
    schema.metadata = UnsafePointer(memory.metadata)
    schema.flags = Int64(flags)
    schema.n_children = Int64(memory.children.count)
    schema.children = memory.children.pointers
    schema.dictionary = memory.dictionary.first
    schema.release = { schema in
      guard let schema, let memory = schema.pointee.private_data else { return }
      schema.pointee.private_data = nil
      schema.pointee.release = nil
      Unmanaged<CSchemaMemory>.fromOpaque(memory).release()
    }
    schema.private_data = Unmanaged.passRetained(memory).toOpaque()
    pointer.initialize(to: schema)
  }

  /// The pairs as the interface wants them: their number, then length and bytes of each key and value.
  private static func encoded(_ metadata: [String: String]) -> ContiguousArray<CChar> {
    var text: ContiguousArray<CChar> = []
    func append(_ number: Int) {
      withUnsafeBytes(of: Int32(number)) { text += $0.map { CChar(bitPattern: $0) } }
    }
    append(metadata.count)
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      for part in [key, value] {
        append(part.utf8.count)
        text += part.utf8.map { CChar(bitPattern: $0) }
      }
    }
    return text
  }
}
