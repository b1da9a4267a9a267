import Foundation
import SparkConnectProtocol
import SwiftProtobuf

/// Collects the paths of the files that a plan reads.
struct PathsRead: Visitor {
  private(set) var paths: [String] = []

  init(_ relation: Spark_Connect_Relation) { try? relation.traverse(visitor: &self) }

  mutating func visitSingularMessageField<M: Message>(value: M, fieldNumber: Int) throws {
    if let source = value as? Spark_Connect_Read.DataSource {
      paths += source.paths
      for (name, value) in source.options where name.lowercased() == "path" { paths.append(value) }
    } else {
      try value.traverse(visitor: &self)
    }
  }

  // The rest has no relations in it.
  mutating func visitSingularDoubleField(value: Double, fieldNumber: Int) {}
  mutating func visitSingularInt64Field(value: Int64, fieldNumber: Int) {}
  mutating func visitSingularUInt64Field(value: UInt64, fieldNumber: Int) {}
  mutating func visitSingularBoolField(value: Bool, fieldNumber: Int) {}
  mutating func visitSingularStringField(value: String, fieldNumber: Int) {}
  mutating func visitSingularBytesField(value: Data, fieldNumber: Int) {}
  mutating func visitSingularEnumField<E: Enum>(value: E, fieldNumber: Int) {}
  mutating func visitMapField<KeyType, ValueType: MapValueType>(
    fieldType: _ProtobufMap<KeyType, ValueType>.Type,
    value: _ProtobufMap<KeyType, ValueType>.BaseType, fieldNumber: Int
  ) {}
  mutating func visitMapField<KeyType, ValueType>(
    fieldType: _ProtobufEnumMap<KeyType, ValueType>.Type,
    value: _ProtobufEnumMap<KeyType, ValueType>.BaseType, fieldNumber: Int
  ) where ValueType.RawValue == Int {}
  mutating func visitMapField<KeyType, ValueType>(
    fieldType: _ProtobufMessageMap<KeyType, ValueType>.Type,
    value: _ProtobufMessageMap<KeyType, ValueType>.BaseType, fieldNumber: Int
  ) {}
  mutating func visitUnknown(bytes: Data) {}
}
