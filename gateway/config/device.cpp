#include <algorithm>

#include "config/site_sections.hpp"

namespace jidian::config {
namespace {

/// The time service asks all of them; four find a liar, more only cost traffic.
constexpr std::size_t ntp_server_count_max = 8;
constexpr std::size_t host_length_max = 253;
constexpr std::size_t label_length_max = 63;

bool is_hexadecimal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= label_length_max && !label.starts_with('-') && !label.ends_with('-') &&
         std::ranges::all_of(label, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
         });
}

/// "192.168.1.20": four numbers up to 255.
bool is_ipv4(std::string_view host) {
  std::size_t numbers = 0;
  for (std::size_t from = 0; from <= host.size(); ++numbers) {
    const auto part = host.substr(from, std::min(host.find('.', from), host.size()) - from);
    if (part.empty() || part.size() > 3 || !std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; }) ||
        (part.size() == 3 && part > "255"))
      return false;
    from += part.size() + 1;
  }
  return numbers == 4;
}

/// "2001:db8::1": up to eight groups of up to four digits; one "::" stands for those that are left out.
bool is_ipv6(std::string_view host) {
  const auto gap = host.find("::");
  if (gap != std::string_view::npos && host.find("::", gap + 1) != std::string_view::npos) return false;
  if (host.starts_with(':') != host.starts_with("::") || host.ends_with(':') != host.ends_with("::")) return false;
  std::size_t groups = 0;
  for (std::size_t from = 0; from < host.size();) {
    const auto part = host.substr(from, std::min(host.find(':', from), host.size()) - from);
    if (part.size() > 4 || !std::ranges::all_of(part, is_hexadecimal)) return false;
    if (!part.empty()) ++groups;
    from += part.size() + 1;
  }
  return gap == std::string_view::npos ? groups == 8 : groups < 8;
}

/// A name or an address, and nothing that means something else in another file: it is handed to the time service.
bool is_time_server(std::string_view host) {
  if (host.empty() || host.size() > host_length_max) return false;
  if (host.find(':') != std::string_view::npos) return is_ipv6(host);
  if (std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); })) return is_ipv4(host);
  for (std::size_t from = 0; from <= host.size();) {
    const auto label = host.substr(from, std::min(host.find('.', from), host.size()) - from);
    if (!is_label(label)) return false;
    from += label.size() + 1;
  }
  return true;
}

}  // namespace

void read_device(Section& root, Site& site) {
  auto device = root.section("device", "device");
  if (!device) return;
  auto& servers = site.device.ntp_servers;
  const auto written = device->texts("ntp_servers");
  for (const Text& it : written) {
    if (!is_time_server(it.value))
      device->complain(it, "ntp_servers are names or addresses, got '" + it.value +
                               "'; write \"ntp.example.org\" or \"192.168.1.20\", without a port");
    else if (std::ranges::find(servers, it.value) != servers.end())
      device->complain(it, "time server '" + it.value + "' is listed twice");
    else if (servers.size() == ntp_server_count_max)
      device->complain(it, "there are more than " + std::to_string(ntp_server_count_max) + " time servers");
    else
      servers.push_back(it.value);
  }
  if (device->has("ntp_servers") && written.empty())
    device->complain("ntp_servers", "names no time server", "ntp_servers = [\"ntp.example.org\"], or leave it out");
  device->finish();
}

}  // namespace jidian::config
