// needs: base
#include "apps/kiln/fetch/get_set.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/kiln/fetch/unpack.h"
#include "kiln/core/error.h"
#include "kiln/data/source.h"
#include "tests/data/idx_files.h"
#include "tests/fetch/local_server.h"
#include "tests/support/temporary_folder.h"

namespace kiln::program {
namespace {

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

std::string sum_of(const std::string& text) {
  return sha256_of(*memory_bytes("test", {text.begin(), text.end()}));
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Two pictures of 28 x 28 whose bytes are 0 and 255.
Bytes pictures() {
  Bytes pixels;
  for (int i = 0; i < 2 * 784; ++i) pixels.push_back(i % 3 == 0 ? 255 : 0);
  return idx_bytes({2, 28, 28}, pixels);
}

// The same as rows of "1 0 0 ... ".
std::string rows() {
  std::string text;
  for (int i = 0; i < 2 * 784; ++i)
    text += std::string(i % 3 == 0 ? "1" : "0") + (i % 784 == 783 ? "\n" : " ");
  return text;
}

// POSIX.1-1988 (ustar): a header of 512 bytes, then content in blocks of 512.
std::string tar_member(const std::string& name, const std::string& content) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 7, "0000644");
  const auto size = fmt::format("{:011o}", content.size());
  header.replace(124, size.size(), size);
  header.replace(148, 8, "        ");
  header[156] = '0';
  header.replace(257, 5, "ustar");
  header.replace(263, 2, "00");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 7, fmt::format("{:06o}", sum) + std::string(1, '\0'));
  return header + content + std::string((512 - content.size() % 512) % 512, '\0');
}

std::string archive_of(const std::string& members) {
  const auto all = members + std::string(1024, '\0');
  return text_of(gzipped({all.begin(), all.end()}));
}

Delivery idx_delivery() {
  const auto idx = pictures();
  return {"images.gz", Packing::gzip, sum_of(text_of(idx)), idx.size(), 4096, {"images.gz"}};
}

Delivery rows_delivery() {
  const auto idx = pictures();
  return {"rows.amat", Packing::text, sum_of(text_of(idx)),
          idx.size(),  4096,          {"train-images-idx3-ubyte.gz"}};
}

// A server, a folder, and a set of one delivery that the server is the only mirror of.
struct Publisher {
  explicit Publisher(Delivery delivery) { set.deliveries = {std::move(delivery)}; }
  Got get(const std::string& from = "") {
    return get_set(set, {.folder = folder / "set", .from = from, .watch = {}});
  }
  std::string kept() const {
    return content_of(folder / ("set/" + set.deliveries.front().kept.front()));
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "set"))
      names.push_back(entry.path().filename().string());
    return names;
  }

  LocalServer server;
  TemporaryFolder folder;
  PublishedSet set{"tiny", "two pictures", "a test", "mnist", {server.address()}, {}};
};

using Names = std::vector<std::string>;

