import JSONText

extension KnownEntries {
  /// The file of sentence-transformers' module Transformer, `sentence_bert_config.json` and its older
  /// names: the arguments of the class (6.2).
  static let transformer = KnownEntries(
    read: ["max_seq_length", "do_lower_case", "modality_config", "module_output_name"],
    ignored: [
      "for encode_query() and encode_document() only": [
        "query_length", "document_length", "query_expansion",
      ],
      "how the network is loaded, which the ONNX file replaces": [
        "model_args", "model_kwargs", "config_args", "config_kwargs", "backend", "cache_dir",
        "model_name_or_path",
      ],
      "speed, the vectors are the same": ["unpad_inputs"],
    ],
    refused: [
      "processing_kwargs": Refused("texts that are made tokens in another way"),
      "processor_kwargs": Refused("a tokenizer with other settings than its files"),
      "tokenizer_args": Refused("a tokenizer with other settings than its files"),
      "tokenizer_name_or_path": Refused("the tokenizer of another model"),
      "transformer_task": Refused(
        "another task than vectors of tokens", unless: .string("feature-extraction")),
    ])

  /// The file of the module Pooling.
  static let pooling = KnownEntries(
    read: Set(SentencePooling.allCases.map(\.olderKey)).union(["pooling_mode", "include_prompt"]),
    ignored: ["the network tells": ["embedding_dimension", "word_embedding_dimension"]],
    refused: [:])

  /// The file of the module Normalize.
  static let normalize = KnownEntries(
    read: [], ignored: [:],
    refused: [
      "module_input_name": Refused(
        "other vectors than the text's", unless: .string("sentence_embedding")),
      "module_output_name": Refused(
        "other vectors than the text's", unless: .string("sentence_embedding")),
    ])

  /// The file of the module Dropout.
  static let dropout = KnownEntries(
    read: [], ignored: ["acts in training only": ["dropout"]], refused: [:])

  /// `config_sentence_transformers.json`.
  static let sentence = KnownEntries(
    read: ["prompts", "default_prompt_name", "truncate_dim"],
    ignored: [
      "how vectors are compared, not how they are made": ["similarity_fn_name"],
      "where the file comes from": ["__version__", "requirements"],
    ],
    refused: [
      "model_type": Refused(
        "another class than SentenceTransformer, such as pairs of texts or sparse vectors",
        unless: .string("SentenceTransformer"))
    ])
}
