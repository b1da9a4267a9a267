public import SparkTypes

// Functions of Spark that inference jobs use; every other one is a `callFunction(name, ...)` or an
// `expr("...")` away.

// MARK: Functions of one column

/// Spark's `abs`.
public func abs(_ column: Column) -> Column { .function("abs", [column]) }

/// Spark's `sqrt`.
public func sqrt(_ column: Column) -> Column { .function("sqrt", [column]) }

/// Spark's `exp`.
public func exp(_ column: Column) -> Column { .function("exp", [column]) }

/// Spark's `ln`.
public func log(_ column: Column) -> Column { .function("ln", [column]) }

/// Spark's `log2`.
public func log2(_ column: Column) -> Column { .function("log2", [column]) }

/// Spark's `log10`.
public func log10(_ column: Column) -> Column { .function("log10", [column]) }

/// Spark's `floor`.
public func floor(_ column: Column) -> Column { .function("floor", [column]) }

/// Spark's `ceil`.
public func ceil(_ column: Column) -> Column { .function("ceil", [column]) }

/// Spark's `cbrt`.
public func cbrt(_ column: Column) -> Column { .function("cbrt", [column]) }

/// Spark's `sin`.
public func sin(_ column: Column) -> Column { .function("sin", [column]) }

/// Spark's `cos`.
public func cos(_ column: Column) -> Column { .function("cos", [column]) }

/// Spark's `tan`.
public func tan(_ column: Column) -> Column { .function("tan", [column]) }

/// Spark's `atan`.
public func atan(_ column: Column) -> Column { .function("atan", [column]) }

/// Spark's `sinh`.
public func sinh(_ column: Column) -> Column { .function("sinh", [column]) }

/// Spark's `cosh`.
public func cosh(_ column: Column) -> Column { .function("cosh", [column]) }

/// Spark's `tanh`.
public func tanh(_ column: Column) -> Column { .function("tanh", [column]) }

/// Spark's `degrees`.
public func degrees(_ column: Column) -> Column { .function("degrees", [column]) }

/// Spark's `radians`.
public func radians(_ column: Column) -> Column { .function("radians", [column]) }

/// Spark's `signum`.
public func signum(_ column: Column) -> Column { .function("signum", [column]) }

/// Spark's `lower`.
public func lower(_ column: Column) -> Column { .function("lower", [column]) }

/// Spark's `upper`.
public func upper(_ column: Column) -> Column { .function("upper", [column]) }

/// Spark's `trim`.
public func trim(_ column: Column) -> Column { .function("trim", [column]) }

/// Spark's `ltrim`.
public func ltrim(_ column: Column) -> Column { .function("ltrim", [column]) }

/// Spark's `rtrim`.
public func rtrim(_ column: Column) -> Column { .function("rtrim", [column]) }

/// Spark's `length`.
public func length(_ column: Column) -> Column { .function("length", [column]) }

/// Spark's `initcap`.
public func initcap(_ column: Column) -> Column { .function("initcap", [column]) }

/// Spark's `reverse`.
public func reverse(_ column: Column) -> Column { .function("reverse", [column]) }

/// Spark's `ascii`.
public func ascii(_ column: Column) -> Column { .function("ascii", [column]) }

/// Spark's `md5`.
public func md5(_ column: Column) -> Column { .function("md5", [column]) }

/// Spark's `sha1`.
public func sha1(_ column: Column) -> Column { .function("sha1", [column]) }

/// Spark's `crc32`.
public func crc32(_ column: Column) -> Column { .function("crc32", [column]) }

/// Spark's `base64`.
public func base64(_ column: Column) -> Column { .function("base64", [column]) }

/// Spark's `unbase64`.
public func unbase64(_ column: Column) -> Column { .function("unbase64", [column]) }

/// Spark's `hex`.
public func hex(_ column: Column) -> Column { .function("hex", [column]) }

/// Spark's `unhex`.
public func unhex(_ column: Column) -> Column { .function("unhex", [column]) }

/// One row for each element of an array.
public func explode(_ column: Column) -> Column { .function("explode", [column]) }

/// One row for each element of an array; a null row for empty arrays.
public func explodeOuter(_ column: Column) -> Column { .function("explode_outer", [column]) }

/// One row for each element of an array, with its position.
public func posexplode(_ column: Column) -> Column { .function("posexplode", [column]) }

/// The number of elements of an array or map.
public func size(_ column: Column) -> Column { .function("size", [column]) }

/// Spark's `array_max`.
public func arrayMax(_ column: Column) -> Column { .function("array_max", [column]) }

/// Spark's `array_min`.
public func arrayMin(_ column: Column) -> Column { .function("array_min", [column]) }

/// Spark's `array_distinct`.
public func arrayDistinct(_ column: Column) -> Column { .function("array_distinct", [column]) }

/// Spark's `flatten`.
public func flatten(_ column: Column) -> Column { .function("flatten", [column]) }

/// Spark's `map_keys`.
public func mapKeys(_ column: Column) -> Column { .function("map_keys", [column]) }

