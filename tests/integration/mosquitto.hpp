#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>
#include <thread>

#include "tests/integration/process.hpp"

namespace jidian::test {

/// A port of the loopback interface that nobody listens on now.
inline std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

/// Whether something accepts connections on the loopback port.
inline bool listens(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool connected = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return connected;
}

/// How a test's mosquitto is set up.
struct MosquittoOptions {
  std::string ca_file;           ///< With it: TLS, and clients need a certificate of this authority.
  std::string certificate_file;  ///< The server's.
  std::string key_file;
  std::string acl;   ///< Content of the ACL file; empty: everybody may everything.
  std::string more;  ///< Further lines of configuration.
};

/// A real mosquitto on a loopback port of its own, with all its files in a temporary folder.
class Mosquitto {
 public:
  explicit Mosquitto(const MosquittoOptions& options = {}) : port_(free_port()) {
    std::ofstream config(folder_.path() / "mosquitto.conf");
    config << "listener " << port_ << " 127.0.0.1\nallow_anonymous true\npersistence false\n"
           << "log_dest stdout\nlog_type all\nset_tcp_nodelay true\n";
    if (::getuid() == 0) config << "user root\n";
    if (!options.ca_file.empty())
      config << "cafile " << options.ca_file << "\ncertfile " << options.certificate_file << "\nkeyfile "
             << options.key_file << "\nrequire_certificate true\n";
    if (!options.acl.empty()) {
      std::ofstream(folder_.path() / "acl") << options.acl;
      config << "acl_file " << (folder_.path() / "acl").string() << "\n";
    }
    config << options.more << "\n";
    config.close();
    start();
  }

  /// Starts it (again) on the same port and waits until it listens.
  void start() {
    process_ = Process({"mosquitto", "-c", (folder_.path() / "mosquitto.conf").string()}, log());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!listens(port_)) {
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error("mosquitto does not start:\n" + log_text());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  void stop() { process_.stop(SIGTERM); }
  /// Nothing is answered any more, and nobody is told: a half-open link.
  void freeze() { process_.send(SIGSTOP); }
  void thaw() { process_.send(SIGCONT); }

  std::uint16_t port() const { return port_; }
  std::string uri() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
  std::string log_text() const {
    std::ifstream file(log());
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::filesystem::path log() const { return folder_.path() / "log"; }

  TemporaryFolder folder_;
  std::uint16_t port_;
  Process process_;
};

/// Certificates made with the openssl command for one test.
class Certificates {
 public:
  Certificates() {
    authority("ca");
    authority("other-ca");
    issue("server", "ca", "subjectAltName=DNS:localhost,IP:127.0.0.1");
    issue("elsewhere", "ca", "subjectAltName=DNS:broker.example");
    issue("client", "ca", "extendedKeyUsage=clientAuth");
    issue("stranger", "other-ca", "extendedKeyUsage=clientAuth");
    issue_expired("expired", "ca");
  }

  std::string certificate(const std::string& name) const { return (folder_.path() / (name + ".pem")).string(); }
  std::string key(const std::string& name) const { return (folder_.path() / (name + ".key")).string(); }

 private:
  void run(const std::string& command) const {
    const auto whole = "cd '" + folder_.path().string() + "' && (" + command + ") >>openssl.log 2>&1";
    if (std::system(whole.c_str()) != 0) throw std::runtime_error("openssl failed: " + command);
  }
  void authority(const std::string& name) const {
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=" + name +
        " -keyout " + name + ".key -out " + name + ".pem");
  }
  void request(const std::string& name) const {
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + name + " -keyout " + name +
        ".key -out " + name + ".csr");
  }
  void issue(const std::string& name, const std::string& by, const std::string& extension) const {
    request(name);
    std::ofstream(folder_.path() / (name + ".ext")) << extension << "\n";
    run("openssl x509 -req -days 30 -in " + name + ".csr -CA " + by + ".pem -CAkey " + by +
        ".key -CAcreateserial -extfile " + name + ".ext -out " + name + ".pem");
  }
  void issue_expired(const std::string& name, const std::string& by) const {
    request(name);
    std::ofstream(folder_.path() / "ca.conf")
        << "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial.txt\nnew_certs_dir=.\ndefault_md=sha256\n"
        << "policy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n";
    std::ofstream(folder_.path() / "index.txt");
    std::ofstream(folder_.path() / "serial.txt") << "1000\n";
    run("openssl ca -batch -config ca.conf -cert " + by + ".pem -keyfile " + by + ".key -in " + name + ".csr -out " +
        name + ".pem -startdate 20200101000000Z -enddate 20200201000000Z -notext");
  }

  TemporaryFolder folder_;
};

}  // namespace jidian::test
