#include "recorder/read_back.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "domain/long_rows.hpp"
#include "record/manifest.hpp"

namespace jidian::recorder {
namespace {

using record::Stream;

/// Gaps that last are told every hour: nothing older can be untold.
constexpr Millis look_back = std::chrono::minutes(65);
constexpr std::uint64_t batches_read_max = 1'024;
/// Of the newest batches of rows all is wanted: counters and what is in progress go on from them.
constexpr std::uint64_t row_batches_read_max = 4'096;
/// Before those only quarter hours are, back to the beginning of the day or shift; what is too short to hold one is not
/// taken apart. 22 batches a minute for a day, at most four seconds of reading from flash.
constexpr std::uint64_t row_batches_looked_max = 32'768;
constexpr Millis quarter_hour = std::chrono::minutes(15);
constexpr std::size_t rows_at_once = 64;
constexpr std::size_t bytes_at_once = 1 << 20;
constexpr std::size_t epochs_max = 2;
/// A disk that refuses once may give the rows the next time.
constexpr int reading_tries = 3;
/// Rows of all logs that are passed over because the disk refuses them: each look may take it a second.
constexpr int refused_rows_max = 128;

constexpr UtcTime far_future{Millis{std::int64_t{1} << 60}};

/// The manifests batches were made under, by hash.
class Manifests {
 public:
  explicit Manifests(store::Reader& reader) : reader_(reader) {}

  const domain::Manifest* find(const Hash& hash) {
    const auto [entry, is_new] = known_.try_emplace(hash);
    if (is_new)
      if (const auto bytes = reader_.manifest(hash); bytes)
        if (auto manifest = record::decode_manifest(*bytes); manifest) entry->second = std::move(*manifest);
    return entry->second ? &*entry->second : nullptr;
  }

 private:
  store::Reader& reader_;
  std::map<Hash, std::optional<domain::Manifest>> known_;
};

/// Where `manifest` has a meter. It is looked for from `hint` on outwards: as a rule only a few meters came or went.
std::optional<domain::MeterIndex> index_of(const domain::Manifest& manifest, const std::string& id, std::size_t hint) {
  const auto& meters = manifest.meters;
  const auto is_at = [&](std::size_t place) { return place < meters.size() && meters[place].id == id; };
  for (std::size_t off = 0; off <= std::max(hint, meters.size()); ++off) {
    if (off <= hint && is_at(hint - off)) return static_cast<domain::MeterIndex>(hint - off);
    if (is_at(hint + off)) return static_cast<domain::MeterIndex>(hint + off);
  }
  return std::nullopt;
}

/// Where `meter` has the point that is `wanted` elsewhere. A point of another nature is another point.
std::optional<std::size_t> place_of_point(const domain::MeterEntry& meter, const domain::PointEntry& wanted) {
  const auto found = std::ranges::find_if(meter.points, [&](const domain::PointEntry& point) {
    return point.name == wanted.name && point.type == wanted.type && point.kind == wanted.kind &&
           point.exponent == wanted.exponent && point.scale_point.has_value() == wanted.scale_point.has_value() &&
           point.modulus == wanted.modulus;
  });
  if (found == meter.points.end()) return std::nullopt;
  return static_cast<std::size_t>(found - meter.points.begin());
}

/// Moves `items` (one per point of a meter) to the columns of another manifest.
template <typename Item>
std::vector<Item> move_points(const std::vector<Item>& items, const domain::MeterEntry& from,
                              const domain::MeterEntry& to, const Item& none) {
  std::vector<Item> moved(to.points.size(), none);
  for (std::size_t i = 0; i < to.points.size(); ++i)
    if (const auto place = place_of_point(from, to.points[i])) moved[i] = items[*place];
  return moved;
}

/// Likewise what was early, in the order of the points.
std::vector<domain::EarlyEnd> move_early(const domain::Poll& poll, const domain::MeterEntry& from,
                                         const domain::MeterEntry& to) {
  std::vector<domain::EarlyEnd> moved;
  if (poll.early.empty()) return moved;
  for (std::size_t i = 0; i < to.points.size(); ++i)
    if (const auto place = place_of_point(from, to.points[i])) {
      const auto early = std::ranges::find(poll.early, *place, &domain::EarlyEnd::point);
      if (early != poll.early.end()) moved.push_back({static_cast<std::uint16_t>(i), early->end});
    }
  return moved;
}

template <typename Items, typename Move>
Items move_all(const Items& items, const domain::Manifest& from, const domain::Manifest& to, Move move) {
  Items moved;
  for (const auto& item : items)
    if (auto one = move(item, from, to)) moved.push_back(std::move(*one));
  return moved;
}

std::optional<record::Row> move_any_row(const record::Row& row, const domain::Manifest& from,
                                        const domain::Manifest& to) {
  return std::visit([&](const auto& it) -> std::optional<record::Row> { return move_row(it, from, to); }, row);
}

/// What is read of a log.
struct Wanted {
  store::SeqRange range;
  std::uint64_t whole_from = 0;  ///< Those before it are wanted only for their quarter hours.
  std::uint64_t left_out = 0;    ///< Those before the range that are of the wanted time.
};

/// The newest batches of a stream that touch the time since `from`.
std::optional<Wanted> newest_of(store::Reader& reader, std::uint64_t epoch, Stream stream, UtcTime from) {
  const std::uint64_t most = stream == Stream::interval ? row_batches_looked_max : batches_read_max;
  const auto extent = reader.extent(epoch, stream);
  if (!extent || !*extent) return std::nullopt;
  Wanted wanted;
  store::SeqRange& range = wanted.range;
  range = **extent;
  // The newest batch is wanted however old it is: it tells who wrote it, and when.
  const auto found = reader.find(epoch, stream, from, far_future);
  range.first = found && *found ? (*found)->first : range.last;
  if (range.size() > most) wanted.left_out = range.size() - most;
  range.first += wanted.left_out;
  if (stream == Stream::interval && range.size() > row_batches_read_max)
    wanted.whole_from = range.last - row_batches_read_max + 1;
  return wanted;
}

/// What one look at a log gave.
struct Look {
  std::vector<store::StoredBatch> rows;  ///< None: there are none, or they cannot be read now.
  bool may_come_back = false;            ///< Of what is missing before them some may be read at another time.
};

/// Reads rows, row by row where the disk refuses some: the others stand for themselves.
class Rows {
 public:
  Rows(store::Reader& reader, const std::function<void()>& alive) : reader_(reader), alive_(alive) {}