/// Spark's `map_values`.
public func mapValues(_ column: Column) -> Column { .function("map_values", [column]) }

/// Spark's `sum`.
public func sum(_ column: Column) -> Column { .function("sum", [column]) }

/// Spark's `avg`.
public func avg(_ column: Column) -> Column { .function("avg", [column]) }

/// Spark's `mean`.
public func mean(_ column: Column) -> Column { .function("mean", [column]) }

/// Spark's `min`.
public func min(_ column: Column) -> Column { .function("min", [column]) }

/// Spark's `max`.
public func max(_ column: Column) -> Column { .function("max", [column]) }

/// Spark's `first`.
public func first(_ column: Column) -> Column { .function("first", [column]) }

/// Spark's `last`.
public func last(_ column: Column) -> Column { .function("last", [column]) }

/// Spark's `stddev`.
public func stddev(_ column: Column) -> Column { .function("stddev", [column]) }

/// Spark's `variance`.
public func variance(_ column: Column) -> Column { .function("variance", [column]) }

/// Spark's `collect_list`.
public func collectList(_ column: Column) -> Column { .function("collect_list", [column]) }

/// Spark's `collect_set`.
public func collectSet(_ column: Column) -> Column { .function("collect_set", [column]) }

/// Spark's `year`.
public func year(_ column: Column) -> Column { .function("year", [column]) }

/// Spark's `month`.
public func month(_ column: Column) -> Column { .function("month", [column]) }

/// Spark's `dayofmonth`.
public func dayofmonth(_ column: Column) -> Column { .function("dayofmonth", [column]) }

/// Spark's `dayofweek`.
public func dayofweek(_ column: Column) -> Column { .function("dayofweek", [column]) }

/// Spark's `hour`.
public func hour(_ column: Column) -> Column { .function("hour", [column]) }

/// Spark's `minute`.
public func minute(_ column: Column) -> Column { .function("minute", [column]) }

/// Spark's `second`.
public func second(_ column: Column) -> Column { .function("second", [column]) }

/// Spark's `unix_timestamp`.
public func unixTimestamp(_ column: Column) -> Column { .function("unix_timestamp", [column]) }

/// Spark's `isnan`.
public func isnan(_ column: Column) -> Column { .function("isnan", [column]) }

/// Spark's `not`.
public func not(_ column: Column) -> Column { .function("not", [column]) }

/// A struct, array or map as JSON text.
public func toJSON(_ column: Column) -> Column { .function("to_json", [column]) }

// MARK: Functions without a column

/// A uniform random number from 0 to 1 that repeats for the same `seed`. Without one, the client draws
/// it: left to the server, each query over the same table would draw its own.
public func rand(seed: Int? = nil) -> Column { .function("rand", [lit(seed ?? drawnSeed())]) }

/// A random number of the standard normal distribution that repeats for the same `seed`.
public func randn(seed: Int? = nil) -> Column { .function("randn", [lit(seed ?? drawnSeed())]) }

private func drawnSeed() -> Int { Int.random(in: 0...Int.max) }

/// Spark's `monotonically_increasing_id`.
public func monotonicallyIncreasingID() -> Column { .function("monotonically_increasing_id", []) }

/// Spark's `spark_partition_id`.
public func sparkPartitionID() -> Column { .function("spark_partition_id", []) }

/// Spark's `input_file_name`.
public func inputFileName() -> Column { .function("input_file_name", []) }

/// Spark's `current_timestamp`.
public func currentTimestamp() -> Column { .function("current_timestamp", []) }

/// Spark's `current_date`.
public func currentDate() -> Column { .function("current_date", []) }

/// Spark's `row_number`.
public func rowNumber() -> Column { .function("row_number", []) }

/// Spark's `rank`.
public func rank() -> Column { .function("rank", []) }

// MARK: Functions of several columns

/// Spark's `array`.
public func array(_ columns: Column...) -> Column { .function("array", columns) }

/// An array of the columns of a list.
public func array(_ columns: [Column]) -> Column { .function("array", columns) }

/// Spark's `struct`.
public func structure(_ columns: Column...) -> Column { .function("struct", columns) }

/// A struct of the columns of a list; called `struct` in Spark.
public func structure(_ columns: [Column]) -> Column { .function("struct", columns) }

/// Spark's `coalesce`.
public func coalesce(_ columns: Column...) -> Column { .function("coalesce", columns) }

/// Spark's `concat`.
public func concat(_ columns: Column...) -> Column { .function("concat", columns) }

/// Spark's `greatest`.
public func greatest(_ columns: Column...) -> Column { .function("greatest", columns) }

/// Spark's `least`.
public func least(_ columns: Column...) -> Column { .function("least", columns) }

/// Spark's `hash`.
public func hash(_ columns: Column...) -> Column { .function("hash", columns) }

/// Spark's `xxhash64`.
public func xxHash64(_ columns: Column...) -> Column { .function("xxhash64", columns) }

