// The fields of the tables of Message.fbs, Schema.fbs and File.fbs of the Arrow format, in their order.

enum MessageField: Int, TableField {
  case version, headerType, header, bodyLength
}

enum MessageHeader: UInt8 {
  case schema = 1
  case dictionaryBatch, recordBatch, tensor, sparseTensor
}

enum SchemaField: Int, TableField {
  case endianness, fields, metadata
}

enum FieldField: Int, TableField {
  case name, isNullable, typeKind, type, dictionary, children, metadata
}

enum DictionaryField: Int, TableField {
  case id, indexType, isOrdered
}

enum RecordBatchField: Int, TableField {
  case length, nodes, buffers, compression, variadicCounts
}

enum DictionaryBatchField: Int, TableField {
  case id, data, isDelta
}

enum FooterField: Int, TableField {
  case version, schema, dictionaries, recordBatches
}

/// The numbers of the type union in Schema.fbs.
enum TypeKind: UInt8 {
  case null = 1
  case int, floatingPoint, binary, utf8, bool, decimal, date, time, timestamp, interval, list
  case structure, union, fixedSizeBinary, fixedSizeList, map, duration, largeBinary, largeUTF8
  case largeList, runEndEncoded, binaryView, utf8View, listView, largeListView
}

/// Metadata version 5; the reader takes version 4 too.
let metadataVersion5: Int16 = 4

/// The mark before the length of each message since format version 0.15.
let continuationMarker: UInt32 = 0xFFFF_FFFF

/// What an Arrow file begins and ends with.
let fileMagic: [UInt8] = Array("ARROW1".utf8)