  /// The next rows of `wanted`, from the first that can be read.
  Look next(std::uint64_t epoch, Stream stream, store::SeqRange wanted) {
    Look look;
    while (wanted.first <= wanted.last) {
      const bool one_by_one = single_ > 0;
      if (one_by_one) --single_;
      auto rows = read(epoch, stream, wanted, one_by_one);
      if (rows) {
        look.rows = std::move(*rows);
        return look;
      }
      const ErrorKind kind = rows.error().kind();
      if (kind == ErrorKind::corrupt) return look;
      look.may_come_back = true;
      if (kind != ErrorKind::io) return look;  // it concerns the whole file
      if (!one_by_one) {
        single_ = rows_at_once;
      } else {
        if (refused_++ >= refused_rows_max) return look;
        ++wanted.first;
      }
    }
    return look;
  }

 private:
  Result<std::vector<store::StoredBatch>> read(std::uint64_t epoch, Stream stream, store::SeqRange wanted,
                                               bool one_by_one) {
    const std::size_t most = one_by_one ? 1 : rows_at_once;
    const auto look = [&] {
      auto rows = reader_.read(epoch, stream, wanted, most, bytes_at_once);
      if (alive_) alive_();
      return rows;
    };
    auto rows = look();
    for (int tries = 1; !rows && !one_by_one && tries < reading_tries; ++tries) rows = look();
    return rows;
  }

  store::Reader& reader_;
  const std::function<void()>& alive_;
  std::size_t single_ = 0;  ///< So many looks are at one row each.
  int refused_ = 0;
};

/// Says why polls are not there that were recorded between two batches.
class Missing {
 public:
  Missing(store::Reader& reader, const std::function<void(const MissingPolls&)>& tell) : tell_(tell) {
    if (!tell_) return;
    if (auto left = reader.departures()) left_ = std::move(*left);
  }

  /// @param from   When what stands before them ended.
  /// @param until  When what stands behind them began, or their epoch ended.
  void tell(std::uint64_t epoch, store::SeqRange seqs, UtcTime from, UtcTime until, bool may_come_back) const {
    if (!tell_) return;
    store::Ranges left;
    if (const auto log = left_.find({epoch, Stream::reading}); log != left_.end())
      for (const store::Departure& entry : log->second.entries()) left.add(entry.range);
    const bool all_left = !left.first_missing(seqs);
    const auto cause = all_left ? domain::GapCause::evicted : domain::GapCause::damaged;
    tell_({{cause, std::min(from, until), std::max(from, until), 0}, may_come_back && !all_left});
  }

