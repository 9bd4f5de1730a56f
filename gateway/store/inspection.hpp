#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace jidian::store {

/// What one epoch's file tells beside its batches.
struct InspectedFile {
  std::string name;
  std::uint64_t epoch = 0;
  bool is_readable = true;            ///< It can be opened, and holds what its name says.
  std::vector<std::string> findings;  ///< Sentences: what is missing, or cannot be read.
  std::vector<std::string> notes;     ///< Sentences: what power cuts and the life of a store leave.
};

/// What the files of a store tell of one another.
struct Inspection {
  std::vector<InspectedFile> files;   ///< Every one, oldest first.
  std::vector<std::string> findings;  ///< Of the folder as a whole.
};

/// Looks at every file of an epoch in `folder`, also behind one that cannot be opened, and compares how far each log
/// reaches with what is known of it elsewhere: the note of progress, what destinations confirmed, what left.
///
/// Nothing is written. Batches are not walked. Beside a writer it finds nothing that is not there, but notes may tell
/// of the transaction that is being written. Blocks for as long as reading all write-ahead logs takes.
Inspection inspect(const std::filesystem::path& folder);

}  // namespace jidian::store
