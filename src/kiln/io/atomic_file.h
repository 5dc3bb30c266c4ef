#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kiln {

/// Makes the folder that `file` is to lie in, where the folder above that one exists: a mistyped
/// path must not make a tree.  Throws IoError.
void make_folder_of(const std::filesystem::path& file);
/// Throws what make_folder_of() would for a folder that cannot be made, and makes none.
void check_folder_of(const std::filesystem::path& file);

/// Writes to a temporary name in the same folder, syncs it, renames it over `path` and syncs the
/// folder: readers see the old file or the new one, never a part.  Throws IoError (disk full, no
/// permission) and leaves the old file as it was.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

/// For files that Kiln names itself, inside a folder that somebody may have sent: a link at `path`
/// is removed, so that nothing is written where it leads.
void drop_link(const std::filesystem::path& path);

/// Whether a name is one of the temporary ones above.
bool is_temporary_name(std::string_view name);
/// Removes the temporary files in a folder whose process is no more; does nothing where there is
/// no such folder.
void remove_leftovers(const std::filesystem::path& folder);

/// The whole file; throws IoError if it is missing, unreadable or longer than `limit_bytes`.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path,
                                    std::uint64_t limit_bytes = std::uint64_t{1} << 32);
std::string read_text_file(const std::filesystem::path& path,
                           std::uint64_t limit_bytes = std::uint64_t{1} << 28);

/// An exclusive lock on a folder, held until destruction or the end of the process, however it
/// ends.  Throws IoError when another process holds it.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace kiln
