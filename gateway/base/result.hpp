#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace jidian {

/// What went wrong, as far as a caller may branch on it. The sentence beside it is for people.
enum class ErrorKind : std::uint8_t {
  timeout,      ///< The other end did not answer in time.
  refused,      ///< The other end answered "no" (a Modbus exception, a CONNACK or PUBACK reason).
  corrupt,      ///< Bytes that cannot be what they claim to be.
  unreachable,  ///< Port, host or file is not there (now).
  invalid,      ///< A request or a configuration that makes no sense.
  not_found,    ///< The thing asked for does not exist.
  conflict,     ///< It exists already, with other content, or is in use by somebody else.
  full,         ///< A stated bound was reached.
  unsupported,  ///< Understood, but not by this release.
  io,           ///< The operating system refused.
  cancelled,    ///< We were asked to stop.
  denied,       ///< The caller may not do this.
};

/// The word for a kind, as used in logs and JSON: "timeout", "not_found", …
std::string_view name_of(ErrorKind kind);

/// A failure of the world: a kind to branch on and one sentence for a human.
class Error {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }

  /// The same failure with what was being done put in front: "reading 3020+4 from meter 'x': no answer".
  Error during(std::string_view action) const;

 private:
  ErrorKind kind_;
  std::string message_;
};

/// A value, or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }

  T& value() & { return assert(*this), std::get<0>(state_); }
  const T& value() const& { return assert(*this), std::get<0>(state_); }
  T&& value() && { return assert(*this), std::move(std::get<0>(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const { return assert(!*this), std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or the reason why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const { return !error_; }
  const Error& error() const { return assert(error_), *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace jidian
