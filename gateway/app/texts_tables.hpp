#pragma once

#include <span>

#include "app/texts.hpp"

/// The sentences by language and subject.
namespace jidian::app {

std::span<const Sentence> english_sentences();
std::span<const Sentence> english_identity_sentences();
std::span<const Sentence> english_plant_sentences();
std::span<const Sentence> english_uplink_sentences();
std::span<const Sentence> english_status_sentences();
std::span<const Sentence> english_record_sentences();
std::span<const Sentence> english_said_sentences();
std::span<const Sentence> chinese_sentences();
std::span<const Sentence> chinese_identity_sentences();
std::span<const Sentence> chinese_plant_sentences();
std::span<const Sentence> chinese_uplink_sentences();
std::span<const Sentence> chinese_status_sentences();
std::span<const Sentence> chinese_record_sentences();
std::span<const Sentence> chinese_said_sentences();

}  // namespace jidian::app
