#include "recorder/facts.hpp"

namespace jidian::recorder {

Facts::Facts(const domain::Manifest& manifest) : intervals_(manifest), families_(manifest) {}

void Facts::add(const domain::Poll& poll, News& news) {
  const std::size_t first_row = news.rows.size();
  intervals_.add(poll, news.rows);
  compare_families(news, first_row);
}

void Facts::close_overdue(UtcTime now, News& news) {
  const std::size_t first_row = news.rows.size();
  intervals_.close_overdue(now, news.rows);
  compare_families(news, first_row);
}

void Facts::skip_to(UtcTime now, News& news) {
  const std::size_t first_row = news.rows.size();
  intervals_.skip_to(now, news.rows);
  compare_families(news, first_row);
}

void Facts::compare_families(News& news, std::size_t first_row) {
  for (std::size_t i = first_row; i < news.rows.size(); ++i) families_.add(news.rows[i], news.events);
}

}  // namespace jidian::recorder
