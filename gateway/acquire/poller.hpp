#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "acquire/bus.hpp"
#include "acquire/learned.hpp"
#include "acquire/line_guard.hpp"
#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/note.hpp"
#include "domain/reading.hpp"
#include "health/board.hpp"
#include "meter/profile.hpp"

namespace jidian::acquire {

/// What a poller that has ended knows of a meter, for the one that goes on with it.
struct MeterBefore {
  std::optional<UtcTime> last_slot;     ///< The slot that was served last: its label is not to be used again.
  std::optional<UtcTime> silent_since;  ///< It was told that the meter is silent, and not yet that it is back.
};

/// What a poller that has ended leaves.
struct Handover {
  std::map<std::string, MeterBefore> meters;  ///< By id.
  std::optional<UtcTime> down_since;          ///< It was told that the bus is down, and not yet that it is back.
  std::vector<domain::Event> events;          ///< What the sink had no room for: it is still to be offered.
  std::vector<domain::Note> notes;
};

/// A meter as a poller needs it.
struct PolledMeter {
  std::string id;
  domain::MeterIndex index = 0;  ///< What the sink calls it.
  std::uint8_t unit = 1;
  Millis period{1000};
  Millis offset{0};
  Millis turnaround{0};
  meter::ReadLimits limits;
  std::uint16_t short_count_max = 0;  ///< What to ask for at most if long reads stay without an answer; 0: not known.
  std::vector<meter::Point> points;   ///< In manifest order; no text points.
  std::optional<meter::Sunspec> sunspec;        ///< Set: points and serial number count from models yet to be found.
  std::vector<meter::Identification> identify;  ///< How its model says what it is; empty: it cannot.
  std::optional<meter::IdentityPlace> serial;   ///< Where its serial number stands.
  std::string serial_declared;                  ///< The one in the site file, or empty.
  std::optional<Learned> remembered;            ///< What an earlier run learnt.
  MeterBefore before;                           ///< What another poller of this run left.
};

/// The name of the note that brings `remembered` to the next start.
std::string note_name_of(const PolledMeter& meter);

/// The name of the note that says which port or address a bus was used on: the text is its `Bus::address`.
std::string line_note_name_of(const std::string& bus_id);

/// Where polls and events of the bus go. Implementations must not block.
class Sink {
 public:
  virtual ~Sink() = default;
  /// False if the queue is full: the poller counts it, and tells of it in a gap once there is room again.
  virtual bool offer(domain::Poll poll) = 0;
  virtual bool offer(domain::Event event) = 0;
  /// Keeps a note for the next start.
  virtual bool offer(domain::Note note) = 0;
};

/// One point of a `read` for people: what came, before anything was made of it.
struct PointAnswer {
  std::string point;
  std::vector<std::uint16_t> words;
  domain::Sample sample;
  std::string value;  ///< Exact decimal before ratios, or empty.
  std::string unit;   ///< The point's unit: "V", "kWh", …
  std::string error;  ///< Why there is none.
};

/// A fresh reading of one meter, on request.
struct MeterAnswer {
  std::string meter;
  UtcTime start;
  UtcTime end;
  std::vector<PointAnswer> points;
};

/// Who a meter was known to be, and who it says it is.
struct Identity {
  std::string known;  ///< Serial number of the site file, or the first that it ever told; empty: none.
  std::string told;   ///< What it tells now; empty: it cannot say.
  domain::Note note;  ///< What is to be remembered once it is known by the stated serial number.
};

/// Polls the meters of one bus, one slot at a time, on a thread of its own. Lends the bus between slots.
/// Destruction finishes the present transaction and stops.
class Poller {
 public:
  /// @param down_since  What the poller of this bus before left.
  Poller(std::string bus_id, std::unique_ptr<Bus> bus, std::vector<PolledMeter> meters, Sink& sink, Clock& clock,
         health::Board& board, LineManners manners = {}, std::optional<UtcTime> down_since = {});
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Reads a meter now, between two slots. From any thread; the future is ready within the bus's time-outs (a few
  /// seconds), at latest when the poller stops. That the meter does not answer is no error: its points say so.
  /// Errors: not_found (no such meter here), full (too many requests waiting), cancelled (the poller was stopped), and
  /// those of `Bus::open`.
  std::future<Result<MeterAnswer>> read_meter(const std::string& meter_id);

  /// Asks a meter for its serial number now, between two slots. `stated`: what somebody says it is, for the note;
  /// empty: what it tells. Errors: as `read_meter`, and timeout, corrupt.
  std::future<Result<Identity>> identify(const std::string& meter_id, const std::string& stated);

  /// Another meter stands in the place of `meter_id`: from now on it is known by `serial`, and its readings are good.
  /// Errors: not_found, full, cancelled.
  std::future<Status> adopt(const std::string& meter_id, const std::string& serial);

  /// What is done with a lent bus. Should take no longer than a few seconds: slots wait meanwhile.
  using Task = std::function<Status(Bus& bus, std::stop_token stop)>;

  /// Runs `task` with the bus (opened before) between two slots, on the poller's thread. Due slots come first, and the
  /// edges of quarter hours: requests of any kind wait for the two seconds before one until its polls are over. From
  /// any thread. Errors: what the task gives, unreachable, full (too much is waiting), cancelled (stopping).
  std::future<Status> lend(Task task);

  /// Asks the loop to stop after its present transaction; the destructor waits for it. For stopping many at once.
  void request_stop();

  /// Asks for it and waits: once it returns the port is closed, nothing is offered to the sink any more, and what waits
  /// or comes later is answered with `cancelled`. By the owner's thread.
  void stop();

  /// What the next poller of the bus or of its meters is to know, and what is still to be told. Once, after `stop`, by
  /// the owner's thread.
  Handover hand_over();

  const std::string& bus_id() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
  std::jthread thread_;
};

/// Reads all points of a meter once over an open bus: what `jidian read` does when no daemon runs. Hears the line
/// first.
MeterAnswer read_once(Bus& bus, const PolledMeter& meter, Clock& clock, LineManners manners);

}  // namespace jidian::acquire
