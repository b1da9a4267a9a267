// Field numbers of Message.fbs, Schema.fbs and File.fbs of the Arrow format.

enum MessageField {
  static let version = 0
  static let headerType = 1
  static let header = 2
  static let bodyLength = 3
}

enum MessageHeader: UInt8 {
  case schema = 1
  case dictionaryBatch, recordBatch, tensor, sparseTensor
}

enum SchemaField {
  static let endianness = 0
  static let fields = 1
  static let metadata = 2
}

enum FieldField {
  static let name = 0
  static let isNullable = 1
  static let typeKind = 2
  static let type = 3
  static let dictionary = 4
  static let children = 5
  static let metadata = 6
}

enum DictionaryField {
  static let id = 0
  static let indexType = 1
  static let isOrdered = 2
}

enum RecordBatchField {
  static let length = 0
  static let nodes = 1
  static let buffers = 2
  static let compression = 3
  static let variadicCounts = 4
}

enum DictionaryBatchField {
  static let id = 0
  static let data = 1
  static let isDelta = 2
}

enum FooterField {
  static let version = 0
  static let schema = 1
  static let dictionaries = 2
  static let recordBatches = 3
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
