#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "record/batch.hpp"
#include "uplink/uplink.hpp"

namespace jidian::uplink {

/// Content types of the contract.
inline constexpr const char* json_type = "application/json";
inline constexpr const char* batch_type = "application/x-protobuf";

/// The topics of one gateway.
class Topics {
 public:
  Topics(const std::string& region, const std::string& gateway);

  std::string status() const { return base_ + "status"; }
  std::string manifest() const { return base_ + "manifest"; }
  std::string live() const { return base_ + "live"; }
  std::string reply() const { return base_ + "reply"; }
  std::string receipt() const { return base_ + "receipt"; }
  std::string command() const { return base_ + "command"; }
  std::string directives() const { return base_ + "directives"; }
  std::string batches(record::Stream stream) const { return base_ + std::string(record::name_of(stream)); }

  /// Whether a reply may be published there: without wildcards, and not on a topic of ours that has another meaning.
  bool may_reply_to(const std::string& topic) const;

 private:
  std::string base_;
};

/// The `status` topic's JSON while connected.
std::string online_status(const Options& options, std::uint64_t epoch, const std::string& manifest, UtcTime now);

/// The same when not: what a clean stop leaves behind, and the last will, which is written when the connection begins.
std::string offline_status(const Options& options, UtcTime now);

/// What a status says of who wrote it.
struct StatusWriter {
  std::string instance;
  std::optional<UtcTime> time;  ///< Nothing if it is not told.
  friend bool operator==(const StatusWriter&, const StatusWriter&) = default;
};

/// Nothing if the status names no instance.
std::optional<StatusWriter> writer_of(ByteView status);

}  // namespace jidian::uplink
