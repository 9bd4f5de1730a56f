#include "app/status_screen.hpp"

#include <algorithm>

#include "app/print.hpp"

namespace jidian::app {

void Screen::line(const Row& cells) {
  for (const Cell& cell : cells) text_ += painted(cell);
  text_ += '\n';
}

void Screen::table(const std::string& title, const std::vector<Row>& rows) {
  if (rows.empty()) return;
  line({{"\n" + title, Tone::plain}});
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], columns_of(row[column].text));
  }
  for (const Row& row : rows) {
    text_ += " ";
    for (std::size_t column = 0; column < row.size(); ++column) {
      text_ += " " + painted(row[column]);
      if (column + 1 < row.size()) text_.append(widths[column] - columns_of(row[column].text) + 1, ' ');
    }
    text_ += '\n';
  }
}

std::string Screen::painted(const Cell& cell) const {
  if (colours_ == Colours::none || cell.tone == Tone::plain) return cell.text;
  const char* paint = cell.tone == Tone::good ? "\033[32m" : cell.tone == Tone::bad ? "\033[31m" : "\033[2m";
  return paint + cell.text + "\033[0m";
}

}  // namespace jidian::app