 private:
  const std::function<void(const MissingPolls&)>& tell_;
  store::DepartedLogs left_;
};

/// Batches of one epoch.
struct EpochPart {
  std::uint64_t epoch = 0;
  store::SeqRange range;
  std::uint64_t whole_from = 0;
  UtcTime ended;  ///< When the epoch was over.
};

/// When the epoch at that place was over: when the next one began. What ran on since then is none of its polls.
UtcTime ended_at(store::Reader& reader, const std::vector<std::uint64_t>& epochs, std::size_t place, UtcTime end) {
  if (place + 1 == epochs.size()) return end;
  return std::min(end, reader.began(epochs[place + 1]).value_or(end));
}

/// @param missing  Null for streams of which nobody asks.
void read_stream(Rows& log, EpochPart part, Stream stream, Manifests& manifests, const PresentManifest& present,
                 const std::function<void(record::Decoded, const domain::Manifest*)>& remember,
                 const Missing* missing) {
  auto& [epoch, range, whole_from, ended] = part;
  std::optional<UtcTime> end;  // of what stands before
  while (range.first <= range.last) {
    const Look look = log.next(epoch, stream, range);
    if (look.rows.empty()) {
      if (missing != nullptr && end) missing->tell(epoch, range, *end, ended, look.may_come_back);
      return;
    }
    for (const store::StoredBatch& row : look.rows) {
      const bool is_first = &row == look.rows.data();
      if (missing != nullptr && end && row.key.seq > range.first)
        missing->tell(epoch, {range.first, row.key.seq - 1}, *end, row.start, is_first && look.may_come_back);
      range.first = row.key.seq + 1;
      end = std::max(end.value_or(row.end), row.end);
      if (row.key.seq < whole_from && row.end - row.start < quarter_hour) continue;
      const auto header = record::decode_header(row.bytes);
      if (!header || header->copy_of) continue;  // the content of a copy is remembered where it was told first
      const domain::Manifest* made_under = manifests.find(header->manifest);
      auto decoded = record::decode(row.bytes, made_under);
      if (!decoded) continue;
      if (made_under != nullptr && header->manifest != present.hash)
        move_body(decoded->body, *made_under, present.manifest);
      remember(std::move(*decoded), made_under);
    }
  }
}

}  // namespace

std::optional<domain::Poll> move_poll(const domain::Poll& poll, const domain::Manifest& from,
                                      const domain::Manifest& to) {
  const auto& meter = from.meters[poll.meter];
  const auto index = index_of(to, meter.id, poll.meter);
  if (!index) return std::nullopt;
  domain::Poll moved = poll;
  moved.meter = *index;
  if (meter.points == to.meters[*index].points) return moved;
  moved.early = move_early(poll, meter, to.meters[*index]);
  moved.samples = move_points(poll.samples, meter, to.meters[*index], {0, domain::Quality::not_available});
  return moved;
}

std::optional<domain::IntervalRow> move_row(const domain::IntervalRow& row, const domain::Manifest& from,
                                            const domain::Manifest& to) {
  const auto& meter = from.meters[row.meter];
  const auto index = index_of(to, meter.id, row.meter);
  if (!index) return std::nullopt;
  domain::IntervalRow moved = row;
  moved.meter = *index;
  if (meter.points == to.meters[*index].points) return moved;
  moved.points = move_points(row.points, meter, to.meters[*index], {});
  return moved;
}

void move_body(record::Body& body, const domain::Manifest& from, const domain::Manifest& to) {
  if (const auto* polls = std::get_if<record::Polls>(&body)) body = move_all(*polls, from, to, move_poll);
  if (const auto* rows = std::get_if<record::Rows>(&body)) body = move_all(*rows, from, to, move_any_row);
}

void read_back(store::Reader& reader, const store::Opening& opening, const PresentManifest& present,
               const Recall& recall) {
  std::vector<std::uint64_t> epochs = reader.epochs();
  if (epochs.size() > epochs_max) epochs.erase(epochs.begin(), epochs.end() - epochs_max);
  const UtcTime end = opening.last_commit.value_or(UtcTime{look_back});
  const UtcTime from = end - look_back;
  const UtcTime rows_from = std::min(from, domain::spans_since(end, present.manifest.site));
  Manifests manifests(reader);
  const Missing gone(reader, recall.missing);
  Rows rows(reader, recall.alive);
  for (const Stream stream : record::all_streams) {
    for (std::size_t i = 0; i < epochs.size(); ++i) {
      const auto wanted = newest_of(reader, epochs[i], stream, stream == Stream::interval ? rows_from : from);
      if (recall.alive) recall.alive();
      if (!wanted) continue;
      if (stream == Stream::interval && wanted->left_out > 0 && recall.rows_left_out)
        recall.rows_left_out(wanted->left_out);
      read_stream(rows, {epochs[i], wanted->range, wanted->whole_from, ended_at(reader, epochs, i, end)}, stream,
                  manifests, present, recall.remember, stream == Stream::reading ? &gone : nullptr);
    }
    if (recall.after_stream) recall.after_stream(stream);
  }
}

}  // namespace jidian::recorder
