#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "app/archive.hpp"
#include "app/local_client.hpp"
#include "app/print.hpp"
#include "app/support_archive.hpp"
#include "app/system_facts.hpp"
#include "app/texts.hpp"
#include "app/verbs.hpp"
#include "app/version.hpp"
#include "host/host.hpp"

namespace jidian::app {
namespace {

using BundleJson = nlohmann::ordered_json;

// Enough for weeks of a troubled site, little enough to send by mail.
constexpr std::size_t events_bytes_max = 8ULL << 20;
constexpr int log_lines_max = 5'000;

/// What is gathered, and what could not be.
class Gathering {
 public:
  Gathering(const Common& common, const BundleOptions& options, Clock& clock)
      : common_(common), options_(options), now_(clock.utc_now()), loaded_(load_site(common.site, common.profiles)) {
    learn_secrets();
  }

  void gather() {
    add("version.txt", std::string("jidian ") + version + "\n" + format_utc(now_) + "\n");
    add_check();
    add_site();
    add_status();
    add_events();
    const std::filesystem::path store = loaded_.site ? loaded_.site->store.folder : std::filesystem::path();
    std::vector<std::string> devices;
    if (loaded_.site)
      for (const auto& bus : loaded_.site->buses)
        if (bus.kind == config::BusKind::rtu) devices.push_back(bus.device);
    add("system.txt", system_facts(store, devices));
    if (auto log = journal_of("jidian.service", log_lines_max); log)
      add("log.txt", *log);
    else
      miss("log.txt", log.error().message());
  }

  std::string gateway() const { return loaded_.site ? loaded_.site->gateway : "unknown"; }
  UtcTime time() const { return now_; }
  const std::vector<ArchivedFile>& files() const { return files_; }
  const std::vector<ArchivedFile>& missing() const { return missing_; }

 private:
  void add(const std::string& name, const std::string& content) { files_.push_back({name, redactor_.redact(content)}); }
  /// `why` stands in the archive too.
  void miss(const std::string& name, const std::string& why) { missing_.push_back({name, redactor_.redact(why)}); }

  /// What the files of the uplinks hold must be nowhere. Certificates are public.
  void learn_secrets() {
    if (!loaded_.site) return;
    for (const auto& uplink : loaded_.site->uplinks)
      for (const auto* path : {&uplink.password_file, &uplink.key_file})
        if (!path->empty())
          if (const auto content = read_file(*path)) redactor_.learn(*content);
  }

  void add_check() {
    std::string text = loaded_.problem.empty() ? "" : loaded_.problem + "\n";
    for (const auto& mistake : loaded_.mistakes)
      text += (mistake.warning ? "WARN  " : "ERR   ") + mistake.to_string() + "\n";
    add("check.txt", text + (loaded_.site ? "valid\n" : "not valid\n"));
  }

  void add_site() {
    if (const auto text = read_file(common_.site))
      add("site.toml", *text);
    else
      miss("site.toml", text.error().message());
  }

  void add_status() {
    if (!loaded_.site && common_.socket.empty()) return miss("status.json", "the site file does not say where to ask");
    const LocalClient gateway(common_.socket.empty() ? loaded_.site->api.socket : common_.socket);
    const auto status = gateway.get("/v1/status");
    if (!status) return miss("status.json", status.error().message());
    add("status.json", *status + "\n");
    if (const auto metrics = gateway.get("/metrics")) add("metrics.txt", *metrics);
  }

  void add_events() {
    if (!loaded_.site) return miss("events.jsonl", "the site file does not say where the store is");
    const auto reader = store::open_reader(loaded_.site->store.folder);
    if (!reader) return miss("events.jsonl", reader.error().message());
    std::string lines;
    Unread unread;
    for_each_readable_batch(**reader, record::Stream::event, now_ - std::chrono::days{options_.days},
                            now_ + std::chrono::days{1}, unread, [&lines](const store::StoredBatch& batch) {
                              lines += lines_of(batch);
                              if (lines.size() > events_bytes_max)  // the newest matter
                                lines.erase(0, lines.find('\n', lines.size() - events_bytes_max) + 1);
                              return true;
                            });
    add("events.jsonl", lines);
    for (const auto& [epoch, why] : unread) miss("events.jsonl", "epoch " + to_hex(epoch) + ": " + why.message());
  }

