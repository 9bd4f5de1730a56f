#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "acquire/bus.hpp"
#include "acquire/identity_watch.hpp"
#include "acquire/learner.hpp"
#include "acquire/line.hpp"
#include "acquire/meter_read.hpp"
#include "acquire/outlet.hpp"
#include "acquire/poller.hpp"
#include "acquire/ratio_watch.hpp"
#include "acquire/schedule.hpp"
#include "acquire/sunspec_place.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/reading.hpp"
#include "health/board.hpp"

namespace jidian::acquire {

/// What a poller decides and does, one step at a time, without a thread: the loop around it only waits.
///
/// A meter that did not answer three polls in a row is given up for a time: its slots go out as polls without a value
/// and cost the line nothing, and one short probe at growing distances (5 s … 5 min) looks whether it is back.
///
/// On the edge of a quarter hour the counters of all meters that are due are read before anything else, those of meters
/// that did not answer lately last; what else belongs to their polls follows.
class PollerCore {
 public:
  /// Waits for at most the given time.
  using Pause = std::function<void(Millis)>;

  /// `bus`, `sink`, `clock` and `board` outlive the core.
  PollerCore(std::string bus_id, Bus& bus, std::vector<PolledMeter> meters, Sink& sink, Clock& clock,
             health::Board& board, Pause pause, LineManners manners = {}, std::optional<UtcTime> down_since = {});

  /// Serves at most one slot, or else one probe. Blocks for one poll of a meter at most; on the edge of a quarter hour
  /// for one read of each meter. Returns how long nothing will be due; zero: call again at once.
  Millis step(std::stop_token stop);

  /// Whether the line is wanted for an edge: it is near, or polls that began there are not over. Then nothing else may
  /// be asked for: neither `read` nor `identify` nor `lend`.
  bool is_at_edge() const;

  /// Reads a meter now, also one that is given up. Errors: not_found, unreachable (the bus), cancelled.
  Result<MeterAnswer> read(std::string_view meter_id, std::stop_token stop);

  /// Asks a meter for its serial number. Errors: not_found, unreachable (the bus), and those of the read.
  Result<Identity> identify(std::string_view meter_id, std::string_view stated, const std::stop_token& stop);

  /// Another meter stands there now. Errors: not_found.
  Status adopt(std::string_view meter_id, std::string_view serial);

  /// Runs `task` with the bus, opened if it is closed. Errors: unreachable, cancelled, and what the task gives.
  Status lend(const Poller::Task& task, std::stop_token stop);

  /// Posts what changed since the last time. Called by `step` once a second; call it once more at the end.
  void post_health();

  /// There will be no further step.
  void rest() { heartbeat_.rest(); }

  /// What is left then. Once.
  Handover hand_over();

 private:
  struct Meter {
    explicit Meter(PolledMeter meter);
    PolledMeter polled;
    Learner learner;
    IdentityWatch identity;
    PolledMeter offsets;     ///< As `polled` was given: the points of a SunSpec device count from their model.
    bool is_placed = false;  ///< `polled` has them where the device was found to have them.
    std::optional<SunspecPlace> place;
    std::optional<Error> no_place;
    unsigned place_tries = 0;
    SteadyTime place_at{};
    RatioWatch ratios;
    health::MeterHealth health;
    std::size_t first_read = 0;  ///< The read to begin with: one that timed out goes to the end of the queue.
    bool counts_silent = false;  ///< It answers, but not when asked for its counts: they do not go before the rest.
    SteadyTime last_end{};       ///< When it was last talked to.
    Millis silence_cost{0};      ///< Line time its last unanswered read took.
    bool given_up = false;
    std::optional<UtcTime> silent_since;  ///< That it is silent was told; it was that long ago.
    unsigned tries = 0;                   ///< Probes since it was given up.
    SteadyTime next_try{};
    bool changed = true;  ///< Its health has news.
  };

  /// A poll on the edge of a quarter hour that is not over.
  struct OpenPoll {
    std::size_t meter = 0;
    UtcTime slot;
    std::optional<ReadRound> round;  ///< Of its meter's present plan. Nothing: all of it is to be asked.
    std::size_t counts = 0;          ///< So many reads of the round's order hold counters.
  };

  Result<Meter*> find(std::string_view meter_id);
  bool serve_next(std::stop_token stop);
  void serve(const Slot& slot, const std::stop_token& stop);
  bool serve_edge(UtcTime now, const std::stop_token& stop);
  void open_poll(const Slot& slot, const std::stop_token& stop);
  bool serve_open(const std::stop_token& stop);
  bool take_up(Meter& meter, const Slot& slot, const std::stop_token& stop);
  void offer_poll(Meter& meter, UtcTime slot, const MeterOutcome& outcome, bool at_edge, const std::stop_token& stop);
  void probe(Meter& meter, std::stop_token stop);
  Meter* due_probe();
  std::optional<MeterOutcome> read_meter(Meter& meter, std::stop_token stop);
  ReadRound make_round(const Meter& meter) const;
  bool advance(Meter& meter, ReadRound& round, std::size_t until, std::stop_token stop);
  std::optional<MeterOutcome> finish_rounds(Meter& meter, ReadRound round, std::stop_token stop);
  void note_round(Meter& meter, const ReadRound& round);
  Status find_place(Meter& meter, const std::stop_token& stop);
  void note_no_place(Meter& meter, const Error& why);
  void report_learned(Meter& meter);
  void remember(const Meter& meter);
  void note_learning(Meter& meter);
  void note_identity(Meter& meter);
  void ask_identity(Meter& meter, const std::stop_token& stop);
  void watch_ratios(Meter& meter, const std::vector<domain::Sample>& samples);
  void judge(Meter& meter, const MeterOutcome& outcome);
  void note_answer(Meter& meter);
  void note_silence(Meter& meter, const Error& why);
  void plan_next_try(Meter& meter);
  void offer_hole(Meter& meter, UtcTime slot, domain::GapCause cause);
  void offer_kept_away(Meter& meter, const Slot& slot);
  void watch_clock();
  void watch_line();
  void watch_others();
  domain::GapCause cause_of_line() const;
  void post_bus(bool lent);
  Millis time_to_next() const;
  ReadContext context(std::stop_token stop);

  std::string bus_id_;
  Clock& clock_;
  health::Board& board_;
  health::Heartbeat& heartbeat_;
  Pause pause_;
  Line line_;
  Outlet outlet_;
  std::vector<Meter> meters_;
  Schedule schedule_;
  std::deque<OpenPoll> open_;
  Millis clock_difference_;   ///< UTC minus steady when last looked at.
  bool probed_last_ = false;  ///< Never two probes in a row while a slot is due.
  bool down_reported_ = false;
  bool line_noted_ = false;  ///< That this line was used is remembered.
  UtcTime down_since_;
  SteadyTime last_post_{};
  bool bus_changed_ = true;
};

}  // namespace jidian::acquire
