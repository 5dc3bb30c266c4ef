#include "kiln/use/html.h"

#include <fmt/format.h>

#include "kiln/io/atomic_file.h"
#include "kiln/io/base64.h"
#include "kiln/io/svg.h"

namespace kiln::report {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;  // of a picture in the page

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --paper: #fbfaf8; --card: #fff; --ink: #1c1b1a; --faint: #6b6762;
  --line: #e2ded8; --accent: #b4481e; --code: #f3f0eb }
@media (prefers-color-scheme: dark) { :root { --paper: #171614; --card: #201f1c; --ink: #ece8e1;
  --faint: #a29c93; --line: #3a3733; --accent: #f0915f; --code: #2a2825 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem clamp(.8rem, 3vw, 2rem) 4rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
h1 { font-size: 1.6rem; margin: .2rem 0 }
h2 { font-size: 1.3rem; margin: 0 0 .2rem; overflow-wrap: anywhere }
h3 { font-size: .95rem; margin: 1.8rem 0 .6rem; color: var(--accent) }
p { margin: .3rem 0 .8rem } .faint, figcaption, th { color: var(--faint) }
a { color: inherit; text-decoration-color: var(--accent) }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: clamp(.8rem, 3vw, 1.6rem); margin: 1.5rem 0 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .3rem 1.1rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top }
th { font-weight: 500; font-size: .85rem } td { overflow-wrap: anywhere; min-width: 3.5rem }
code, pre { font: .85rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; background: var(--code);
  border-radius: .3rem }
code { padding: .1rem .3rem } pre { padding: .7rem .9rem; overflow-x: auto; margin: .4rem 0 }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
  gap: 1.2rem; align-items: start }
.strip { display: flex; gap: .8rem; overflow-x: auto; padding-bottom: .4rem }
figure { margin: 0; min-width: 0 } figcaption { font-size: .82rem; margin-top: .3rem }
.plot { overflow-x: auto } .plot svg { width: 100%; min-width: 20rem; max-width: 44rem; height: auto;
  display: block; border-radius: .3rem }
@media (prefers-color-scheme: dark) { .plot svg { filter: invert(.87) hue-rotate(180deg) } }
.picture img { max-width: 100%; image-rendering: pixelated; border-radius: .3rem; display: block }
.frame { flex: 0 0 auto; width: 9rem } .frame img { width: 100%; border-radius: .3rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.1rem; margin: .6rem 0 }
dt { color: var(--faint) } dd { margin: 0; overflow-wrap: anywhere }
)";

}  // namespace

std::string escape_html(std::string_view text) { return escape_xml(text); }

std::string embedded_png(std::span<const std::uint8_t> png, std::string_view description) {
  return fmt::format(R"(<img alt="{}" src="data:image/png;base64,{}">)", escape_html(description),
                     base64(png));
}

std::string embedded_file(const std::filesystem::path& path, std::string_view description) {
  const auto bytes = read_file(path, kMostBytes);
  if (path.extension() != ".svg") return embedded_png(bytes, description);
  return fmt::format(R"(<img alt="{}" src="data:image/svg+xml;base64,{}">)",
                     escape_html(description), base64(bytes));
}

std::string figure(std::string_view kind, std::string_view content, std::string_view caption) {
  return fmt::format("<figure class=\"{}\">{}<figcaption>{}</figcaption></figure>\n", kind, content,
                     escape_html(caption));
}

std::string table(const std::vector<std::string>& head,
                  const std::vector<std::vector<std::string>>& rows) {
  std::string text = "<div class=\"scroll\"><table><thead><tr>";
  for (const auto& cell : head) text += "<th>" + escape_html(cell) + "</th>";
  text += "</tr></thead><tbody>\n";
  for (const auto& row : rows) {
    text += "<tr>";
    for (const auto& cell : row) text += "<td>" + cell + "</td>";
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      escape_html(title), kStyle, body);
}

}  // namespace kiln::report
