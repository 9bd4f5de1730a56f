#include "recorder/pending.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <set>
#include <utility>

namespace jidian::recorder {
namespace {

using record::Stream;

/// Batches of one flush: what more there is goes with the next. Bounds a transaction after a long outage.
constexpr std::size_t batches_per_flush_max = 64;

constexpr std::size_t index_of(Stream stream) {
  return static_cast<std::size_t>(stream) - 1;
}

std::size_t size_of(const record::Body& body) {
  return std::visit([](const auto& items) { return items.size(); }, body);
}

std::size_t weight_of(const domain::Event&) {
  return 1;
}
std::size_t weight_of(const record::Row& row) {
  if (const auto* of_meter = std::get_if<domain::IntervalRow>(&row))
    return std::max<std::size_t>(1, of_meter->points.size());
  return std::max<std::size_t>(1, std::get<domain::AggregateRow>(row).amounts.size());
}
std::size_t weight_of(const domain::Poll& poll) {
  return std::max<std::size_t>(1, poll.samples.size());
}

std::size_t weigh(const record::Body& body) {
  return std::visit(
      [](const auto& items) {
        std::size_t weight = 0;
        for (const auto& item : items) weight += weight_of(item);
        return weight;
      },
      body);
}

/// Takes the second half of the items away.
record::Body split(record::Body& body) {
  return std::visit(
      [](auto& items) {
        const auto middle = items.begin() + static_cast<std::ptrdiff_t>(items.size() / 2);
        std::decay_t<decltype(items)> second(std::make_move_iterator(middle), std::make_move_iterator(items.end()));
        items.erase(middle, items.end());
        return record::Body(std::move(second));
      },
      body);
}

void sort_by_meter(record::Body& body) {
  if (auto* polls = std::get_if<record::Polls>(&body)) std::ranges::stable_sort(*polls, {}, &domain::Poll::meter);
}

}  // namespace

template <typename Item>
void Pending::append(Stream stream, Item item, std::size_t weight, const Hash& manifest) {
  Parts& parts = parts_[index_of(stream)];
  const bool begin = parts.empty() || std::exchange(cut_[index_of(stream)], false) ||
                     parts.back().manifest != manifest || parts.back().weight + weight > record::batch_readings_max;
  if (begin) parts.push_back({std::vector<Item>{}, manifest, 0, {}});
  std::get<std::vector<Item>>(parts.back().body).push_back(std::move(item));
  parts.back().weight += weight;
  weights_[index_of(stream)] += weight;
}

void Pending::add(domain::Event event, const Hash& manifest) {
  append(Stream::event, std::move(event), 1, manifest);
}

void Pending::add(record::Row row, const Hash& manifest) {
  const std::size_t weight = weight_of(row);
  append(Stream::interval, std::move(row), weight, manifest);
}

void Pending::add(domain::Poll poll, const Hash& manifest) {
  const std::size_t weight = weight_of(poll);
  append(Stream::reading, std::move(poll), weight, manifest);
}

void Pending::add(record::Row row, const Hash& manifest, std::shared_ptr<const domain::Manifest> made_under) {
  add(std::move(row), manifest);
  parts_[index_of(Stream::interval)].back().made_under = std::move(made_under);
}

void Pending::add_first(record::Events events, const Hash& manifest) {
  const std::size_t weight = events.size();
  weights_[index_of(Stream::event)] += weight;
  parts_[index_of(Stream::event)].push_front({std::move(events), manifest, weight, {}});
}

void Pending::cut() {
  cut_.fill(true);
}

void Pending::hold(const domain::Manifest& before) {
  std::shared_ptr<const domain::Manifest> made_under;
  for (const Stream stream : {Stream::interval, Stream::reading})
    for (Part& part : parts_[index_of(stream)]) {
      if (part.made_under != nullptr) continue;
      if (made_under == nullptr) made_under = std::make_shared<const domain::Manifest>(before);
      part.made_under = made_under;
    }
}

std::vector<const domain::Manifest*> Pending::held() const {
  std::vector<const domain::Manifest*> manifests;
  std::set<Hash> known;
  for (const Parts& parts : parts_)
    for (const Part& part : parts)
      if (part.made_under != nullptr && known.insert(part.manifest).second) manifests.push_back(part.made_under.get());
  return manifests;
}

std::vector<Pending::Waiting> Pending::waiting(Stream stream) const {
  std::vector<Waiting> all;
  for (const Part& part : parts_[index_of(stream)]) all.push_back({&part.body, part.manifest, part.made_under.get()});
  return all;
}

void Pending::drop_front(Stream stream) {
  Parts& parts = parts_[index_of(stream)];
  weights_[index_of(stream)] -= parts.front().weight;
  parts.pop_front();
}

/// Drops the oldest items until no more than `bound` are left.
void Pending::drop_items(Stream stream, std::size_t bound) {
  std::size_t& weight = weights_[index_of(stream)];
  while (weight > bound) {
    Part& part = parts_[index_of(stream)].front();
    std::visit(
        [&](auto& items) {
          auto item = items.begin();
          for (; item != items.end() && weight > bound; ++item, ++dropped_) {
            weight -= weight_of(*item);
            part.weight -= weight_of(*item);
          }
          items.erase(items.begin(), item);
        },
        part.body);
    if (size_of(part.body) == 0) drop_front(stream);
  }
}

std::vector<Pending::Lost> Pending::take_overflow() {
  drop_items(Stream::event, limits_.events_max);
  drop_items(Stream::interval, limits_.row_points_max);
  std::vector<Lost> dropped;
  while (weights_[index_of(Stream::reading)] > limits_.samples_max) {
    Part& front = parts_[index_of(Stream::reading)].front();
    dropped.push_back({std::move(std::get<record::Polls>(front.body)), std::move(front.made_under)});
    drop_front(Stream::reading);
  }
  return dropped;
}

std::vector<store::NewBatch> Pending::build(Flush flush, const Letterhead& letterhead, const domain::Manifest& manifest,
                                            std::vector<Lost>& unfit) {
  built_ = {};
  std::vector<store::NewBatch> batches;
  for (const Stream stream : record::all_streams)
    if (flush == Flush::all || stream == Stream::event)
      built_[index_of(stream)] = build_stream(stream, letterhead, manifest, batches, unfit);
  return batches;
}

/// Returns how many parts of the stream went into batches.
std::size_t Pending::build_stream(Stream stream, const Letterhead& letterhead, const domain::Manifest& manifest,
                                  std::vector<store::NewBatch>& batches, std::vector<Lost>& unfit) {
  Parts& parts = parts_[index_of(stream)];
  store::Head head = letterhead.heads[index_of(stream)];
  std::size_t i = 0;
  while (i < parts.size() && batches.size() < batches_per_flush_max) {
    Part& part = parts[i];
    sort_by_meter(part.body);
    const record::Header header{letterhead.gateway,
                                {letterhead.epoch, stream, head.next_seq},
                                head.hash,
                                part.manifest,
                                letterhead.boot,
                                letterhead.now.utc,
                                letterhead.now.steady,
                                letterhead.now.clock,
                                std::nullopt};
    auto encoded = record::encode(header, part.body, part.made_under ? *part.made_under : manifest);
    if (encoded) {
      head = {head.next_seq + 1, encoded->hash};
      batches.push_back({header.key, std::move(*encoded), false});
      ++i;
      continue;
    }
    assert(encoded.error().kind() == ErrorKind::full);
    const auto place = parts.begin() + static_cast<std::ptrdiff_t>(i);
    if (size_of(part.body) > 1) {
      Part second{split(part.body), part.manifest, 0, part.made_under};
      second.weight = weigh(second.body);
      part.weight -= second.weight;
      parts.insert(place + 1, std::move(second));
      continue;
    }
    if (auto* polls = std::get_if<record::Polls>(&part.body))
      unfit.push_back({std::move(*polls), part.made_under});
    else
      ++dropped_;
    weights_[index_of(stream)] -= part.weight;
    parts.erase(place);
  }
  if (i < parts.size())
    for (store::NewBatch& batch : batches) batch.more_wait |= batch.key.stream == stream;
  return i;
}

void Pending::committed() {
  for (const Stream stream : record::all_streams)
    for (std::size_t& built = built_[index_of(stream)]; built > 0; --built) drop_front(stream);
}

bool Pending::empty(Stream stream) const {
  return parts_[index_of(stream)].empty();
}

bool Pending::empty() const {
  return std::ranges::all_of(parts_, [](const Parts& parts) { return parts.empty(); });
}

}  // namespace jidian::recorder
