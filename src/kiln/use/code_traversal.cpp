#include "kiln/use/code_traversal.h"

#include <fmt/format.h>
#include <torch/types.h>

namespace kiln {
namespace {

constexpr std::int64_t kDraws = 5;
using Kind = CodePart::Kind;

// Each row of `base` [R, J] in `columns` columns, row by row.
Tensor rows_of(const Tensor& base, std::int64_t columns) {
  return base.repeat_interleave(columns, 0);
}

void set_class(Tensor& codes, const CodePart& part, const Tensor& category) {
  codes.narrow(1, part.first, part.size).copy_(at::one_hot(category, part.size));
}

Tensor class_rows(const CodePart& part, Prior& prior, Rng& rng) {
  auto codes = rows_of(prior.sample_prior(kDraws, rng).cpu(), part.size);
  set_class(codes, part, torch::arange(part.size).repeat(kDraws));
  return codes;
}

Tensor number_rows(const CodePart& part, const CodePart& first, Prior& prior, const Tensor& values,
                   Rng& rng) {
  const bool by_class = first.kind == Kind::categorical;
  auto base = by_class ? prior.sample_prior(1, rng).cpu().repeat({first.size, 1})
                       : prior.sample_prior(kDraws, rng).cpu();
  if (by_class) set_class(base, first, torch::arange(first.size));
  auto codes = rows_of(base, values.size(0));
  codes.select(1, part.first).copy_(values.repeat(base.size(0)));
  return codes;
}

// Every row says which part changes in it, and a number's which class it stays in.
PictureTable words_of(const std::vector<CodePart>& parts, const Tensor& values) {
  const auto& first = parts.front();
  const bool classes = first.kind == Kind::categorical;
  PictureTable table{.title = "what each part of the code does", .columns = values.size(0)};
  for (const auto& part : parts) {
    const bool number = part.kind != Kind::categorical;
    for (std::int64_t row = 0; row < (number && classes ? first.size : kDraws); ++row)
      table.row_words.push_back(number && classes ? fmt::format("{}, class {}", part.name, row)
                                                  : fmt::format("{}, draw {}", part.name, row + 1));
  }
  for (std::int64_t i = 0; i < table.columns; ++i) {
    const auto value = fmt::format("{:.3g}", values[i].item<double>());
    table.column_words.push_back(classes ? fmt::format("{} | {}", i, value) : value);
  }
  table.x_label = classes ? "class | value of a number" : "value of a number";
  table.rows = std::ssize(table.row_words);
  return table;
}

}  // namespace

CodeTraversal code_traversal(const Informative& model, Prior& prior, std::int64_t steps, double low,
                             double high, Rng& rng) {
  const auto parts = model.code_parts();
  const bool classes = parts.front().kind == Kind::categorical;
  const auto columns = classes ? parts.front().size : steps;
  const auto values = torch::linspace(low, high, columns);
  std::vector<Tensor> rows;
  for (const auto& part : parts)
    rows.push_back(part.kind == Kind::categorical
                       ? class_rows(part, prior, rng)
                       : number_rows(part, parts.front(), prior, values, rng));
  return {torch::cat(rows), words_of(parts, values)};
}

}  // namespace kiln
