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

/// Columns of a screen that UTF-8 text takes: Chinese characters take two.
std::size_t columns_of(std::string_view text);

/// A table for people: columns as wide as their widest cell, counted as the screen shows them.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

/// "12 s", "5 min", "7 h", "3 days".
std::string span_text(double seconds);

/// The site, or nothing after every mistake was printed to standard error.
std::optional<config::Site> load_or_explain(const Common& common);

/// The gateway's socket: as told, else as the site file says. Empty after every mistake was printed.
std::filesystem::path socket_of(const Common& common);

}  // namespace jidian::app
