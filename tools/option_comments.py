#!/usr/bin/env python3
"""Prints a header in which every option's member has its help as a comment, for doxygen: option_comments.py HEADER"""

import re
import sys
from pathlib import Path

VISIT = re.compile(r'visit\(\s*"(\w+)",\s*self\.(\w+),\s*(?:\w+\()?(?:Field\{\.help = )?((?:"(?:[^"\\]|\\.)*"\s*)+)')
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def with_comments(text):
    """The same text with `///< HELP` behind each member that fields() visits."""
    for name, member, literals in VISIT.findall(text):
        words = "".join(LITERAL.findall(literals))
        declared = re.compile(rf"^(  [\w:<>, ]+ {member}(?: = [^;\n]+)?;)$", re.MULTILINE)
        text = declared.sub(lambda found, words=words: f"{found.group(1)}  ///< {words}.", text, count=1)
    return re.sub(r"^(  template <class Self, class Visitor>)$", r"  /// Shows a visitor every option.\n\1", text, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.stdout.write(with_comments(Path(sys.argv[1]).read_text(encoding="utf-8")))
