import FoundationEssentials

/// A model of iris flowers and a table of some, as Tests/StarterProgram/make_model.py makes them.
enum StarterFlowers {
  /// In ONNX: `measures`, four numbers for each flower, to `species`, three probabilities.
  static var model: Data {
    Data(base64Encoded: base64, options: .ignoreUnknownCharacters) ?? Data()
  }

  /// In CSV, with the names of the columns.
  static let table = """
    sepal_length,sepal_width,petal_length,petal_width,species
    5.1,3.5,1.4,0.2,setosa
    5.4,3.7,1.5,0.2,setosa
    5.4,3.4,1.7,0.2,setosa
    4.8,3.1,1.6,0.2,setosa
    5.0,3.5,1.3,0.3,setosa
    7.0,3.2,4.7,1.4,versicolor
    5.0,2.0,3.5,1.0,versicolor
    5.9,3.2,4.8,1.8,versicolor
    5.5,2.4,3.8,1.1,versicolor
    5.5,2.6,4.4,1.2,versicolor
    6.3,3.3,6.0,2.5,virginica
    6.5,3.2,5.1,2.0,virginica
    6.9,3.2,5.7,2.3,virginica
    7.4,2.8,6.1,1.9,virginica
    6.7,3.1,5.6,2.4,virginica

    """

  private static let base64 = """
    CAg63wEKHgoIbWVhc3VyZXMKAXcKAWISBnNjb3JlcyIER2VtbQonCgZzY29yZXMSB3NwZWNpZXMiB1NvZnRtYXgqCw
    oEYXhpcxgBoAECEgdmbG93ZXJzKjsIBAgDEAFCAXdKMGsr2b493gg/PUTivbhhdz8VC6S+Llwlv8EGIcAO/VO+kkYu
    QLKAir/EeHG/ip4BQCoVCAMQAUIBYkoMca8dQXj8DkCPbkHBWhsKCG1lYXN1cmVzEg8KDQgBEgkKAxIBTgoCCARiGg
    oHc3BlY2llcxIPCg0IARIJCgMSAU4KAggDQgQKABAN
    """
}
