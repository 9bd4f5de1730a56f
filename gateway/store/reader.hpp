#pragma once

#include <filesystem>
#include <memory>

#include "store/damage.hpp"
#include "store/store.hpp"

namespace jidian::store {

/// A reader that also counts what it finds damaged in `damage`.
std::unique_ptr<Reader> make_reader(std::filesystem::path folder, std::shared_ptr<Damage> damage);

}  // namespace jidian::store
