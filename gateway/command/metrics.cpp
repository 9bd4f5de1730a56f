#include "command/metrics.hpp"

#include <array>
#include <cmath>
#include <concepts>
#include <cstdio>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace jidian::command {
namespace {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Writes families one after the other, as the format demands: all samples of a name together under its HELP.
class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }

  void sample(Labels labels, double value) {
    std::array<char, 32> number{};
    (void)std::snprintf(number.data(), number.size(), "%.15g", value);
    add(labels, number.data());
  }
  void sample(Labels labels, std::unsigned_integral auto value) { add(labels, std::to_string(value)); }

  void sample(Labels labels, const std::optional<UtcTime>& time) {
    if (time) sample(labels, static_cast<double>(time->time_since_epoch().count()) / 1000);
  }

  std::string take() { return std::move(text_); }

 private:
  void add(Labels labels, std::string_view value) {
    text_.append(name_);
    char before = '{';
    for (const auto& [label, content] : labels) {
      text_.append(1, before).append(label).append("=\"");
      append_escaped(content);
      text_.append("\"");
      before = ',';
    }
    if (labels.size() != 0) text_.append("}");
    text_.append(" ").append(value).append("\n");
  }

  void append_escaped(std::string_view content) {
    for (const char letter : content) {
      if (letter == '\\' || letter == '"') text_.push_back('\\');
      text_.append(letter == '\n' ? "\\n" : std::string_view(&letter, 1));
    }
  }

  std::string_view name_;
  std::string text_;
};

/// A family with one sample for each of `items`, labelled by `label` with the item's id.
template <typename Item, typename Value>
void family_of(Page& page, std::string_view name, std::string_view type, std::string_view help, std::string_view label,
               const std::vector<Item>& items, Value Item::*value) {
  page.family(name, type, help);
  for (const Item& item : items) {
    if constexpr (std::same_as<Value, bool>)
      page.sample({{label, item.id}}, item.*value ? 1U : 0U);
    else
      page.sample({{label, item.id}}, item.*value);
  }
}

void add_gateway(const Snapshot& snapshot, Page& page) {
  page.family("jidian_info", "gauge", "Always 1; the labels say which gateway this is.");
  page.sample({{"gateway", snapshot.gateway}, {"version", snapshot.version}, {"epoch", snapshot.store.epoch}}, 1U);
  page.family("jidian_start_time_seconds", "gauge", "When the gateway started, Unix time.");
  page.sample({}, std::optional(snapshot.started));
  page.family("jidian_recording", "gauge", "1 while readings are being recorded.");
  page.sample({}, is_recording(snapshot) ? 1U : 0U);
  page.family("jidian_loop_stuck", "gauge", "1 while a loop makes no progress and the watchdog is not fed.");
  page.sample({}, snapshot.stuck ? 1U : 0U);
  page.family("jidian_configuration_current", "gauge",
              "0 while the site file on the disk is known not to be what runs.");
  page.sample({}, snapshot.configuration.trouble.empty() ? 1U : 0U);
  page.family("jidian_interface_current", "gauge", "0 while the local interface is not as the site file has it.");
  page.sample({}, snapshot.interface.empty() ? 1U : 0U);
  page.family("jidian_clock_synchronised", "gauge", "1 while the clock follows a time reference.");
  page.sample({}, snapshot.clock == ClockQuality::synchronised ? 1U : 0U);
}

void add_meters(const std::vector<health::MeterHealth>& meters, Page& page) {
  using health::MeterHealth;
  page.family("jidian_poll_total", "counter", "Polls of a meter by result.");
  for (const auto& meter : meters) {
    page.sample({{"meter", meter.id}, {"result", "good"}}, meter.polls_good);
    page.sample({{"meter", meter.id}, {"result", "failed"}}, meter.polls_failed);
  }
  page.family("jidian_poll_error_total", "counter", "Reads of a meter that failed, by cause.");
  for (const auto& meter : meters) {
    page.sample({{"meter", meter.id}, {"cause", "timeout"}}, meter.timeouts);
    page.sample({{"meter", meter.id}, {"cause", "exception"}}, meter.exceptions);
    page.sample({{"meter", meter.id}, {"cause", "corrupt"}}, meter.corrupt);
  }
  family_of(page, "jidian_poll_slots_skipped_total", "counter", "Slots of a meter that passed without a poll.", "meter",
            meters, &MeterHealth::slots_skipped);
  family_of(page, "jidian_meter_misses_in_row", "gauge", "Failed polls since the last good one.", "meter", meters,
            &MeterHealth::misses_in_row);
  family_of(page, "jidian_meter_last_good_timestamp_seconds", "gauge", "When a meter last answered, Unix time.",
            "meter", meters, &MeterHealth::last_good);
}

