import JSONText

extension KnownEntries {
  /// `generation_config.json`, and `config.json` of models that keep these settings there: the
  /// attributes of transformers' `GenerationConfig` (4.57 to 5.23).
  static let generation = KnownEntries(
    read: [
      "bad_words_ids", "begin_suppress_tokens", "bos_token_id", "decoder_start_token_id",
      "do_sample", "early_stopping", "encoder_no_repeat_ngram_size", "encoder_repetition_penalty",
      "eos_token_id", "exponential_decay_length_penalty", "force_bos_token_to_be_generated",
      "forced_bos_token_id", "forced_eos_token_id", "length_penalty", "max_length",
      "max_new_tokens", "min_length", "min_new_tokens", "no_repeat_ngram_size", "num_beams",
      "pad_token_id", "penalty_alpha", "remove_invalid_values", "renormalize_logits",
      "repetition_penalty", "sequence_bias", "suppress_tokens",
    ],
    ignored: [
      "samples only (do_sample)": [
        "temperature", "top_k", "top_p", "min_p", "top_h", "typical_p", "epsilon_cutoff",
        "eta_cutoff",
      ],
      "the memory's form": [
        "use_cache", "cache_implementation", "cache_config", "max_cache_len",
        "prefill_chunk_size", "return_legacy_cache",
      ],
      "speed, the tokens are the same": [
        "compile_config", "disable_compile", "continuous_batching_config", "low_memory", "use_mtp",
        "prompt_lookup_num_tokens", "max_matching_ngram_size", "assistant_early_exit",
        "num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_confidence_threshold",
        "assistant_lookbehind", "target_lookbehind", "assistant_ensemble_weight",
        "speculation_type",
      ],
      "results besides the text": [
        "output_attentions", "output_hidden_states", "output_scores", "output_logits",
        "return_dict_in_generate",
      ],
      "groups of beams only (num_beam_groups)": ["diversity_penalty"],
      "where the file comes from": [
        "_from_model_config", "transformers_version", "_commit_hash", "_original_object_hash",
        "generation_kwargs",
      ],
    ],
    refused: [
      "constraints": Refused("beams with constraints"),
      "dola_layers": Refused("decoding by contrasting layers (DoLa)"),
      "force_words_ids": Refused("beams with forced words"),
      "forced_decoder_ids": Refused("forced tokens at given positions"),
      "guidance_scale": Refused("classifier-free guidance", unless: .number(1)),
      "is_assistant": Refused("drafts for another model, which end early"),
      "max_time": Refused("texts that end when a time is over"),
      "num_beam_groups": Refused("groups of beams", unless: .number(1)),
      "num_return_sequences": Refused("several results for each text", unless: .number(1)),
      "stop_strings": Refused("texts that end with a given string"),
      "token_healing": Refused("prompts whose last token is mended"),
      "watermarking_config": Refused("marks in the choice of tokens"),
      // Arguments of generate() that the reference refuses in a file, too.
      "assistant_model": Refused("a second model"),
      "logits_processor": Refused("rules in Python"),
      "negative_prompt_attention_mask": Refused("classifier-free guidance"),
      "negative_prompt_ids": Refused("classifier-free guidance"),
      "prefix_allowed_tokens_fn": Refused("rules in Python"),
      "stopping_criteria": Refused("rules in Python"),
      "streamer": Refused("results token by token"),
      "synced_gpus": Refused("several processes"),
    ])
}
