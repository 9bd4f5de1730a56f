#include <array>

#include "app/texts_tables.hpp"

namespace jidian::app {
namespace {

constexpr auto english_of_uplinks = std::to_array<Sentence>({
    {"step.ok", "OK"},
    {"step.warning", "WARN"},
    {"step.failed", "FAILED"},
    {"step.skipped", "-"},
    {"step.files", "files"},
    {"step.name", "name"},
    {"step.port", "port"},
    {"step.tls", "TLS"},
    {"step.certificate", "certificate"},
    {"step.login", "login"},
    {"step.publish", "publish"},
    {"step.subscribe", "subscribe"},
    {"step.gateway", "gateway"},
    {"step.receipt", "receipt"},
    {"step.clock", "clock"},
    {"uplink.head", "Uplink {uplink}: {url}"},
    {"uplink.has-none", "the site file has no [[uplink]]; write one, see docs/configuration.md"},
    {"uplink.unknown", "the site file has no uplink '{uplink}'; it has: {ids}"},
    {"uplink.next-ok", "All is well. Next: jidian status"},
    {"uplink.next", "Next: mend the first thing that is not OK, then run jidian uplink test {uplink} again"},
    {"uplink.no-answer", "the broker does not answer"},
    {"uplink.files.do",
     "the keys password_file, ca_file, certificate_file and key_file of this uplink; run this as the user of the "
     "gateway"},
    {"uplink.name.do", "look at the host in url, at the cable and at the name server (/etc/resolv.conf)"},
    {"uplink.name.ok", "{broker} is {addresses}"},
    {"uplink.port.do",
     "look at the port in url and at the firewalls between; the operator of the broker says whether it runs"},
    {"uplink.port.ok", "{address} accepts the connection in {ms} ms"},
    {"uplink.tls.none", "url says mqtt://: nothing is encrypted and nobody is checked"},
    {"uplink.tls.do",
     "compare ca_file and the host in url with what the operator of the broker says; do not trust another authority "
     "without asking"},
    {"uplink.tls.ok", "{version}, the broker is who it should be"},
    {"uplink.certificate.broker", "broker: {names}, issued by {issuer}, until {until} ({days} days)"},
    {"uplink.certificate.own", "this box: {names}, issued by {issuer}, until {until} ({days} days)"},
    {"uplink.certificate.none", "this box shows none: it is known by user name and password"},
    {"uplink.certificate.expired", "renew it; if it should be valid, this box's clock is wrong"},
    {"uplink.certificate.soon", "have it renewed now: after that day nothing is delivered"},
    {"uplink.login.ok", "the broker lets this box in"},
    {"uplink.login.ok-as", "the broker lets this box in as {user}"},
    {"uplink.login.own-only", "not as another client beside the gateway, which is connected: {why}"},
    {"uplink.login.do",
     "user name and the content of password_file; the operator of the broker says whether this box is admitted"},
    {"uplink.login.do-certificate",
     "the operator of the broker says whether this box is admitted, and under which name"},
    {"uplink.publish.ok",
     "{topic}: the broker acknowledged (PUBACK) in {ms} ms; data topics are not written by a test"},
    {"uplink.publish.refused", "{topic}: {why}"},
    {"uplink.publish.do", "have the broker's access list allow this user to write jidian/v1/<region>/<gateway>/#"},
    {"uplink.publish.slow", "the broker lets in and does not acknowledge: ask its operator"},
    {"uplink.subscribe.ok",
     "the broker takes the subscription to {topics} (some take it and deliver nothing: the receipt tells)"},
    {"uplink.subscribe.none", "this uplink listens to nothing"},
    {"uplink.subscribe.do", "have the broker's access list allow this user to read jidian/v1/<region>/<gateway>/#"},
    {"uplink.gateway.none", "no gateway runs on this box; what follows needs one"},
    {"uplink.gateway.ok", "connected; {published} batches published, {confirmed} confirmed, {pending} wait"},
    {"uplink.gateway.away", "the running gateway is not connected: {trouble}"},
    {"uplink.gateway.trouble", "connected, but: {trouble}"},
    {"uplink.gateway.rejected", "connected; {rejected} batches were rejected by the backend and are kept"},
    {"uplink.retried", "Whatever {uplinks} rejected is sent again; nothing happens if it rejected nothing."},
    {"uplink.retried-next", "Next: jidian status"},
    {"uplink.gateway.retry", "ask the backend why, then jidian uplink retry"},
    {"uplink.gateway.do", "jidian status says more"},
    {"uplink.receipt.by-broker", "confirm = \"broker\": the backend's receipt is not waited for"},
    {"uplink.receipt.no-gateway", "no gateway runs, so there is no batch that a backend could confirm"},
    {"uplink.receipt.ok", "the backend confirmed {count} batches within {seconds} s"},
    {"uplink.receipt.nothing-waits",
     "nothing was unconfirmed within {seconds} s, so no receipt could be expected; the last one: {last}"},
    {"uplink.receipt.missing",
     "{pending} batches wait and none was confirmed within {seconds} s; the last receipt: {last}"},
    {"uplink.receipt.do",
     "the broker works, the backend behind it does not answer: ask its operator whether it subscribes to this gateway"},
    {"uplink.clock.ok", "synchronised; off by at most {ms} ms, by the kernel's own account (no other clock was asked)"},
    {"uplink.clock.loose", "synchronised, but the kernel allows for an error of {ms} ms"},
    {"uplink.clock.free",
     "nothing disciplines this box's clock, by the kernel's account: how far it is off is not known"},
    {"uplink.clock.do", "set up time synchronisation (systemd-timesyncd or chrony) with a server this box can reach"},
});

}  // namespace

std::span<const Sentence> english_uplink_sentences() {
  return english_of_uplinks;
}

}  // namespace jidian::app
