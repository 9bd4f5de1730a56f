#include "acquire/line_guard.hpp"

#include <algorithm>
#include <set>

namespace jidian::acquire {
namespace {

constexpr Millis listen_again{1'000};
constexpr Millis news_interval = std::chrono::hours(1);

/// Frames that an event quotes, and of each so many bytes: enough to recognise the other side.
constexpr std::size_t frames_told = 4;
constexpr std::size_t bytes_told = 32;

std::string hex_of(const Bytes& bytes) {
  return to_hex(ByteView(bytes).first(std::min(bytes.size(), bytes_told))) + (bytes.size() > bytes_told ? "..." : "");
}

Evidence evidence_of(const Heard& heard, Millis duration) {
  std::set<int> units;
  std::string frames;
  std::size_t count = 0;
  for (const Frame& frame : heard.frames) {
    if (frame.kind != FrameKind::foreign) continue;
    if (!frame.bytes.empty()) units.insert(frame.bytes.front());
    if (count++ < frames_told) frames += (frames.empty() ? "" : " ") + hex_of(frame.bytes);
  }
  std::string names;
  for (const int unit : units) names += (names.empty() ? "" : " ") + std::to_string(unit);
  return {"another master speaks on this line: " + std::to_string(count) + " frames heard in " +
              std::to_string(duration.count() / 1000) + " s, units " + names,
          {{"heard", std::to_string(count)}, {"units", names}, {"frames", frames}}};
}

class ListenOnly final : public Bus {
 public:
  explicit ListenOnly(Bus& bus) : bus_(bus) {}

  Status open(std::stop_token stop) override { return bus_.open(std::move(stop)); }
  bool is_open() const override { return bus_.is_open(); }
  Status read(std::uint8_t, meter::Registers, std::span<std::uint16_t>) override { return taken(); }
  std::uint8_t last_exception() const override { return 0; }
  void close() override { bus_.close(); }
  Result<Bytes> server_id(std::uint8_t) override { return taken(); }
  Result<std::map<std::uint8_t, std::string>> device_identification(std::uint8_t) override { return taken(); }
  Result<Heard> listen(Millis duration, std::stop_token stop) override {
    return bus_.listen(duration, std::move(stop));
  }
  Status retune(const LineSettings& settings) override { return bus_.retune(settings); }
  void watch_frames(FrameWatcher watcher) override { bus_.watch_frames(std::move(watcher)); }
  BusCounters counters() const override { return bus_.counters(); }
  bool is_shared_line() const override { return true; }
  std::string address() const override { return bus_.address(); }

 private:
  static Error taken() { return {ErrorKind::conflict, "another master uses this line, so nothing is sent on it"}; }

  Bus& bus_;
};

}  // namespace

Status LineGuard::admit(Bus& bus, const std::stop_token& stop) {
  if (admitted_) return {};
  if (bus.is_shared_line()) {
    const Millis duration =
        manners_.used_before ? std::min(listen_again, manners_.listen_first) : manners_.listen_first;
    auto heard = bus.listen(duration, stop);
    // A lone frame may answer what an earlier run of ours asked just before it was killed.
    if (manners_.used_before && heard && heard->frames.size() == 1) heard = bus.listen(duration, stop);
    if (!heard && heard.error().kind() != ErrorKind::unsupported) return heard.error();
    evidence_.reset();
    if (heard && heard->foreign_traffic()) evidence_ = evidence_of(*heard, duration);
    if (evidence_ && !manners_.other_master_accepted) return Error{ErrorKind::conflict, evidence_->text};
    accepted_untold_ = evidence_.has_value();
  }
  foreign_told_ = bus.counters().foreign;
  admitted_ = true;
  return {};
}

std::optional<Evidence> LineGuard::take_news(const Bus& bus, SteadyTime now) {
  if (!admitted_) return std::nullopt;
  if (accepted_untold_) {
    accepted_untold_ = false;
    told_at_ = now;
    Evidence news = *evidence_;
    news.text += "; the site file accepts it";
    news.facts.emplace_back("accepted", "true");
    return news;
  }
  const std::uint64_t foreign = bus.counters().foreign;
  if (foreign <= foreign_told_ || (told_at_ && now - *told_at_ < news_interval)) return std::nullopt;
  told_at_ = now;
  const std::string count = std::to_string(foreign - foreign_told_);
  foreign_told_ = foreign;
  return Evidence{"frames that nobody here asked for came in between: " + count, {{"heard", count}}};
}

std::unique_ptr<Bus> listen_only(Bus& bus) {
  return std::make_unique<ListenOnly>(bus);
}

}  // namespace jidian::acquire
