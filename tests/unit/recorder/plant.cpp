#include "tests/unit/recorder/plant.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "record/manifest.hpp"
#include "recorder/read_back.hpp"

namespace jidian::recorder::plant {

domain::Manifest manifest(std::size_t meters, Millis period) {
  domain::Manifest manifest;
  manifest.gateway = "gw-1";
  for (std::size_t i = 0; i < meters; ++i) {
    domain::MeterEntry meter;
    meter.id = "m-" + std::to_string(i);
    meter.bus = "bus-0";
    meter.period = period;
    domain::PointEntry power;
    power.name = "power";
    power.type = ValueType::signed_integer;
    domain::PointEntry energy;
    energy.name = "energy";
    energy.kind = PointKind::counter;
    energy.modulus = 1'000'000;
    domain::PointEntry flow;
    flow.name = "flow";
    flow.kind = PointKind::counter;
    flow.type = ValueType::float32;
    meter.points = {power, energy, flow};
    manifest.meters.push_back(meter);
  }
  return manifest;
}

Options options(domain::Manifest manifest) {
  Options options;
  options.gateway = manifest.gateway;
  options.manifest = std::move(manifest);
  options.boot.fill(1);
  options.version = "1.2.3";
  return options;
}

domain::Poll poll(std::size_t meter, UtcTime slot, std::uint64_t energy) {
  domain::Poll poll;
  poll.meter = static_cast<domain::MeterIndex>(meter);
  poll.slot = slot;
  poll.start = slot + Millis{5};
  poll.end = slot + Millis{20};
  poll.clock = ClockQuality::synchronised;
  poll.samples = {{static_cast<std::uint64_t>(-250), domain::Quality::ok},
                  {energy % 1'000'000, domain::Quality::ok},
                  {std::bit_cast<std::uint32_t>(static_cast<float>(energy) / 8), domain::Quality::ok}};
  return poll;
}

domain::Poll hole(std::size_t meter, UtcTime slot, domain::GapCause cause) {
  domain::Poll hole = poll(meter, slot);
  for (auto& sample : hole.samples) sample = {0, domain::Quality::no_answer};
  hole.cause = cause;
  return hole;
}

void MemoryRecord::commit(const std::vector<store::NewBatch>& batches) {
  ++commits;
  for (const auto& batch : batches) {
    store::Head& head = heads_[static_cast<std::size_t>(batch.key.stream) - 1];
    EXPECT_EQ(batch.key.seq, head.next_seq);
    EXPECT_LE(batch.batch.bytes.size(), record::batch_bytes_max);
    const auto header = record::decode_header(batch.batch.bytes);
    ASSERT_TRUE(header) << header.error().message();
    auto decoded = record::decode(batch.batch.bytes, &made_under(header->manifest));
    ASSERT_TRUE(decoded) << decoded.error().message();
    EXPECT_EQ(decoded->header.previous, head.hash);
    head = {batch.key.seq + 1, batch.batch.hash};
    batches_.push_back(std::move(*decoded));
  }
}

std::vector<record::Decoded> MemoryRecord::decoded(record::Stream stream) const {
  std::vector<record::Decoded> found;
  std::ranges::copy_if(batches_, std::back_inserter(found),
                       [&](const auto& batch) { return batch.header.key.stream == stream; });
  return found;
}

record::Events MemoryRecord::events() const {
  record::Events all;
  for (const auto& batch : decoded(record::Stream::event))
    std::ranges::copy(std::get<record::Events>(batch.body), std::back_inserter(all));
  return all;
}

record::Events MemoryRecord::events(domain::EventKind kind) const {
  record::Events all = events();
  std::erase_if(all, [&](const auto& event) { return event.kind != kind; });
  return all;
}

record::Polls MemoryRecord::polls() const {
  record::Polls all;
  for (const auto& batch : decoded(record::Stream::reading))
    std::ranges::copy(std::get<record::Polls>(batch.body), std::back_inserter(all));
  return all;
}

template <typename Row>
std::vector<Row> MemoryRecord::rows_of() const {
  std::vector<Row> all;
  for (const auto& batch : decoded(record::Stream::interval))
    for (const auto& row : std::get<record::Rows>(batch.body))
      if (const auto* wanted = std::get_if<Row>(&row)) all.push_back(*wanted);
  return all;
}

std::vector<domain::IntervalRow> MemoryRecord::rows() const {
  return rows_of<domain::IntervalRow>();
}

std::vector<domain::AggregateRow> MemoryRecord::aggregates() const {
  return rows_of<domain::AggregateRow>();
}

void MemoryRecord::note(const domain::Note& note) {
  if (note.text.empty())
    notes.erase(note.name);
  else
    notes[note.name] = note.text;
}

void MemoryRecord::remember(Core& core) const {
  for (const auto& [name, text] : notes) core.remember(domain::Note{name, text});
  for (const auto stream : record::all_streams)
    for (const auto& batch : decoded(stream)) core.remember(batch, &manifest_);
}

void MemoryRecord::remember(Core& core, const domain::Manifest& present,
                            const std::function<void(record::Stream)>& after_stream) const {
  for (const auto& [name, text] : notes) core.remember(domain::Note{name, text});
  for (const auto stream : record::all_streams) {
    for (auto& batch : decoded(stream)) {
      if (stream != record::Stream::interval && batch.header.anchor_utc < shown_since) continue;
      const auto& from = made_under(batch.header.manifest);
      if (from != present) move_body(batch.body, from, present);
      core.remember(batch, &from);
    }
    after_stream(stream);
  }
}

void MemoryRecord::know(const domain::Manifest& manifest) {
  others_.insert_or_assign(record::encode(manifest).hash, manifest);
}

const domain::Manifest& MemoryRecord::made_under(const Hash& hash) const {
  const auto other = others_.find(hash);
  return other == others_.end() ? manifest_ : other->second;
}

Run::Run(const Options& options, MemoryRecord& record, HandClock& clock, bool new_epoch, PendingLimits limits,
         std::optional<domain::UpdateReport> update)
    : core(options, limits), record_(record), clock_(clock) {
  core.begin_recall(clock.now.utc);
  record.remember(core);
  store::Opening opening;
  opening.epoch = 7;
  opening.began_epoch = new_epoch;
  opening.reason = new_epoch ? "a new store" : "";
  if (update) core.hear(*std::move(update));
  core.begin(opening, clock.now);
  commit(Flush::all);
}

void Run::take(domain::Poll poll) {
  if (clock_.now.utc < poll.end) pass(poll.end - clock_.now.utc);
  deliver(std::move(poll));
}

void Run::deliver(domain::Poll poll) {
  core.observe(clock_.now);
  core.judge(poll, clock_.now);
  core.accept(std::move(poll), clock_.now);
  round();
}

void Run::take(domain::Event event) {
  core.observe(clock_.now);
  core.accept(std::move(event), clock_.now);
  round();
}

Result<domain::Event> Run::replace(const domain::Replacement& stated) {
  core.observe(clock_.now);
  domain::Event event{clock_.now.utc, domain::EventKind::replaced, "m-" + std::to_string(stated.meter), "", {}, {}, {}};
  const auto note = core.replace(stated, event);
  if (!note) return note.error();
  record_.notes[note->name] = note->text;
  core.accept(event, clock_.now);
  round();
  return event;
}

Result<domain::Event> Run::mark(const domain::MarkRequest& request) {
  core.observe(clock_.now);
  domain::Event event;
  const auto notes = core.mark(request, clock_.now, event);
  if (!notes) return notes.error();
  for (const auto& note : *notes) record_.note(note);
  core.accept(event, clock_.now);
  round();
  return event;
}

void Run::pass(Millis time) {
  while (time > Millis{0}) {
    const Millis step = std::min(time, Millis{1000});
    clock_.pass(step);
    time -= step;
    core.observe(clock_.now);
    round();
  }
}

void Run::hear(const domain::DirectiveListing& listing) {
  core.observe(clock_.now);
  core.hear(listing, clock_.now);
  round();
}

void Run::round() {
  core.advance(clock_.now);
  if (const auto due = core.due(clock_.now)) commit(*due);
}

void Run::flush() {
  commit(Flush::all);
}

void Run::stop() {
  core.stop(clock_.now);
  commit(Flush::all);
}

void Run::commit(Flush flush) {
  const auto batches = core.build(flush, 7, record_.heads(), clock_.now);
  if (store_fails) return core.failed(clock_.now);
  for (const auto& note : core.take_notes()) record_.note(note);
  if (!batches.empty()) record_.commit(batches);
  core.committed(flush, clock_.now);
}

}  // namespace jidian::recorder::plant