void add_buses(const std::vector<health::BusHealth>& buses, Page& page) {
  using health::BusHealth;
  family_of(page, "jidian_bus_open", "gauge", "1 while the port or connection is open.", "bus", buses,
            &BusHealth::open);
  family_of(page, "jidian_bus_load_ratio", "gauge", "Share of the last minute the bus was busy.", "bus", buses,
            &BusHealth::load);
  family_of(page, "jidian_bus_requests_total", "counter", "Modbus requests sent.", "bus", buses, &BusHealth::requests);
  family_of(page, "jidian_bus_reopened_total", "counter", "Times the port or connection was opened again.", "bus",
            buses, &BusHealth::reopened);
  family_of(page, "jidian_bus_dropped_polls_total", "counter", "Polls the recorder had no room for.", "bus", buses,
            &BusHealth::dropped_polls);
  family_of(page, "jidian_bus_dropped_events_total", "counter", "Events lost while the recorder had no room for them.",
            "bus", buses, &BusHealth::dropped_events);
}

/// What the facilities could do without, as declared.
void add_facilities(const std::vector<FacilityView>& facilities, Page& page) {
  using domain::DeclaredLoads;
  const auto add = [&](std::string_view name, std::string_view help, auto value, double scale) {
    page.family(name, "gauge", help);
    for (const auto& facility : facilities)
      if (const auto declared = facility.loads.*value; declared != 0)
        page.sample({{"facility", facility.id}}, static_cast<double>(declared) * scale);
  };
  add("jidian_facility_security_load_watts", "Power that safety needs while all else is off, declared.",
      &DeclaredLoads::security_w, 1);
  add("jidian_facility_interruptible_watts", "Power that can be switched off, declared.",
      &DeclaredLoads::interruptible_w, 1);
  add("jidian_facility_interruptible_seconds", "How long that takes, declared.", &DeclaredLoads::interruptible_minutes,
      60);
  add("jidian_facility_adjustable_watts", "Power that can be reduced without switching off, declared.",
      &DeclaredLoads::adjustable_w, 1);
  add("jidian_facility_adjustable_seconds", "How long that takes, declared.", &DeclaredLoads::adjustable_minutes, 60);
}

/// Calls `add` with the labels of each supply.
template <typename Add>
void for_supplies(const LoadProfile& load, Add add) {
  for (const SupplyView& account : load.accounts) add("account", account);
  if (load.site) add("site", *load.site);
}

/// A family with one sample for each supply of which there is a number.
template <typename Value>
void supply_family(Page& page, std::string_view name, std::string_view help, const LoadProfile& load, Value value) {
  page.family(name, "gauge", help);
  for_supplies(load, [&](std::string_view subject, const SupplyView& supply) {
    if (const auto number = value(supply))
      page.sample({{"subject", subject},
                   {"id", supply.id},
                   {"carrier", name_of(supply.carrier)},
                   {"number", supply.number},
                   {"unit", supply.unit}},
                  *number);
  });
}