// FIPS 180-4's examples.
TEST(FetchSums, AreThoseOfTheStandard) {
  EXPECT_EQ(sum_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sum_of(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(sum_of(std::string(3 << 20, 'x')), sum_of(std::string(3 << 20, 'x')));
}

TEST(FetchPublishedSets, HaveSumsAndNamesThatReadersFind) {
  for (const auto& set : published_sets()) {
    EXPECT_FALSE(set.mirrors.empty()) << set.name;
    for (const auto& delivery : set.deliveries) {
      EXPECT_EQ(delivery.sha256.size(), 64u) << delivery.file;
      EXPECT_EQ(delivery.sha256.find_first_not_of("0123456789abcdef"), std::string::npos);
      EXPECT_GT(delivery.most_bytes, 0u);
      EXPECT_FALSE(delivery.kept.empty());
    }
  }
  EXPECT_NE(message_of<ConfigError>([] { published_set("mnits"); }).find("mean 'mnist'"),
            std::string::npos);
}

TEST(FetchGet, KeepsAGzipFileAndAsksForItOnce) {
  Publisher p(idx_delivery());
  const auto packed = text_of(gzipped(pictures()));
  p.server.put("images.gz", packed);
  EXPECT_EQ(p.get().fetched, 1);
  EXPECT_EQ(p.kept(), packed);
  EXPECT_EQ(p.files(), Names{"images.gz"});
  EXPECT_EQ(p.get().there, 1);
  EXPECT_EQ(p.server.requests(), Names{"images.gz"});
}

TEST(FetchGet, FetchesAgainWhatWasDamaged) {
  Publisher p(idx_delivery());
  const auto packed = text_of(gzipped(pictures()));
  p.server.put("images.gz", packed);
  p.get();
  p.folder.write("set/images.gz", std::string_view(packed).substr(0, packed.size() / 2));
  EXPECT_EQ(p.get().fetched, 1);
  EXPECT_EQ(p.kept(), packed);
}

TEST(FetchGet, TurnsRowsOfTextIntoImagesThatTheSourceReads) {
  Publisher p(rows_delivery());
  p.server.put("rows.amat", rows());
  p.get();
  const auto source = open_source(parse_source("mnist:" + (p.folder / "set").string()));
  EXPECT_EQ(source.splits.train->size(), 2);
  EXPECT_EQ(source.splits.train->info().values, Values::binary);
  std::vector<float> x(784);
  source.splits.train->read(1, x);  // its first number is number 784 of all
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(x[i], (784 + i) % 3 == 0 ? 1 : 0);
}

TEST(FetchGet, KeepsTheWantedMembersOfAnArchive) {
  const std::string first(700, 'a'), second(700, 'b');
  const auto archive =
      archive_of(tar_member("set/readme.html", "hello") + tar_member("set/a.bin", first) +
                 tar_member("../b.bin", second) + tar_member("set/huge.bin", "not wanted"));
  Publisher p({"set.tar.gz", Packing::tar, sum_of(archive), 700, 4096, {"a.bin", "b.bin"}});
  p.server.put("set.tar.gz", archive);
  EXPECT_EQ(p.get().fetched, 2);
  EXPECT_EQ(content_of(p.folder / "set/a.bin"), first);
  EXPECT_EQ(content_of(p.folder / "set/b.bin"), second);
  EXPECT_EQ(p.files().size(), 3u) << "and SHA256SUMS";
  EXPECT_FALSE(std::filesystem::exists(p.folder / "b.bin"));
  EXPECT_EQ(p.get().there, 2);
  p.folder.write("set/b.bin", std::string(700, 'z'));  // of the right length
  EXPECT_EQ(p.get().fetched, 2);
  EXPECT_EQ(content_of(p.folder / "set/b.bin"), second);
}

TEST(FetchGet, NamesTheMemberThatAnArchiveLacks) {
  const auto cut = text_of(gzipped([](const std::string& text) {
    return Bytes(text.begin(), text.end());
  }(tar_member("a.bin", std::string(700, 'a')).substr(0, 800))));
  for (const auto& [archive, reason] : std::map<std::string, std::string>{
           {archive_of(tar_member("a.bin", "short")), "holds no a.bin of 700 bytes"},
           {cut, "is cut short within a.bin"},
           {text_of(gzipped({1, 2, 3})), "no gzipped tar archive"}}) {
    Publisher p({"set.tar.gz", Packing::tar, sum_of(archive), 700, 4096, {"a.bin"}});
    p.server.put("set.tar.gz", archive);
    const auto message = message_of<IoError>([&] { p.get(); });
    EXPECT_NE(message.find(reason), std::string::npos) << message;
    EXPECT_FALSE(std::filesystem::exists(p.folder / "set"));
  }
}

TEST(FetchGet, GoesOnWhereATransferBroke) {
  Publisher p(rows_delivery());
  p.server.put("rows.amat", rows());
  p.server.behave({.ranges = true, .cut_after = 1000, .redirect = ""});
  EXPECT_NE(message_of<IoError>([&] { p.get(); }).find("rows.amat"), std::string::npos);
  EXPECT_EQ(p.files(), Names{"rows.amat.part"});
  p.server.behave({});
  p.get();
  EXPECT_EQ(p.server.requests(), (Names{"rows.amat", "rows.amat from 1000"}));
  EXPECT_EQ(p.files(), Names{"train-images-idx3-ubyte.gz"});
}

TEST(FetchGet, BeginsAnewWhereAServerCannotGoOn) {
  Publisher p(rows_delivery());
  p.server.put("rows.amat", rows());
  p.server.behave({.ranges = false, .cut_after = 1000, .redirect = ""});
  EXPECT_THROW(p.get(), IoError);
  p.server.behave({.ranges = false, .cut_after = 0, .redirect = ""});
  EXPECT_EQ(p.get().fetched, 1);
}

TEST(FetchGet, TakesAWholePartAndThrowsAWrongOneAway) {
  Publisher whole(rows_delivery()), wrong(rows_delivery());
  for (auto* p : {&whole, &wrong}) p->server.put("rows.amat", rows());
  whole.folder.write("set/rows.amat.part", rows());
  EXPECT_EQ(whole.get().fetched, 1);
  EXPECT_EQ(whole.server.requests().size(), 1u);
  wrong.folder.write("set/rows.amat.part", std::string_view("1 1 1 1 "));
  EXPECT_EQ(wrong.get().fetched, 1);
  EXPECT_EQ(wrong.server.requests(), (Names{"rows.amat from 8", "rows.amat"}));
}

TEST(FetchGet, PassesOverMirrorsThatFail) {
  Publisher p(idx_delivery());
  LocalServer empty, other;
  other.put("images.gz", text_of(gzipped({1, 2, 3})));
  p.server.put("images.gz", text_of(gzipped(pictures())));
  p.set.mirrors = {"http://127.0.0.1:1", empty.address(), other.address(), p.server.address()};
  EXPECT_EQ(p.get().fetched, 1);
}

TEST(FetchGet, SaysWhatEachPlaceAnsweredAndKeepsNothingOfIt) {
  Publisher p(idx_delivery());
  LocalServer other;
  other.put("images.gz", "<html>please log in</html>");
  p.set.mirrors.push_back(other.address());
  const auto message = message_of<IoError>([&] { p.get(); });
  EXPECT_NE(message.find("404"), std::string::npos) << message;
  EXPECT_NE(message.find("is no gzip file"), std::string::npos) << message;
  EXPECT_NE(message.find("--from"), std::string::npos) << message;
  EXPECT_FALSE(std::filesystem::exists(p.folder / "set"));
}

TEST(FetchGet, RefusesOtherContentOfTheRightLength) {
  Publisher p(idx_delivery());
  auto changed = pictures();
  changed.back() ^= 1;
  p.server.put("images.gz", text_of(gzipped(changed)));
  EXPECT_NE(message_of<IoError>([&] { p.get(); }).find("SHA-256"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(p.folder / "set"));
}

TEST(FetchGet, EndsATransferThatIsTooLong) {
  Publisher p(idx_delivery());
  p.server.put("images.gz", std::string(100000, 'x'));
  EXPECT_NE(message_of<IoError>([&] { p.get(); }).find("more than 4096 bytes"), std::string::npos);
  auto small = rows_delivery();
  small.bytes -= 784;  // one picture is announced, two come
  Publisher rows_of(small);
  rows_of.server.put("rows.amat", rows());
  EXPECT_NE(message_of<IoError>([&] { rows_of.get(); }).find("1 rows"), std::string::npos);
}

TEST(FetchGet, FollowsToAnotherAddressButNotToAFile) {
  Publisher p(idx_delivery());
  LocalServer moved;
  p.set.mirrors = {moved.address()};
  p.server.put("images.gz", text_of(gzipped(pictures())));
  moved.behave({.ranges = true, .cut_after = 0, .redirect = "file:///etc/passwd?"});
  EXPECT_THROW(p.get(), IoError);
  moved.behave({.ranges = true, .cut_after = 0, .redirect = p.server.address()});
  EXPECT_EQ(p.get().fetched, 1);
}

TEST(FetchGet, TakesAFolderInPlaceOfTheMirrors) {
  Publisher p(rows_delivery());
  const TemporaryFolder stick;
  EXPECT_NE(
      message_of<IoError>([&] { p.get((stick / "none").string()); }).find("there is no folder"),
      std::string::npos);
  EXPECT_NE(message_of<IoError>([&] { p.get(stick.string()); }).find("no such file"),
            std::string::npos);
  stick.write("rows.amat", rows());
  EXPECT_EQ(p.get(stick.string()).fetched, 1);
  EXPECT_TRUE(p.server.requests().empty());
}

TEST(FetchGet, TakesACopyOfAFolderThatItFilled) {
  Publisher p(rows_delivery()), q(rows_delivery());
  p.server.put("rows.amat", rows());
  p.get();
  q.get((p.folder / "set").string());
  EXPECT_EQ(q.kept(), p.kept());
  LocalServer copy;
  copy.put("train-images-idx3-ubyte.gz", p.kept());
  std::filesystem::remove_all(q.folder / "set");
  EXPECT_EQ(q.get(copy.address() + "/").fetched, 1);
}

TEST(FetchGet, LinksAndPipesAreNotWrittenThrough) {
  namespace fs = std::filesystem;
  Publisher p(rows_delivery());
  const auto precious = p.folder.write("precious", "precious");
  const TemporaryFolder stick;
  stick.write("rows.amat", rows());
  fs::create_directory(p.folder / "set");
  for (const bool hard : {false, true}) {
    fs::remove(p.folder / "set/rows.amat.part");
    if (hard)
      fs::create_hard_link(precious, p.folder / "set/rows.amat.part");
    else
      fs::create_symlink(precious, p.folder / "set/rows.amat.part");
    EXPECT_NE(message_of<IoError>([&] { p.get(stick.string()); }).find("no plain file"),
              std::string::npos);
  }
  fs::remove(p.folder / "set/rows.amat.part");
  for (const auto* name : {"set/rows.amat.part", "set/train-images-idx3-ubyte.gz"}) {
    ASSERT_EQ(::mkfifo((p.folder / name).c_str(), 0600), 0);
    EXPECT_THROW(p.get(stick.string()), IoError) << name;
    fs::remove(p.folder / name);
  }
  fs::create_symlink(precious, p.folder / "set/train-images-idx3-ubyte.gz");
  EXPECT_NE(message_of<IoError>([&] { p.get(stick.string()); }).find("a link"), std::string::npos);
  EXPECT_EQ(content_of(precious), "precious");
}

TEST(FetchGet, FilesOfSomebodyElseStay) {
  Publisher p(idx_delivery());
  p.server.put("images.gz", text_of(gzipped(pictures())));
  auto other = pictures();
  other.back() ^= 1;
  for (const auto& theirs : {text_of(gzipped(other)), text_of(gzipped(Bytes(9000, 7))),
                             text_of(gzipped(Bytes(50, 7)))}) {
    p.folder.write("set/images.gz", theirs);
    EXPECT_NE(message_of<IoError>([&] { p.get(); }).find("another file"), std::string::npos);
    EXPECT_EQ(p.kept(), theirs);
  }
  EXPECT_TRUE(p.server.requests().empty());
}

TEST(FetchGet, OneProcessAtATimeFetchesIntoAFolder) {
  Publisher p(idx_delivery());
  p.server.put("images.gz", text_of(gzipped(pictures())));
  std::filesystem::create_directory(p.folder / "set");
  const int held = ::open((p.folder / "set").c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  EXPECT_NE(message_of<IoError>([&] { p.get(); }).find("another process"), std::string::npos);
  ::close(held);
  EXPECT_EQ(p.get().fetched, 1);
}

TEST(FetchGet, LeftoversOfAKilledCallGo) {
  Publisher p(idx_delivery());
  p.server.put("images.gz", text_of(gzipped(pictures())));
  p.get();
  p.folder.write("set/images.gz.part", "whole");
  EXPECT_EQ(p.get().there, 1);
  EXPECT_EQ(p.files(), Names{"images.gz"});
}

TEST(FetchGet, PasswordsStayOutOfMessages) {
  Publisher p(idx_delivery());
  auto address = p.server.address();
  address.insert(7, "somebody:s3cret@");
  const auto message = message_of<IoError>([&] { p.get(address); });
  EXPECT_EQ(message.find("s3cret"), std::string::npos) << message;
  EXPECT_NE(message.find("404"), std::string::npos) << message;
}

TEST(FetchGet, MakesNoTreeForAMistypedPath) {
  Publisher p(idx_delivery());
  p.server.put("images.gz", text_of(gzipped(pictures())));
  EXPECT_EQ(get_set(p.set, {.folder = p.folder / "data/set", .from = "", .watch = {}}).fetched, 1);
  EXPECT_EQ(get_set(p.set, {.folder = p.folder / "d/e/", .from = "", .watch = {}}).fetched, 1);
  EXPECT_THROW(get_set(p.set, {.folder = p.folder / "a/b/c", .from = "", .watch = {}}), IoError);
  EXPECT_FALSE(std::filesystem::exists(p.folder / "a"));
}

TEST(FetchGet, TellsHowFarItIs) {
  Publisher p(rows_delivery());
  p.server.put("rows.amat", rows());
  std::uint64_t last = 0, of = 0;
  get_set(p.set, {.folder = p.folder / "set",
                  .from = "",
                  .watch = [&](const std::string& file, std::uint64_t done, std::uint64_t total) {
                    EXPECT_EQ(file, "rows.amat");
                    last = done, of = total;
                  }});
  EXPECT_EQ(last, rows().size());
  EXPECT_EQ(of, rows().size());
}

}  // namespace
}  // namespace kiln::program
