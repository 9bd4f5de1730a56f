// The whole simulated plant, running: for programs that want it inside their own process, and for jidian-plant.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "faults.hpp"
#include "responder.hpp"
#include "rtu_line.hpp"
#include "scenario.hpp"
#include "tcp_server.hpp"
#include "world.hpp"

namespace jidian::plant {

/// Serves a scenario from construction to destruction, on threads of its own.
class Plant {
 public:
  struct Options {
    std::string folder = ".";  ///< where links of lines with a relative path are laid; it must exist
    std::string control;       ///< path of the control socket; empty: none
  };
  /// When it returns, all ports and terminals are there. @throws ScenarioError, SystemError
  Plant(const Scenario& scenario, const Options& options);
  /// Stops, closes everything and removes its links.
  ~Plant();
  Plant(const Plant&) = delete;
  Plant& operator=(const Plant&) = delete;

  /// The scenario with the real ports and absolute paths filled in.
  const Scenario& scenario() const { return scenario_; }
  /// Ports and paths as JSON: {"pid", "control", "tcp": [{"id", "port"}], "lines": [{"id", "path"}]}.
  std::string ports_json() const;
  /// All counters as JSON on one line. Any thread.
  std::string stats_json() const;
  /// Carries out one line of the control protocol and returns its answer, see README.md. Any thread.
  std::string command(const std::string& line);
  /// Fault switches. Any thread.
  FaultBoard& faults() { return faults_; }
  /// Whether the control command `stop` was given. Any thread.
  bool stop_was_asked() const { return stop_asked_.load(); }

 private:
  void attach(Bus& bus, const std::vector<Unit>& units);

  Scenario scenario_;
  Options options_;
  World world_;
  FaultBoard faults_;
  Responder responder_;
  std::vector<std::unique_ptr<Device>> devices_;
  TcpServer tcp_;
  std::vector<std::unique_ptr<RtuLine>> lines_;
  std::atomic<bool> stop_asked_{false};
  std::vector<std::thread> threads_;
};

}  // namespace jidian::plant
