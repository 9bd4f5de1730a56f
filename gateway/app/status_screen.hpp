// Lines and columns of what `jidian status` shows.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/status_view.hpp"

namespace jidian::app {

/// What a text is to the eye.
enum class Tone : std::uint8_t { plain, good, bad, faint };

/// A text of a line or a table.
struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};
/// A line of cells.
using Row = std::vector<Cell>;

/// Text that grows line by line.
class Screen {
 public:
  explicit Screen(Colours colours) : colours_(colours) {}

  /// The cells beside one another, as they are.
  void line(const Row& cells);

  /// Columns as wide as their widest cell, indented under `title`. Nothing if there are no rows.
  void table(const std::string& title, const std::vector<Row>& rows);

  /// All that was shown.
  std::string take() { return std::move(text_); }

 private:
  std::string painted(const Cell& cell) const;

  Colours colours_;
  std::string text_;
};

}  // namespace jidian::app