void add_load(const LoadProfile& load, Page& page) {
  using Number = std::optional<double>;
  const auto declared = [&](std::string_view name, std::string_view help, std::int64_t value, double scale) {
    page.family(name, "gauge", help);
    if (value != 0) page.sample({}, static_cast<double>(value) * scale);
  };
  declared("jidian_contract_capacity_voltamperes", "Contract capacity, declared.", load.contract_capacity_kva, 1e3);
  declared("jidian_security_load_watts", "Power that the site's safety needs, declared.", load.security_load_kw, 1e3);
  const auto scaled = [](const std::optional<Demand>& demand, int exponent) {
    return demand ? Number(static_cast<double>(demand->value) / std::pow(10.0, -exponent)) : Number();
  };
  const auto instant = [](const std::optional<Demand>& demand) {
    return demand ? Number(static_cast<double>(demand->until.time_since_epoch().count()) / 1000) : Number();
  };
  supply_family(page, "jidian_demand", "Mean of the newest quarter hour that is over, in the unit named.", load,
                [&](const SupplyView& it) { return scaled(it.present, it.exponent); });
  supply_family(page, "jidian_demand_timestamp_seconds", "When that quarter hour ended, Unix time.", load,
                [&](const SupplyView& it) { return instant(it.present); });
  supply_family(
      page, "jidian_demand_incomplete", "1 if that quarter hour is not counted whole, or holds more.", load,
      [](const SupplyView& it) { return it.present ? Number(it.is_partial || it.is_spanning ? 1 : 0) : Number(); });
  supply_family(page, "jidian_demand_month_peak", "Greatest 15 minutes of the local month, in the unit named.", load,
                [&](const SupplyView& it) { return scaled(it.month, it.exponent); });
  supply_family(page, "jidian_demand_month_peak_timestamp_seconds", "When these ended, Unix time.", load,
                [&](const SupplyView& it) { return instant(it.month); });
  supply_family(page, "jidian_contract_m3_per_day", "Gas or water agreed, declared.", load, [](const SupplyView& it) {
    return it.contract_m3_per_day != 0 ? Number(static_cast<double>(it.contract_m3_per_day)) : Number();
  });
  supply_family(page, "jidian_safety_minimum_m3_per_day", "Gas or water below which the plant comes to harm, declared.",
                load, [](const SupplyView& it) {
                  return it.safety_minimum_m3_per_day != 0 ? Number(static_cast<double>(it.safety_minimum_m3_per_day))
                                                           : Number();
                });
}

void add_store(const health::StoreHealth& store, Page& page) {
  page.family("jidian_store_bytes", "gauge", "Size of the store.");
  page.sample({}, store.bytes);
  page.family("jidian_store_quota_bytes", "gauge", "Size the store may reach.");
  page.sample({}, store.quota_bytes);
  page.family("jidian_store_days_left", "gauge", "Days until the quota is reached at the present rate.");
  if (store.days_left >= 0) page.sample({}, store.days_left);
  page.family("jidian_store_autonomy_days", "gauge", "Days for which there is room if nothing is confirmed any more.");
  if (store.autonomy_days >= 0) page.sample({}, store.autonomy_days);
  page.family("jidian_flash_written_bytes_per_day", "gauge", "What the gateway writes to flash in a day.");
  if (store.written_bytes_per_day >= 0) page.sample({}, store.written_bytes_per_day);
  page.family("jidian_flash_life_years", "gauge", "Years in which the declared endurance of the flash is written.");
  if (store.flash_years >= 0) page.sample({}, store.flash_years);
  page.family("jidian_store_batches", "gauge", "Batches held.");
  page.sample({}, store.batches);
  page.family("jidian_store_readings_recorded_total", "counter", "Readings committed.");
  page.sample({}, store.readings_recorded);
  page.family("jidian_store_commits_total", "counter", "Durable transactions.");
  page.sample({}, store.commits);
  page.family("jidian_store_evicted_batches_total", "counter", "Batches dropped before all destinations had them.");
  page.sample({}, store.evicted);
  page.family("jidian_store_last_commit_timestamp_seconds", "gauge", "When the last commit was made, Unix time.");
  page.sample({}, store.last_commit);
}

