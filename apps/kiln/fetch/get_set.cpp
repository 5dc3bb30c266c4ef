#include "apps/kiln/fetch/get_set.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "apps/kiln/fetch/download.h"
#include "apps/kiln/fetch/unpack.h"
#include "kiln/core/error.h"
#include "kiln/core/text.h"
#include "kiln/io/atomic_file.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

bool is_address(const std::string& place) {
  const auto end = place.find("://");
  if (end == std::string::npos) return false;
  std::string scheme = place.substr(0, end);
  for (auto& c : scheme) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return scheme == "http" || scheme == "https";
}

// Without a name and a password, which messages and logs must not show.
std::string shown(const std::string& place) {
  const auto at = place.find('@'), begins = place.find("://");
  if (!is_address(place) || at == std::string::npos || at > place.find('/', begins + 3))
    return place;
  return place.substr(0, begins + 3) + place.substr(at + 1);
}

// One process at a time fetches into a folder.
class FolderInUse {
 public:
  explicit FolderInUse(const fs::path& folder)
      : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
    const int code = errno;
    if (descriptor_ >= 0) ::close(descriptor_);
    throw IoError(folder.string(), code == EWOULDBLOCK
                                       ? "another process is fetching into it; wait until it ends"
                                       : fmt::format("cannot be used: {}", std::strerror(code)));
  }
  ~FolderInUse() { ::close(descriptor_); }
  FolderInUse(const FolderInUse&) = delete;
  FolderInUse& operator=(const FolderInUse&) = delete;

 private:
  int descriptor_;
};

fs::path part_of(const fs::path& folder, const Delivery& form) {
  return folder / (form.file + ".part");
}

// The forms in which a place may have a delivery.  A folder that was filled here once, or its copy
// on a server, has what the delivery becomes.
std::vector<Delivery> forms_of(const Delivery& delivery, bool copies) {
  std::vector<Delivery> forms{delivery};
  if (copies && delivery.packing == Packing::text)
    forms.insert(forms.begin(), {delivery.kept.front(), Packing::gzip, delivery.sha256,
                                 delivery.bytes, delivery.bytes, delivery.kept});
  return forms;
}

void fetch(const std::string& place, const Delivery& form, const fs::path& part,
           const GetRequest& request) {
  if (!is_address(place)) return copy_in(fs::path(place) / form.file, part, form.most_bytes);
  const auto separator = place.ends_with('/') ? "" : "/";
  download(place + separator + form.file, part, form.most_bytes,
           [&](std::uint64_t done, std::uint64_t total) {
             if (request.watch) request.watch(form.file, done, total);
           });
}

bool has_begun(const fs::path& part) {
  std::error_code error;
  return fs::is_regular_file(part, error) && fs::file_size(part, error) > 0;
}

// A part that an earlier call left may be of something else: then it goes, and all is fetched.
void bring(const std::string& place, const Delivery& form, const GetRequest& request) {
  const auto part = part_of(request.folder, form);
  for (;;) {
    const bool resumes = has_begun(part);
    try {
      fetch(place, form, part, request);
    } catch (const NotDelivered&) {
      std::error_code ignored;
      if (fs::is_regular_file(part, ignored) && !has_begun(part)) fs::remove(part, ignored);
      throw;
    }
    try {
      unpack(form, part, request.folder);
      fs::remove(part);
      return;
    } catch (const NotDelivered&) {
      fs::remove(part);
      if (!resumes) throw;
    }
  }
}

void bring(const PublishedSet& set, const Delivery& delivery, const GetRequest& request) {
  const bool copies = !request.from.empty();
  std::vector<std::string> answers;
  for (const auto& place : copies ? std::vector<std::string>{request.from} : set.mirrors)
    for (const auto& form : forms_of(delivery, copies)) try {
        return bring(place, form, request);
      } catch (const NotDelivered& error) {
        answers.push_back(fmt::format("{}/{}: {}", shown(place), form.file, error.what()));
      }
  const auto forms = forms_of(delivery, copies);
  const bool goes_on = std::any_of(forms.begin(), forms.end(), [&](const Delivery& form) {
    return fs::exists(part_of(request.folder, form));
  });
  throw IoError("data get",
                fmt::format("{} could not be had. {}. {}ame another place: --from URL|DIR",
                            delivery.file, join(answers, ". "),
                            goes_on ? "The same command goes on where this ended, or n" : "N"));
}

// Files of somebody else's under these names stay.
void refuse_others(const Delivery& delivery, const fs::path& folder, Kept kept) {
  auto names = delivery.kept;
  if (delivery.packing == Packing::tar) names.emplace_back("SHA256SUMS");
  for (const auto& name : names) {
    std::error_code error;
    const bool link = fs::is_symlink(folder / name, error);
    if (kept == Kept::other || link)
      throw IoError((folder / name).string(),
                    fmt::format("is {}; choose another folder with --out, or move it away",
                                link ? "a link" : "another file than the one to be fetched"));
  }
}

// Made where it is missing, with at most one folder above it: a mistyped path must not make a tree.
// What was made and is still empty in the end goes again.
class NewFolder {
 public:
  explicit NewFolder(const fs::path& folder) {
    auto whole = fs::weakly_canonical(fs::absolute(folder));
    if (!whole.has_filename()) whole = whole.parent_path();  // "a/b/"
    for (const auto& path : {whole.parent_path(), whole}) {
      std::error_code error;
      if (fs::is_directory(path, error)) continue;
      if (!fs::create_directory(path, error)) {
        remove_empty();
        throw IoError(path.string(), fmt::format("cannot make the folder: {}",
                                                 error ? error.message() : "a file is there"));
      }
      made_.push_back(path);
    }
  }
  ~NewFolder() { remove_empty(); }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

 private:
  void remove_empty() {
    std::error_code ignored;
    for (auto path = made_.rbegin(); path != made_.rend(); ++path) fs::remove(*path, ignored);
  }

  std::vector<fs::path> made_;
};

}  // namespace

Got get_set(const PublishedSet& set, const GetRequest& request) {
  if (!request.from.empty() && !is_address(request.from) && !fs::is_directory(request.from))
    throw IoError("from", fmt::format("there is no folder {}; give one, or an address that begins "
                                      "with http:// or https://",
                                      request.from));
  const NewFolder folder(request.folder);
  const FolderInUse lock(request.folder);
  remove_leftovers(request.folder);
  Got got;
  for (const auto& delivery : set.deliveries) {
    const auto files = static_cast<std::int64_t>(delivery.kept.size());
    const auto kept = kept_of(delivery, request.folder);
    if (kept == Kept::right) {
      got.there += files;
      for (const auto& form : forms_of(delivery, true))  // of a call that was killed at its end
        fs::remove(part_of(request.folder, form));
      continue;
    }
    refuse_others(delivery, request.folder, kept);
    if (kept == Kept::damaged)
      got.replaced.insert(got.replaced.end(), delivery.kept.begin(), delivery.kept.end());
    bring(set, delivery, request);
    got.fetched += files;
  }
  return got;
}

}  // namespace kiln::program
