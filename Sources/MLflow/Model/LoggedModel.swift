import JSONText
import YAMLText

/// What the file `MLmodel` tells of a model: the forms ("flavors") in which it was logged, and what it takes
/// and gives.
package struct LoggedModel: Sendable {
  package static let file = "MLmodel"
  /// More bytes than such a file ever has.
  static let largest = 4 << 20

  /// What is said of each flavor.
  let flavors: [String: JSONValue]
  /// The ID of the model; another each time that one is logged.
  let id: String?
  package let signature: LoggedSignature?

  /// - Parameter place: the file, for messages.
  /// - Throws: ``MLflowError`` that says what is wrong with it.
  init(_ bytes: [UInt8], of place: String) throws(MLflowError) {
    func wrong(_ reason: String, _ cause: (any Error)?) -> MLflowError {
      MLflowError(
        .damaged, "\(place): the file \(Self.file) cannot be read: \(reason); log the model again",
        cause: cause)
    }
    guard bytes.count <= Self.largest else { throw wrong("it has more than 4 MiB", nil) }
    let yaml: JSONValue
    do throws(YAMLError) {
      yaml = try JSONValue(yaml: bytes)
    } catch {
      throw wrong("\(error)", error)
    }
    guard let flavors = yaml["flavors"]?.entries else { throw wrong("it names no flavors", nil) }
    self.flavors = flavors
    id = yaml["model_id"]?.string ?? yaml["model_uuid"]?.string
    do {
      signature = try LoggedSignature(yaml["signature"])
    } catch {
      throw wrong("its signature is none: \(error)", error)
    }
  }
}
