#include "kiln/kernels/matrix_product.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <omp.h>
#include <pthread.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "kiln/core/check.h"

namespace kiln {
namespace {

// dnnl_sgemm of oneDNN's C interface, row-major; it has kept this form since version 1.0.
using Sgemm = int (*)(char, char, std::int64_t, std::int64_t, std::int64_t, float, const float*,
                      std::int64_t, const float*, std::int64_t, float, float*, std::int64_t);

// LibTorch loads the library; a LibTorch with oneDNN inside shows no such name.
Sgemm sgemm() {
  static const auto found = std::getenv("KILN_NO_ONEDNN")
                                ? nullptr
                                : reinterpret_cast<Sgemm>(dlsym(RTLD_DEFAULT, "dnnl_sgemm"));
  return found;
}

// A row-major matrix, or the transpose of one, as sgemm takes it.
struct Stored {
  const float* data;
  char transposed;   // 'T' or 'N'
  std::int64_t row;  // distance between two rows in memory

  Stored from_row(std::int64_t i) const { return at(transposed == 'N' ? i * row : i); }
  Stored from_column(std::int64_t i) const { return at(transposed == 'N' ? i : i * row); }

 private:
  Stored at(std::int64_t offset) const { return {data + offset, transposed, row}; }
};

Stored stored(const char* name, const Tensor& m) {
  if (m.is_contiguous()) return {m.data_ptr<float>(), 'N', m.size(1)};
  if (m.t().is_contiguous()) return {m.data_ptr<float>(), 'T', m.size(0)};
  throw ShapeError("matrix_product", std::string(name) +
                                         " must be contiguous, or the transpose of "
                                         "a contiguous matrix");
}

// Left to itself oneDNN divides the sums among its threads, and their number changes the bits.
class OneThread {
 public:
  OneThread() { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_ = omp_get_max_threads();
};

// oneDNN's product with a transposed operand does not survive a signal handler's frame on its
// stack (2.6: the heap is corrupted).  Whoever has handlers, a profiler or a timer, gets
// the signal when the block is done.
class NoSignals {
 public:
  NoSignals() {
    sigset_t most;
    sigfillset(&most);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT})
      sigdelset(&most, fault);
    pthread_sigmask(SIG_SETMASK, &most, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

struct Product {
  Sgemm sgemm;
  Stored a, b;
  float* c;
  std::int64_t rows, columns, inner;

  // The block of C with `height` rows from `row` and `width` columns from `column`.
  void block(std::int64_t row, std::int64_t height, std::int64_t column, std::int64_t width) const {
    const OneThread one;
    const NoSignals undisturbed;
    const auto left = a.from_row(row), right = b.from_column(column);
    const int status =
        sgemm(left.transposed, right.transposed, height, width, inner, 1, left.data, left.row,
              right.data, right.row, 0, c + row * columns + column, columns);
    KILN_ASSERT(status == 0);
  }
};

// Width of the blocks that `size` is cut into, whatever the number of threads: a power of two of
// them, none much narrower than 128, below which oneDNN packs more than it multiplies.
std::int64_t block_of(std::int64_t size) {
  std::int64_t count = 1;
  while (size / (2 * count) >= 120) count *= 2;
  return ((size + count - 1) / count + 15) / 16 * 16;
}

void multiply(const Product& p) {
  const bool by_rows = p.rows >= p.columns;
  const auto size = by_rows ? p.rows : p.columns, width = block_of(size);
  at::parallel_for(0, (size + width - 1) / width, 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) {
      const auto first = i * width, count = std::min(width, size - first);
      if (by_rows)
        p.block(first, count, 0, p.columns);
      else
        p.block(0, p.rows, first, count);
    }
  });
}

}  // namespace

bool has_product_of_onednn() { return sgemm() != nullptr; }

void product_in_this_thread(const RowMajorProduct& p) {
  KILN_ASSERT(has_product_of_onednn());
  const OneThread one;
  const NoSignals undisturbed;
  const int status =
      sgemm()(p.a_transposed ? 'T' : 'N', 'N', p.rows, p.columns, p.inner, 1, p.a,
              p.a_transposed ? p.rows : p.inner, p.b, p.columns, p.add ? 1 : 0, p.c, p.columns);
  KILN_ASSERT(status == 0);
}

Tensor matrix_product(const Tensor& a, const Tensor& b) {
  check_shape("matrix_product", "a", a, {kAny, kAny});
  check_shape("matrix_product", "b", b, {a.size(1), kAny});
  const auto left = stored("a", a), right = stored("b", b);
  auto c = at::empty({a.size(0), b.size(1)}, a.options());
  if (sgemm() && c.numel() > 0 && a.size(1) > 0)
    multiply({sgemm(), left, right, c.data_ptr<float>(), a.size(0), b.size(1), a.size(1)});
  else
    at::mm_out(c, a, b);
  return c;
}

}  // namespace kiln