/// Spark's `arrays_zip`.
public func arraysZip(_ columns: Column...) -> Column { .function("arrays_zip", columns) }

/// Spark's `map`.
public func map(_ columns: Column...) -> Column { .function("map", columns) }

/// Spark's `named_struct`.
public func namedStruct(_ columns: Column...) -> Column { .function("named_struct", columns) }

/// Spark's `map_from_arrays`.
public func mapFromArrays(_ columns: Column...) -> Column { .function("map_from_arrays", columns) }

// MARK: Functions with further arguments

/// The number of rows in which `column` is not null; of all rows for `*`.
public func count(_ column: Column = "*") -> Column {
  column.label == "*" ? .function("count", [lit(1)]) : .function("count", [column])
}

/// The number of distinct values.
public func countDistinct(_ columns: Column...) -> Column {
  .function("count", columns, isDistinct: true)
}

/// `value` where `condition` holds; add cases with `when`, end with `otherwise`.
public func when(_ condition: Column, _ value: some ColumnConvertible) -> Column {
  .function("when", [condition, value.column])
}

/// The element at `index` of an array, from 1, or the value under a key of a map.
public func elementAt(_ column: Column, _ index: some ColumnConvertible) -> Column {
  .function("element_at", [column, index.column])
}

/// Whether an array holds `value`.
public func arrayContains(_ column: Column, _ value: some ColumnConvertible) -> Column {
  .function("array_contains", [column, value.column])
}

/// The position of `value` in an array, from 1; 0 if it is not there.
public func arrayPosition(_ column: Column, _ value: some ColumnConvertible) -> Column {
  .function("array_position", [column, value.column])
}

/// An array in ascending or descending order.
public func sortArray(_ column: Column, ascending: Bool = true) -> Column {
  .function("sort_array", [column, lit(ascending)])
}

/// `length` elements of an array from position `start` (from 1).
public func slice(_ column: Column, _ start: Int, _ length: Int) -> Column {
  .function("slice", [column, lit(start), lit(length)])
}

/// The strings of `columns` joined by `separator`.
public func concatWS(_ separator: String, _ columns: Column...) -> Column {
  .function("concat_ws", [lit(separator)] + columns)
}

/// A string split at the matches of a regular expression.
public func split(_ column: Column, _ pattern: String, limit: Int = -1) -> Column {
  .function("split", [column, lit(pattern), lit(limit)])
}

/// `length` characters from `position` (from 1).
public func substring(_ column: Column, _ position: Int, _ length: Int) -> Column {
  .function("substring", [column, lit(position), lit(length)])
}

/// The part of a string before the `count`th `delimiter`.
public func substringIndex(_ column: Column, _ delimiter: String, _ count: Int) -> Column {
  .function("substring_index", [column, lit(delimiter), lit(count)])
}

/// A string with the matches of a regular expression replaced.
public func regexpReplace(_ column: Column, _ pattern: String, _ replacement: String) -> Column {
  .function("regexp_replace", [column, lit(pattern), lit(replacement)])
}

/// Group `group` of the first match of a regular expression.
public func regexpExtract(_ column: Column, _ pattern: String, _ group: Int) -> Column {
  .function("regexp_extract", [column, lit(pattern), lit(group)])
}

/// A number rounded to `scale` decimals.
public func round(_ column: Column, _ scale: Int = 0) -> Column {
  .function("round", [column, lit(scale)])
}

/// `base` to the power of `exponent`.
public func pow(_ base: Column, _ exponent: some ColumnConvertible) -> Column {
  .function("power", [base, exponent.column])
}

/// `other` where `column` is not a number.
public func nanvl(_ column: Column, _ other: Column) -> Column {
  .function("nanvl", [column, other])
}

/// The SHA-2 hash of `bits` bits, in hexadecimal.
public func sha2(_ column: Column, _ bits: Int) -> Column {
  .function("sha2", [column, lit(bits)])
}

/// A string parsed as JSON of the type that `schema` names.
public func fromJSON(_ column: Column, _ schema: DataType) -> Column {
  .function("from_json", [column, lit(schema.ddl)])
}

/// A string as a date, in `format` if given.
public func toDate(_ column: Column, _ format: String? = nil) -> Column {
  .function("to_date", [column] + (format.map { [lit($0)] } ?? []))
}

/// A string as a timestamp, in `format` if given.
public func toTimestamp(_ column: Column, _ format: String? = nil) -> Column {
  .function("to_timestamp", [column] + (format.map { [lit($0)] } ?? []))
}

// MARK: Vectors of Spark ML

/// A vector of Spark ML, dense or sparse, as an array: of doubles, or of floats.
///
/// A model takes a column of vectors in this form:
/// `table.withColumn("x", vectorToArray(col("features")))`.
public func vectorToArray(_ column: Column, of type: DataType = .double) -> Column {
  .function("vector_to_array", [column, lit(type == .float ? "float32" : "float64")])
}

/// An array of numbers as a dense vector of Spark ML.
public func arrayToVector(_ column: Column) -> Column { .function("array_to_vector", [column]) }
