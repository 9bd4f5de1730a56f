#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "meter/profile.hpp"
#include "meter/registers.hpp"

namespace jidian::meter {

/// Finds a SunSpec model in a device: looks for "SunS" at 40000, 50000 and 0, then goes from model to model.
///
/// Pure: ask `next` for the registers to read, give the words to `take` (or `refuse` if the device refused them), until
/// `next` is empty. A failed read that is no refusal ends the walk elsewhere: begin a new one later. Never asks for
/// more than 3 markers and `models_max` headers; a chain that is endless, empty or leaves the table is not followed.
class SunspecWalk {
 public:
  /// Models of one device; real ones have fewer than 30.
  static constexpr int models_max = 100;

  /// The model that was found.
  struct Found {
    std::uint16_t model = 0;
    std::uint16_t base = 0;    ///< Address of its ID register: give it to `at_base`.
    std::uint16_t length = 0;  ///< Registers after the header.
    std::uint16_t common = 0;  ///< Address of model 1's ID register, which holds serial number and firmware; 0: none.
    friend bool operator==(const Found&, const Found&) = default;
  };

  explicit SunspecWalk(Sunspec wanted);

  /// The registers to read now, each in a request of its own; nothing once the walk has ended.
  std::optional<Registers> next() const;
  /// Takes the words of `next`. Precondition: the walk has not ended, words.size() == next()->count.
  void take(std::span<const std::uint16_t> words);
  /// The device answered `next` with an exception.
  void refuse();

  /// The first of the wanted models; nothing while walking and if there is none.
  const std::optional<Found>& found() const { return found_; }
  /// Address of model 1's ID register, if the walk has come by it; 0: not yet, or the device has none.
  std::uint16_t common() const { return common_; }
  /// Why nothing was found, once the walk has ended without: "no SunSpec marker at 40000, 50000 or 0".
  const std::string& reason() const { return reason_; }

 private:
  void take_marker(std::span<const std::uint16_t> words);
  void take_header(std::uint16_t model, std::uint16_t length);
  void end(std::string reason);

  Sunspec wanted_;
  std::size_t candidate_ = 0;
  std::uint16_t common_ = 0;
  std::optional<std::uint32_t> header_;  ///< Where the next model begins; nothing while the marker is looked for.
  int headers_ = 0;
  bool ended_ = false;
  std::optional<Found> found_;
  std::string reason_;
};

/// The points with their addresses counted from `base`, as the device has them.
/// Precondition: all of them end within the table.
std::vector<Point> at_base(std::vector<Point> points, std::uint16_t base);

/// The same for the place of a serial number or firmware, whose address counts from the common model's ID register.
IdentityPlace at_base(IdentityPlace place, std::uint16_t common);

}  // namespace jidian::meter