void add_uplinks(const std::vector<health::UplinkHealth>& uplinks, Page& page) {
  using health::UplinkHealth;
  const auto add = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    family_of(page, name, type, help, "uplink", uplinks, value);
  };
  add("jidian_uplink_connected", "gauge", "1 while connected to the broker.", &UplinkHealth::connected);
  add("jidian_uplink_pending_batches", "gauge", "Batches the destination has not confirmed.", &UplinkHealth::pending);
  add("jidian_uplink_oldest_pending_timestamp_seconds", "gauge", "Time of the oldest unconfirmed batch, Unix time.",
      &UplinkHealth::oldest_pending);
  add("jidian_uplink_last_receipt_timestamp_seconds", "gauge", "When the last receipt came, Unix time.",
      &UplinkHealth::last_receipt);
  add("jidian_uplink_connects_total", "counter", "Connections made.", &UplinkHealth::connects);
  add("jidian_uplink_published_batches_total", "counter", "Batches sent, repetitions included.",
      &UplinkHealth::published);
  add("jidian_uplink_published_bytes_total", "counter", "Bytes of the batches sent.", &UplinkHealth::published_bytes);
  add("jidian_uplink_confirmed_batches_total", "counter", "Batches confirmed.", &UplinkHealth::confirmed);
  add("jidian_uplink_resent_batches_total", "counter", "Batches sent more than once.", &UplinkHealth::resent);
  add("jidian_uplink_rejected_batches", "gauge", "Batches the destination rejected, kept.", &UplinkHealth::rejected);
  add("jidian_uplink_copied_batches_total", "counter", "Batches rejected as conflicts and told again in a later epoch.",
      &UplinkHealth::copied);
  add("jidian_uplink_receipts_refused_total", "counter", "Receipts that did not match what was sent.",
      &UplinkHealth::receipts_refused);
  add("jidian_uplink_dropped_messages_total", "counter", "Messages that came faster than they were looked at.",
      &UplinkHealth::dropped_messages);
  add("jidian_uplink_backfilled_batches_total", "counter", "Batches sent because the destination asked for them again.",
      &UplinkHealth::backfilled);
  page.family("jidian_uplink_backfill_left_batches", "gauge", "Batches asked for again and not confirmed since.");
  for (const auto& uplink : uplinks) {
    std::uint64_t left = 0;
    for (const auto& backfill : uplink.backfills) left += backfill.left;
    page.sample({{"uplink", uplink.id}}, left);
  }
}

void add_marks(const std::vector<domain::Mark>& marks, UtcTime now, Page& page) {
  page.family("jidian_mark_in_force", "gauge", "A mark: 1 in force, 0 ahead. An empty subject is the whole site.");
  for (const domain::Mark& mark : marks)
    page.sample({{"id", mark.id}, {"subject", mark.subject}, {"mark", name_of(mark.as)}},
                is_under(mark, now) ? 1U : 0U);
}

/// A family with one sample for each order that has a number under `key`, in thousands.
void directive_family(Page& page, std::string_view name, std::string_view help, const nlohmann::json& orders,
                      const char* key) {
  page.family(name, "gauge", help);
  for (const auto& order : orders)
    if (const auto number = order.find(key); number != order.end() && number->is_number())
      page.sample({{"issuer", order.value("issuer", "")}, {"id", order.value("id", "")}}, number->get<double>() * 1e3);
}

void add_directives(const Snapshot& snapshot, Page& page) {
  auto orders = nlohmann::json::parse(snapshot.directives, nullptr, false);
  if (!orders.is_array()) orders = nlohmann::json::array();
  std::erase_if(orders.get_ref<nlohmann::json::array_t&>(), [](const auto& order) { return !order.is_object(); });
  page.family("jidian_directive_in_force", "gauge", "An order from above: 1 in force, 0 ahead.");
  for (const auto& order : orders)
    page.sample({{"issuer", order.value("issuer", "")},
                 {"id", order.value("id", "")},
                 {"kind", order.value("kind", "")},
                 {"level", order.value("level", "")}},
                order.value("in_force", false) ? 1U : 0U);
  directive_family(page, "jidian_directive_limit_watts", "Power that an order says is not to be passed.", orders,
                   "limit_kw");
  directive_family(page, "jidian_directive_load_watts", "What the facilities of an order draw.", orders, "load_kw");
  page.family("jidian_directives_refused_total", "counter", "Orders that were not taken, by reason.");
  for (std::size_t i = 0; i < domain::all_refusals.size(); ++i)
    page.sample({{"why", name_of(domain::all_refusals[i])}}, snapshot.directives_refused[i]);
}

}  // namespace

std::string metrics_text(const Snapshot& snapshot) {
  Page page;
  add_gateway(snapshot, page);
  add_meters(snapshot.meters, page);
  add_buses(snapshot.buses, page);
  add_facilities(snapshot.facilities, page);
  add_load(snapshot.load, page);
  add_marks(snapshot.marks, snapshot.now, page);
  add_directives(snapshot, page);
  add_store(snapshot.store, page);
  add_uplinks(snapshot.uplinks, page);
  return page.take();
}

}  // namespace jidian::command
