#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/load.hpp"
#include "app/verbs.hpp"
#include "base/result.hpp"

namespace jidian::app {

/// Says on standard error (or as JSON on standard output) why a verb cannot go on.
void print_failure(const Common& common, const Error& error);

/// How a verb ends that asked the gateway and got `error`: who may not ask has to change something, not the gateway.
Exit exit_of_asking(const Error& error);

/// Columns of a screen that UTF-8 text takes: Chinese characters take two.
std::size_t columns_of(std::string_view text);

/// The words of a heading, "POINT|VALUE", in the language that is spoken.
std::vector<std::string> headings(std::string_view key);

/// The word for a reading's quality, in the language that is spoken; one that is unknown as it is.
std::string word_for_quality(const std::string& quality);

/// A table for people: columns as wide as their widest cell, counted as the screen shows them.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

/// "12 s", "5 min", "7 h", "3 days" in the language that is spoken.
std::string span_text(double seconds);

/// "site.toml:42:9: …" in the language that is spoken, without the word "warning".
std::string line_of(config::Mistake mistake);

/// The site, or nothing after every mistake was printed to standard error.
std::optional<config::Site> load_or_explain(const Common& common);

/// The gateway's socket: as told, else as the site file says. Empty after every mistake was printed.
std::filesystem::path socket_of(const Common& common);

}  // namespace jidian::app