  static std::string lines_of(const store::StoredBatch& batch) {
    const auto decoded = record::decode(batch.bytes, nullptr);
    BundleJson line{{"epoch", to_hex(batch.key.epoch)}, {"seq", batch.key.seq}};
    if (!decoded || !std::holds_alternative<record::Events>(decoded->body)) {
      line["error"] = decoded ? "no events" : decoded.error().message();
      return line.dump(-1, ' ', false, BundleJson::error_handler_t::replace) + "\n";
    }
    std::string lines;
    for (const auto& event : std::get<record::Events>(decoded->body)) {
      line["time"] = format_utc(event.time);
      line["kind"] = domain::name_of(event.kind);
      line["subject"] = event.subject;
      line["text"] = event.text;
      lines += line.dump(-1, ' ', false, BundleJson::error_handler_t::replace) + "\n";
    }
    return lines;
  }

  const Common& common_;
  const BundleOptions& options_;
  UtcTime now_;
  Loaded loaded_;
  Redactor redactor_;
  std::vector<ArchivedFile> files_;
  std::vector<ArchivedFile> missing_;
};

/// A new file that only its owner may read. Errors: conflict (it is there), denied, io.
Status write_private(const std::filesystem::path& path, const std::string& bytes) {
  const auto failure = [&path] {
    const int error = errno;
    if (error == EEXIST) return Error{ErrorKind::conflict, path.string() + " is there already; write another --output"};
    return Error{error == EACCES || error == EROFS ? ErrorKind::denied : ErrorKind::io,
                 "cannot write " + path.string() + ": " + std::generic_category().message(error) +
                     "; name another place with --output"};
  };
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return failure();
  Status outcome;
  for (std::size_t done = 0; outcome && done < bytes.size();) {
    const auto wrote = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0)
      outcome = failure();
    else
      done += static_cast<std::size_t>(wrote);
  }
  if (outcome && ::fsync(fd) != 0) outcome = failure();
  (void)::close(fd);
  if (!outcome) (void)::unlink(path.c_str());
  return outcome;
}

/// "20260301T080000Z".
std::string stamp_of(UtcTime time) {
  auto text = format_utc(time).substr(0, 19) + "Z";
  std::erase(text, '-');
  std::erase(text, ':');
  return text;
}

void print_contents(const Common& common, const Gathering& gathered, const std::filesystem::path& path,
                    std::size_t bytes) {
  if (common.json) {
    BundleJson files = BundleJson::array();
    for (const auto& file : gathered.files()) files.push_back({{"name", file.name}, {"bytes", file.content.size()}});
    BundleJson missing = BundleJson::array();
    for (const auto& file : gathered.missing()) missing.push_back({{"name", file.name}, {"why", file.content}});
    std::cout << BundleJson{{"file", path.string()}, {"bytes", bytes}, {"files", files}, {"missing", missing}}.dump(
                     -1, ' ', false, BundleJson::error_handler_t::replace)
              << '\n';
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& file : gathered.files())
    rows.push_back({"  " + file.name, std::to_string(file.content.size()), text("bundle." + file.name)});
  for (const auto& file : gathered.missing())
    rows.push_back({"  " + file.name, "-", text("bundle.missing", {{"why", file.content}})});
  std::cout << format_table(rows) << text("bundle.written", {{"file", path.string()}, {"bytes", std::to_string(bytes)}})
            << '\n'
            << text("bundle.next") << '\n';
}

}  // namespace

Exit bundle(const Common& common, const BundleOptions& options) {
  host::start_logging("error");
  const auto clock = host::make_system_clock();
  Gathering gathered(common, options, *clock);
  gathered.gather();

  const auto name = "jidian-" + gathered.gateway() + "-" + stamp_of(gathered.time());
  std::vector<ArchivedFile> packed;
  for (const auto& file : gathered.files()) packed.push_back({name + "/" + file.name, file.content});
  std::string missing;
  for (const auto& file : gathered.missing()) missing += file.name + ": " + file.content + "\n";
  if (!missing.empty()) packed.push_back({name + "/missing.txt", missing});

  const auto bytes = compress_zstd(make_tar(packed, gathered.time()));
  if (!bytes) return print_failure(common, bytes.error()), Exit::device;
  const auto path = options.output.empty() ? std::filesystem::path(name + ".tar.zst") : options.output;
  if (const auto written = write_private(path, *bytes); !written)
    return print_failure(common, written.error()), Exit::usage;
  print_contents(common, gathered, std::filesystem::absolute(path), bytes->size());
  return gathered.missing().empty() ? Exit::ok : Exit::findings;
}

}  // namespace jidian::app
