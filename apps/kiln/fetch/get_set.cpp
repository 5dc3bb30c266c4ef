#include "apps/kiln/fetch/get_set.h"

#include <fmt/format.h>

#include "apps/kiln/fetch/download.h"
#include "apps/kiln/fetch/unpack.h"
#include "kiln/core/error.h"
#include "kiln/core/text.h"

namespace kiln::program {
namespace {

namespace fs = std::filesystem;

bool is_address(const std::string& place) {
  return place.starts_with("http://") || place.starts_with("https://");
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

// A part that an earlier call left may be of something else: then it goes, and all is fetched.
void bring(const std::string& place, const Delivery& form, const GetRequest& request) {
  const auto part = request.folder / (form.file + ".part");
  for (;;) {
    const bool resumes = fs::exists(part) && fs::file_size(part) > 0;
    try {
      fetch(place, form, part, request);
    } catch (const NotDelivered&) {
      std::error_code ignored;
      if (fs::exists(part) && fs::file_size(part) == 0) fs::remove(part, ignored);
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
        answers.push_back(fmt::format("{}/{}: {}", place, form.file, error.what()));
      }
  throw IoError("data get",
                fmt::format("{} could not be had. {}. Try again later, which goes on where this "
                            "ended, or name another place: --from URL|DIR",
                            delivery.file, join(answers, ". ")));
}

// Made where it is missing, with at most one folder above it: a mistyped path must not make a tree.
// What was made and is still empty in the end goes again.
class NewFolder {
 public:
  explicit NewFolder(const fs::path& folder) {
    const auto whole = fs::absolute(folder).lexically_normal();
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
  Got got;
  for (const auto& delivery : set.deliveries) {
    const auto files = static_cast<std::int64_t>(delivery.kept.size());
    if (is_kept(delivery, request.folder)) {
      got.there += files;
      continue;
    }
    bring(set, delivery, request);
    got.fetched += files;
  }
  return got;
}

}  // namespace kiln::program
