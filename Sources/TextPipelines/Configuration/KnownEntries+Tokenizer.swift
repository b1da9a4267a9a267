import JSONText

extension KnownEntries {
  /// `tokenizer_config.json`: the arguments of transformers' tokenizers (4.57 to 5.23).
  static let tokenizer = KnownEntries(
    read: [
      "add_bos_token", "add_eos_token", "add_prefix_space", "added_tokens_decoder",
      "additional_special_tokens", "bos_token", "clean_up_tokenization_spaces",
      "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output", "cls_token",
      "do_lower_case", "eos_token", "extra_special_tokens", "mask_token", "max_len",
      "model_max_length", "pad_token", "sep_token", "src_lang", "strip_accents",
      "tokenize_chinese_chars", "tokenizer_class", "truncation_side", "unk_token",
    ],
    ignored: [
      "rows are filled up here, and the filling is masked": [
        "padding_side", "pad_token_type_id", "pad_to_multiple_of", "padding",
      ],
      "arguments of single calls": [
        "max_length", "stride", "truncation", "truncation_strategy", "return_tensors",
        "is_split_into_words",
      ],
      "made part of tokenizer.json when it was written": [
        "extra_ids", "keep_accents", "legacy", "offset", "remove_space", "split_by_punct",
        "sp_model_kwargs", "unk_id", "vocab", "vocab_file", "merges", "merges_file",
        "tokenizer_file", "tokenizer_object", "errors", "from_slow",
        "model_specific_special_tokens",
        "language_codes", "legacy_behaviour", "mask_token_sent", "question_token",
        "num_madeup_words", "clean_text",
      ],
      "for tokenizers without tokenizer.json": [
        "do_basic_tokenize", "never_split", "spaces_between_special_tokens", "use_fast",
        "use_default_system_prompt", "dropout", "enable_sampling", "nbest_size", "alpha",
      ],
      "where tokens begin and end, not which they are": ["trim_offsets"],
      "which inputs the model has, which the ONNX file tells": [
        "model_input_names", "return_token_type_ids", "return_attention_mask",
      ],
      "the language of what is generated: forced_bos_token_id tells it": ["tgt_lang"],
      "chats": ["chat_template", "response_schema", "response_template", "chat_control_tokens"],
      "where the file comes from": [
        "name_or_path", "special_tokens_map_file", "auto_map", "processor_class", "verbose",
        "backend", "files_loaded", "is_local", "local_files_only", "transformers_version",
        "tokenizer_type", "_commit_hash", "fix_mistral_regex", "gguf_file", "init_inputs",
      ],
    ],
    refused: [
      "split_special_tokens": Refused("special tokens in texts that are split as other words"),
      "wordpieces_prefix": Refused("another beginning of word pieces", unless: .string("##")),
    ])
}
