#include "recorder/facts.hpp"

#include <utility>

namespace jidian::recorder {

Facts::Facts(const domain::Manifest& manifest)
    : facilities_(manifest), intervals_(manifest), families_(manifest), aggregates_(manifest) {}

void Facts::remember(const domain::Poll& poll, News& news) {
  const std::size_t first_row = news.rows.size();
  facilities_.recall(poll, stretches_, news.events);
  add_states();
  intervals_.add(poll, news.rows);
  add_up(news, first_row);
}

void Facts::add(const domain::Poll& poll, News& news) {
  const std::size_t first_row = news.rows.size();
  facilities_.add(poll, stretches_, news.events);
  add_states();
  intervals_.add(poll, news.rows);
  compare_families(news, first_row);
  add_up(news, first_row);
}

void Facts::close_overdue(UtcTime now, News& news) {
  const std::size_t first_row = news.rows.size();
  facilities_.close_overdue(now, stretches_, news.events);
  add_states();
  intervals_.close_overdue(now, news.rows);
  compare_families(news, first_row);
  add_up(news, first_row);
  aggregates_.close_overdue(now, news.aggregates);
  take_notes(news);
}

void Facts::skip_to(UtcTime now, News& news) {
  const std::size_t first_row = news.rows.size();
  facilities_.skip_to(now, stretches_, news.events);
  add_states();
  intervals_.skip_to(now, news.rows);
  compare_families(news, first_row);
  add_up(news, first_row);
  aggregates_.skip_to(now, news.aggregates);
  take_notes(news);
}

void Facts::resume(domain::MeterIndex meter, UtcTime now, News& news) {
  const std::size_t first_row = news.rows.size();
  intervals_.resume(meter, now, news.rows);
  add_up(news, first_row);
  aggregates_.resume(meter, now);
}

void Facts::compare_families(News& news, std::size_t first_row) {
  for (std::size_t i = first_row; i < news.rows.size(); ++i) families_.add(news.rows[i], news.events);
}

/// What the facilities did, before the rows that it belongs to.
void Facts::add_states() {
  for (const domain::Stretch& stretch : stretches_) aggregates_.add(stretch);
  stretches_.clear();
}

/// What the new rows of meters mean for facilities, accounts and the site.
void Facts::add_up(News& news, std::size_t first_row) {
  for (std::size_t i = first_row; i < news.rows.size(); ++i) aggregates_.add(news.rows[i], news.aggregates);
}

void Facts::take_notes(News& news) {
  for (auto& note : aggregates_.take_notes()) news.notes.push_back(std::move(note));
}

}  // namespace jidian::recorder
