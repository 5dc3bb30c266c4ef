#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "kiln/core/error.h"
#include "kiln/io/npy.h"

namespace kiln {
namespace {

constexpr std::uint64_t kHeaderLimit = 65536;
constexpr std::string_view kMagic = "\x93NUMPY";

[[noreturn]] void refuse(const std::string& name, std::string_view message) {
  throw IoError("npy", fmt::format("'{}' {}", name, message));
}

// The header is a Python dict literal with three keys:
//   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class DictParser {
 public:
  DictParser(const std::string& name, std::string_view text) : name_(name), text_(text) {}

  void parse(NpyHeader& header) {
    expect('{');
    std::vector<std::string> seen;
    while (!take('}')) {
      const std::string key = text();
      if (std::ranges::count(seen, key)) refuse(name_, fmt::format("gives '{}' twice", key));
      seen.push_back(key);
      expect(':');
      if (key == "descr")
        header.dtype = dtype();
      else if (key == "fortran_order")
        check_order();
      else if (key == "shape")
        header.shape = shape();
      else
        refuse(name_, fmt::format("has the unknown key '{}' in its header", key));
      if (peek() != '}') expect(',');
    }
    if (seen.size() != 3) refuse(name_, "must give descr, fortran_order and shape in its header");
    if (peek() != '\0') damaged();
  }

 private:
  [[noreturn]] void damaged() const {
    refuse(name_, fmt::format("has a damaged header (at byte {} of it)", at_));
  }

  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!take(c)) damaged();
  }

  std::string text() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') damaged();
    const std::size_t end = text_.find(quote, ++at_);
    if (end == std::string_view::npos) damaged();
    const std::string value(text_.substr(at_, end - at_));
    at_ = end + 1;
    return value;
  }

  std::string dtype() {
    if (peek() == '[')
      refuse(name_, "is a structured array; save one field of it, np.save(file, array['field'])");
    return text();
  }

  void check_order() {
    peek();
    if (text_.substr(at_, 4) == "True")
      refuse(name_, "is stored by columns; save np.ascontiguousarray(array)");
    if (text_.substr(at_, 5) != "False") damaged();
    at_ += 5;
  }

  std::vector<std::int64_t> shape() {
    expect('(');
    std::vector<std::int64_t> sizes;
    while (!take(')')) {
      sizes.push_back(integer());
      if (sizes.size() > 32) refuse(name_, "has more than 32 dimensions");
      if (peek() != ')') expect(',');
    }
    return sizes;
  }

  std::int64_t integer() {
    peek();
    const std::size_t start = at_;
    std::int64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, text_[at_] - '0', &value))
        refuse(name_, "has a shape that overflows");
    if (at_ == start) damaged();
    return value;
  }

  const std::string& name_;
  std::string_view text_;
  std::size_t at_ = 0;
};

std::int64_t item_bytes(const std::string& name, const std::string& dtype) {
  static constexpr std::array known{"|b1", "|i1", "|u1", "<f2", "<f4", "<f8",
                                    "<i2", "<i4", "<i8", "<u2", "<u4", "<u8"};
  if (std::ranges::find(known, dtype) != known.end()) return dtype[2] - '0';
  if (dtype.starts_with('>'))
    refuse(name,
           fmt::format("is big-endian ('{}'); save array.astype('<{}')", dtype, dtype.substr(1)));
  refuse(name,
         fmt::format("has the dtype '{}', which is not read; save array.astype('<f4')", dtype));
}

// Bytes before the dict: the magic, the version and the dict's length in 2 (v1) or 4 bytes.
std::size_t dict_offset(const std::string& name, std::string_view file) {
  if (!file.starts_with(kMagic)) refuse(name, "is not a .npy array");
  if (file.size() < 12) refuse(name, "is cut short");
  if (file[6] < 1 || file[6] > 3 || file[7] != 0)
    refuse(name, fmt::format("has the version {}.{}; 1.0, 2.0 and 3.0 are read", int{file[6]},
                             int{file[7]}));
  return file[6] == 1 ? 10 : 12;
}

}  // namespace

std::int64_t NpyHeader::count() const {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

NpyHeader parse_npy_header(const std::string& name, const std::uint8_t* bytes, std::size_t size,
                           std::uint64_t total) {
  const std::string_view file(reinterpret_cast<const char*>(bytes), size);
  const std::size_t start = dict_offset(name, file);
  std::uint64_t length = 0;
  for (std::size_t i = start; i-- > 8;) length = length << 8 | bytes[i];
  if (length > kHeaderLimit)
    refuse(name,
           fmt::format("claims a header of {} bytes; at most {} are read", length, kHeaderLimit));
  if (length > size - start) refuse(name, "is cut short within its header");

  NpyHeader header;
  DictParser(name, file.substr(start, static_cast<std::size_t>(length))).parse(header);
  header.item_bytes = item_bytes(name, header.dtype);
  header.data_offset = start + length;
  // Sizes are counted as 1 at least: a zero must not hide that the others overflow.
  std::int64_t product = header.item_bytes;
  for (const std::int64_t one : header.shape)
    if (__builtin_mul_overflow(product, std::max<std::int64_t>(one, 1), &product))
      refuse(name, "has a shape that overflows");
  header.data_bytes = static_cast<std::uint64_t>(header.item_bytes * header.count());
  const std::uint64_t rest = total - std::min(total, header.data_offset);
  if (header.data_bytes > rest)
    refuse(name, fmt::format("is cut short: its shape needs {} bytes of data", header.data_bytes));
  if (header.data_bytes < rest)
    refuse(name, fmt::format("has {} bytes after its array", rest - header.data_bytes));
  return header;
}

}  // namespace kiln
