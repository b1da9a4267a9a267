import SparkTypes
import Testing

/// Schemas in Spark's JSON, as PySpark's `schema.json()` gives them.
struct SparkTypeJSONTests {
  @Test("schemas are read as PySpark writes them")
  func reading() {
    let text = """
      {"fields":[{"metadata":{},"name":"id","nullable":false,"type":"long"},\
      {"metadata":{"a":1},"name":"odd `name`","nullable":true,"type":{"containsNull":false,\
      "elementType":"float","type":"array"}},{"metadata":{},"name":"s","nullable":true,"type":{"fields":\
      [{"metadata":{},"name":"x","nullable":true,"type":"decimal(12,3)"}],"type":"struct"}},\
      {"metadata":{},"name":"m","nullable":true,"type":{"keyType":"string","type":"map",\
      "valueContainsNull":true,"valueType":"byte"}},{"metadata":{},"name":"v","nullable":true,"type":\
      {"class":"org.apache.spark.ml.linalg.VectorUDT","pyClass":"pyspark.ml.linalg.VectorUDT",\
      "sqlType":"binary","type":"udt"}}],"type":"struct"}
      """
    let vector = UserDefinedType(
      jvmClass: "org.apache.spark.ml.linalg.VectorUDT",
      pythonClass: "pyspark.ml.linalg.VectorUDT", sqlType: .binary)
    #expect(
      SparkTypeJSON.schema(text)
        == StructType([
          StructField("id", .long, isNullable: false),
          StructField(
            "odd `name`", .array(.float, containsNull: false), metadata: #"{"a":1}"#),
          StructField("s", .struct(["x": .decimal(precision: 12, scale: 3)])),
          StructField("m", .map(.string, .byte)), StructField("v", .userDefined(vector)),
        ]))
  }

  @Test("schemas come back from their own text")
  func roundTrip() {
    let schema = StructType([
      StructField("a", .array(.struct(["label": .string, "score": .float]))),
      StructField("b", .map(.string, .double, valueContainsNull: false), isNullable: false),
      StructField("c", .short), StructField("d", .timestampNTZ), StructField("e", .binary),
      StructField("f", .geometry(srid: nil)), StructField("g", .geography(srid: 4326)),
      StructField("h", .geometry(srid: 0)), StructField("i", .geometry(srid: 3857)),
    ])
    let text = SparkTypeJSON.text(schema)
    #expect(SparkTypeJSON.schema(text) == schema)
    #expect(text.contains(#""geography(OGC:CRS84, SPHERICAL)""#))
    #expect(text.contains(#""geometry(SRID:ANY)""#) && text.contains(#""geometry(EPSG:3857)""#))
  }

  @Test("types that are not known stay by their names where they may")
  func unknown() {
    let text =
      #"{"type":"struct","fields":[{"name":"a","type":"quaternion"},"#
      + #"{"name":"b","type":{"type":"udt","class":"a.B"}}]}"#
    #expect(SparkTypeJSON.schema(text) == nil)
    #expect(
      SparkTypeJSON.schema(text, keepsUnknown: true)
        == StructType([
          StructField("a", .unparsed("quaternion")),
          StructField("b", .userDefined(UserDefinedType(jvmClass: "a.B"))),
        ]))
    #expect(SparkTypeJSON.schema("[]", keepsUnknown: true) == nil)
    #expect(SparkTypeJSON.schema("{", keepsUnknown: true) == nil)
  }

  @Test(
    "types without classes of their own, as PySpark reads them",
    arguments: [
      (.float, #""float""#), (.byte, #""byte""#), (.integer, #""integer""#), (.long, #""long""#),
      (.null, #""void""#), (.timestampNTZ, #""timestamp_ntz""#),
      (.varchar(length: 3), #""string""#),
      (.decimal(precision: 12, scale: 2), #""decimal(12,2)""#),
      (.dayTimeInterval(from: .day, to: .second), #""interval day to second""#),
      (
        .array(.double, containsNull: false),
        #"{"type":"array","elementType":"double","containsNull":false}"#
      ),
      (
        .map(.string, .long),
        #"{"type":"map","keyType":"string","valueType":"long","valueContainsNull":true}"#
      ),
      (
        .struct([StructField("a\"/é", .array(.varchar(length: 9)), isNullable: false)]),
        #"{"type":"struct","fields":[{"name":"a\"/é","type":{"type":"array","elementType":"string","#
          + #""containsNull":true},"nullable":false,"metadata":{}}]}"#
      ),
      (
        .map(.long, .userDefined(UserDefinedType(pythonClass: "a.B", sqlType: .float))),
        #"{"type":"map","keyType":"long","valueType":"float","valueContainsNull":true}"#
      ),
    ] as [(DataType, String)])
  func plain(_ type: DataType, _ text: String) {
    #expect(SparkTypeJSON.plainText(type) == text)
  }
}
