#pragma once

#include <span>

#include "app/texts.hpp"

namespace jidian::app {

std::span<const Sentence> english_sentences();
std::span<const Sentence> english_plant_sentences();
std::span<const Sentence> chinese_sentences();

}  // namespace jidian::app
