#include <algorithm>
#include <csignal>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stop_token>

#include "app/local_client.hpp"
#include "app/print.hpp"
#include "app/step_report.hpp"
#include "app/texts.hpp"
#include "app/translate.hpp"
#include "app/verbs.hpp"
#include "host/host.hpp"
#include "identity/identity.hpp"
#include "mqtt/broker.hpp"
#include "mqtt/inspect.hpp"
#include "uplink/messages.hpp"
#include "uplink/reasons.hpp"

namespace jidian::app {
namespace {

using CheckJson = nlohmann::json;
using Step = StepReport::Step;
using std::chrono::seconds;

constexpr seconds connect_patience{10};
constexpr seconds answer_patience{15};
constexpr long look_again_ms = 500;
// Time stamps of readings may be this wrong (a supervisor's requirement of 5 s, with room for what is measured).
constexpr Millis clock_error_max{2'000};

std::stop_source check_ended;

bool is_ended() {
  return check_ended.stop_requested();
}

void pause_a_little() {
  const timespec pause{0, look_again_ms * 1'000'000};
  (void)nanosleep(&pause, nullptr);  // Ctrl-C ends it early
}

std::string day_of(UtcTime time) {
  return format_utc(time).substr(0, 10);
}

/// How one destination is tried.
class UplinkCheck {
 public:
  UplinkCheck(const Common& common, const config::Site& site, const config::Uplink& uplink, seconds patience,
              uplink::BrokerFactory& brokers, Clock& clock)
      : site_(site),
        uplink_(uplink),
        patience_(patience),
        brokers_(brokers),
        clock_(clock),
        topics_(site.card.region, site.gateway),
        gateway_(common.socket.empty() ? site.api.socket : common.socket),
        report_(common.json, uplink.id) {}

  Exit run() {
    report_.head(text("uplink.head", {{"uplink", uplink_.id}, {"url", uplink_.url}}));
    session_ = ask_gateway();
    if (follow_route() && !is_ended()) {
      try_session();
    }
    tell_gateway();
    if (!is_ended()) await_receipt();
    tell_clock();
    return report_.finish(
        text(report_.worst() == Exit::ok ? "uplink.next-ok" : "uplink.next", {{"uplink", uplink_.id}}));
  }

 private:
  uplink::BrokerOptions options_as(const std::string& what) const {
    uplink::BrokerOptions options;
    options.uri = uplink_.url;
    options.client_id =
        site_.gateway + "-" + what + "-" + std::to_string(clock_.steady_now().time_since_epoch().count());
    options.username = uplink_.username;
    options.password_file = uplink_.password_file;
    options.ca_file = uplink_.ca_file;
    options.certificate_file = uplink_.certificate_file;
    options.key_file = uplink_.key_file;
    options.connect_timeout = connect_patience;
    return options;
  }

  /// Files, name, port and TLS. Gives whether the way is open.
  bool follow_route() {
    const auto route = mqtt::inspect(check_ended.get_token(), options_as("look"));
    using mqtt::Stage;
    if (route.reached == Stage::files) {
      report_.failed(Step::files, route.why, text("uplink.files.do"), Exit::usage);
      return false;
    }
    std::string addresses;
    for (const auto& address : route.addresses) addresses += (addresses.empty() ? "" : ", ") + address;
    if (route.reached == Stage::name) {
      report_.failed(Step::name, route.why, text("uplink.name.do"), Exit::device);
      return false;
    }
    report_.ok(Step::name, text("uplink.name.ok", {{"broker", route.broker}, {"addresses", addresses}}));
    if (route.reached == Stage::port) {
      report_.failed(Step::port, route.why, text("uplink.port.do"), Exit::device);
      return false;
    }
    report_.ok(Step::port,
               text("uplink.port.ok", {{"address", route.address}, {"ms", std::to_string(route.took.count())}}));
    if (!route.tls) {
      report_.skipped(Step::tls, text("uplink.tls.none"));
      return true;
    }
    return tell_tls(route);
  }

  bool tell_tls(const mqtt::Route& route) {
    if (route.reached == mqtt::Stage::tls)
      report_.failed(Step::tls, route.why, text("uplink.tls.do"), Exit::device);
    else
      report_.ok(Step::tls, text("uplink.tls.ok", {{"version", route.tls_version}}));
    for (const auto& certificate : route.chain) tell_certificate(certificate, "uplink.certificate.broker");
    for (const auto& certificate : route.own) tell_certificate(certificate, "uplink.certificate.own");
    if (route.own.empty()) report_.skipped(Step::certificate, text("uplink.certificate.none"));
    return route.reached == mqtt::Stage::open;
  }

  void tell_certificate(const mqtt::CertificateFacts& certificate, const char* key) {
    const auto left = std::chrono::floor<std::chrono::days>(certificate.until - clock_.utc_now());
    const auto sentence = text(key, {{"names", certificate.names},
                                     {"issuer", certificate.issuer},
                                     {"until", day_of(certificate.until)},
                                     {"days", std::to_string(left.count())}});
    if (left.count() < 0)
      report_.failed(Step::certificate, sentence, text("uplink.certificate.expired"), Exit::findings);
    else if (left < identity::renew_before)
      report_.warning(Step::certificate, sentence, text("uplink.certificate.soon"));
    else
      report_.ok(Step::certificate, sentence);
  }

  /// A connection of its own: a Connected, or why there is none.
  struct Attempt {
    std::unique_ptr<uplink::Broker> broker;
    std::optional<uplink::Disconnected> failed;
  };
  Attempt connect_as(const std::string& what, const std::vector<std::string>& topics) {
    Attempt attempt{brokers_.make(), std::nullopt};
    if (const auto started = attempt.broker->connect(options_as(what), topics); !started) {
      attempt.failed = uplink::Disconnected{0, started.error().message()};
      return attempt;
    }
    const auto deadline = clock_.steady_now() + connect_patience + answer_patience;
    while (clock_.steady_now() < deadline && !is_ended())
      for (const auto& event : attempt.broker->wait(check_ended.get_token(), deadline)) {
        if (std::holds_alternative<uplink::Connected>(event)) return attempt;
        if (const auto* gone = std::get_if<uplink::Disconnected>(&event)) {
          attempt.failed = *gone;
          return attempt;
        }
      }
    attempt.failed = uplink::Disconnected{0, text("uplink.no-answer")};
    return attempt;
  }

  /// Login, publish and subscribe under another client id, beside the gateway's session.
  void try_session() {
    auto attempt = connect_as("test", {});
    if (attempt.failed) {
      // 0x85 and 0x87 may mean the other client id, if the gateway's own gets in.
      const bool own_gets_in = session_.value("connected", false);
      if (own_gets_in)
        report_.skipped(Step::login, text("uplink.login.own-only", {{"why", attempt.failed->why}}));
      else
        report_.failed(Step::login, attempt.failed->why,
                       text(uplink_.username.empty() ? "uplink.login.do-certificate" : "uplink.login.do"),
                       Exit::device);
      return;
    }
    report_.ok(Step::login, uplink_.username.empty() ? text("uplink.login.ok")
                                                     : text("uplink.login.ok-as", {{"user", uplink_.username}}));
    try_publish(*attempt.broker);
    attempt.broker->disconnect(Millis{500});
    if (!is_ended()) try_subscribe();
  }

  void try_publish(uplink::Broker& broker) {
    constexpr std::uint64_t token = 1;
    const std::string message =
        R"({"id":"uplink-test","ok":true,"result":{"test":"connection test of the gateway; no data, nothing to store"}})";
    const auto topic = topics_.reply();
    const auto sent = broker.publish({topic, {message.begin(), message.end()}, 1, false, uplink::json_type, {}, token});
    if (!sent) return report_.failed(Step::publish, sent.error().message(), text("uplink.publish.do"), Exit::findings);
    const auto before = clock_.steady_now();
    const auto deadline = before + answer_patience;
    while (clock_.steady_now() < deadline && !is_ended())
      for (const auto& event : broker.wait(check_ended.get_token(), deadline)) {
        const auto* done = std::get_if<uplink::PublishDone>(&event);
        if (done == nullptr) continue;
        const auto ms = std::to_string((clock_.steady_now() - before).count());
        if (done->reason >= uplink::reason_failure)
          return report_.failed(
              Step::publish,
              text("uplink.publish.refused", {{"topic", topic}, {"why", uplink::describe_reason(done->reason)}}),
              text("uplink.publish.do"), Exit::findings);
        return report_.ok(Step::publish, text("uplink.publish.ok", {{"topic", topic}, {"ms", ms}}));
      }
    report_.failed(Step::publish, text("uplink.no-answer"), text("uplink.publish.slow"), Exit::findings);
  }

  void try_subscribe() {
    std::vector<std::string> topics;
    if (!uplink_.confirm_by_broker) topics.push_back(topics_.receipt());
    if (!uplink_.may.empty()) topics.push_back(topics_.command());
    if (topics.empty()) return report_.skipped(Step::subscribe, text("uplink.subscribe.none"));
    auto attempt = connect_as("hear", topics);
    if (attempt.failed)
      return report_.failed(Step::subscribe, attempt.failed->why, text("uplink.subscribe.do"), Exit::findings);
    attempt.broker->disconnect(Millis{500});
    std::string names;
    for (const auto& topic : topics) names += (names.empty() ? "" : ", ") + topic;
    report_.ok(Step::subscribe, text("uplink.subscribe.ok", {{"topics", names}}));
  }

  /// What the running gateway says of this destination; an empty object if none runs.
  CheckJson ask_gateway() const {
    const auto body = gateway_.get("/v1/status");
    if (!body) return CheckJson::object();
    const auto status = CheckJson::parse(*body, nullptr, false);
    if (status.is_object() && status.contains("uplinks"))
      for (const auto& uplink : status["uplinks"])
        if (uplink.value("id", "") == uplink_.id) return uplink;
    return CheckJson::object();
  }

  static std::string word(const CheckJson& from, const char* key) {
    const auto found = from.find(key);
    if (found == from.end() || found->is_null()) return "-";
    return found->is_string() ? found->get<std::string>() : found->dump();
  }

  void tell_gateway() {
    if (session_.empty()) {
      const auto asked = gateway_.get("/v1/status");
      const bool is_denied = !asked && asked.error().kind() == ErrorKind::denied;
      return report_.skipped(Step::gateway,
                             is_denied ? translated(asked.error().message()) : text("uplink.gateway.none"));
    }
    const Values values{{"published", word(session_, "published")},
                        {"confirmed", word(session_, "confirmed")},
                        {"pending", word(session_, "pending")},
                        {"rejected", word(session_, "rejected")},
                        {"trouble", word(session_, "trouble")}};
    const bool troubled = session_.contains("trouble") && session_["trouble"].is_string();
    if (!session_.value("connected", false))
      report_.failed(Step::gateway, text("uplink.gateway.away", values), text("uplink.gateway.do"), Exit::findings);
    else if (session_.value("rejected", std::uint64_t{0}) > 0)
      report_.warning(Step::gateway, text("uplink.gateway.rejected", values), text("uplink.gateway.retry"));
    else if (troubled)
      report_.warning(Step::gateway, text("uplink.gateway.trouble", values), text("uplink.gateway.do"));
    else
      report_.ok(Step::gateway, text("uplink.gateway.ok", values));
  }

  /// The backend's word is what counts; only the gateway's own batches can have it.
  void await_receipt() {
    if (uplink_.confirm_by_broker) return report_.skipped(Step::receipt, text("uplink.receipt.by-broker"));
    if (session_.empty()) return report_.skipped(Step::receipt, text("uplink.receipt.no-gateway"));
    const auto confirmed = session_.value("confirmed", std::uint64_t{0});
    const auto begun = clock_.steady_now();
    bool waited_for = false;  // whether there was a batch that could be confirmed
    auto now = session_;
    while (!is_ended() && !now.empty()) {
      const auto pending = now.value("pending", std::uint64_t{0});
      waited_for = waited_for || pending > 0;
      const auto gained = now.value("confirmed", std::uint64_t{0}) - confirmed;
      const auto took = std::chrono::floor<seconds>(clock_.steady_now() - begun);
      if (gained > 0)
        return report_.ok(Step::receipt, text("uplink.receipt.ok", {{"count", std::to_string(gained)},
                                                                    {"seconds", std::to_string(took.count())}}));
      if (clock_.steady_now() - begun >= patience_) break;
      pause_a_little();
      now = ask_gateway();
    }
    const Values values{{"last", word(now, "last_receipt")},
                        {"pending", word(now, "pending")},
                        {"seconds", std::to_string(patience_.count())}};
    if (!waited_for) return report_.skipped(Step::receipt, text("uplink.receipt.nothing-waits", values));
    report_.failed(Step::receipt, text("uplink.receipt.missing", values), text("uplink.receipt.do"), Exit::findings);
  }

  void tell_clock() {
    const auto state = host::kernel_clock_state();
    const Values values{{"ms", std::to_string(state.error_max.count())}};
    if (!state.synchronised)
      report_.warning(Step::clock, text("uplink.clock.free"), text("uplink.clock.do"));
    else if (state.error_max > clock_error_max)
      report_.warning(Step::clock, text("uplink.clock.loose", values), text("uplink.clock.do"));
    else
      report_.ok(Step::clock, text("uplink.clock.ok", values));
  }

  const config::Site& site_;
  const config::Uplink& uplink_;
  seconds patience_;
  uplink::BrokerFactory& brokers_;
  Clock& clock_;
  uplink::Topics topics_;
  LocalClient gateway_;
  StepReport report_;
  CheckJson session_ = CheckJson::object();
};

}  // namespace

Exit test_uplink(const Common& common, const UplinkTestOptions& options) {
  host::start_logging("error");
  const auto site = load_or_explain(common);
  if (!site) return Exit::usage;
  std::vector<const config::Uplink*> chosen;
  std::string ids;
  for (const auto& uplink : site->uplinks) {
    ids += (ids.empty() ? "" : ", ") + uplink.id;
    if (options.uplink.empty() || uplink.id == options.uplink) chosen.push_back(&uplink);
  }
  if (chosen.empty())
    return print_failure(common, Error{ErrorKind::not_found, text(ids.empty() ? "uplink.has-none" : "uplink.unknown",
                                                                  {{"uplink", options.uplink}, {"ids", ids}})}),
           Exit::usage;
  (void)std::signal(SIGINT, [](int) { check_ended.request_stop(); });
  const auto clock = host::make_system_clock();
  const auto brokers = mqtt::make_broker_factory();
  Exit worst = Exit::ok;
  for (const auto* uplink : chosen) {
    if (is_ended()) break;
    worst = std::max(worst, UplinkCheck(common, *site, *uplink, seconds{options.wait_s}, *brokers, *clock).run());
  }
  return is_ended() ? std::max(worst, Exit::findings) : worst;
}

}  // namespace jidian::app
