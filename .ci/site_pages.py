#!/usr/bin/env python3
"""Preprocessor of the site (docs/book.toml): pages of docs/ as mdBook needs them.

- A link to a file outside docs/ leads to a page that shows the file. A link to a folder leads to a list of its files. The pages are
  appended to the book as the chapter "Source files".
- A diagram (`![text](diagrams/name.svg)`) becomes part of the page, so that it follows the theme of the site.

Code is left alone: links are rewritten outside of code blocks and code spans only.
"""

import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = "source"
LANGUAGES = {".rs": "rust", ".toml": "toml", ".py": "python", ".sh": "sh", ".json": "json"}
# In folders these are listed. `target` is never part of the repository.
LISTED = {".rs", ".toml", ".py", ".md"}

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
# `](target)` and `[label]: target`
INLINE = re.compile(r"(?<=\]\()([^()\s]+)(?=\))")
DEFINITION = re.compile(r"^( {0,3}\[[^\]]+\]: +)(\S+)", re.MULTILINE)
# Links of rustdoc, in tables that are made of comments.
RUSTDOC = re.compile(r"\[([^\[\]]+)\]\(\w+::[^()\s]+\)")
DIAGRAM = re.compile(r"^!\[([^\]]*)\]\((diagrams/[^)]+\.svg)\)$", re.MULTILINE)
SPAN = re.compile(r"(`+)(?:(?!\1).)+?\1(?!`)", re.DOTALL)


class Problem(Exception):
    """A page that cannot be shown as it is."""


def outside_code(text, change):
    """Applies `change` to the parts of a page that are prose: neither code blocks nor code spans."""
    out, prose, fence = [], [], None

    def flush():
        # Code spans are cut out, and changed prose is put around them.
        block = "".join(prose)
        spans = iter([span.group() for span in SPAN.finditer(block)])
        out.append(re.sub("\x00", lambda _: next(spans, ""), change(SPAN.sub("\x00", block))))
        prose.clear()

    for line in text.splitlines(keepends=True):
        mark = FENCE.match(line)
        if fence:
            out.append(line)
            if mark and mark.group(1)[0] == fence[0] and len(mark.group(1)) >= len(fence) and not line.strip(" `~\n"):
                fence = None
        elif mark:
            flush()
            fence = mark.group(1)
            out.append(line)
        else:
            prose.append(line)
    flush()
    return "".join(out)


class Sources:
    """The files outside docs/ that pages link to, and the pages that show them."""

    def __init__(self):
        self.pages = {}  # path in the repository -> chapter
        self.waiting = []

    def page(self, path):
        """The page of a file or folder, as a path below docs/."""
        name = f"{PAGES}/{path}.md"
        if path not in self.pages:
            self.pages[path] = None
            self.waiting.append(path)
        return name

    def finish(self):
        while self.waiting:
            path = self.waiting.pop()
            self.pages[path] = self.render(path)
        return [self.pages[path] for path in sorted(self.pages)]

    def render(self, path):
        place = ROOT / path
        if place.is_dir():
            content = self.folder(path, place)
        elif place.suffix == ".md":
            content = rewrite(place.read_text(), Path(path).parent, f"{PAGES}/{path}.md", self)
        else:
            content = self.file(path, place)
        return chapter(path, content, f"{PAGES}/{path}.md")

    def folder(self, path, place):
        lines = [f"# `{path}`\n", "The files of this folder of the repository.\n", "| file | purpose |", "|---|---|"]
        # Of a package its root, and what lies below it.
        files = [it for it in sorted(place.rglob("*")) if it.is_file() and it.suffix in LISTED and "target" not in it.parts]
        if not files:
            raise Problem(f"{path}: no files")
        for file in files:
            below = file.relative_to(ROOT).as_posix()
            target = relative(self.page(below), f"{PAGES}/{path}.md")
            lines.append(f"| [`{file.relative_to(place).as_posix()}`]({target}) | {escape(purpose(file))} |")
        return "\n".join(lines) + "\n"

    def file(self, path, place):
        text = place.read_text()
        language = LANGUAGES.get(place.suffix, "text")
        # `# ` at the start of a line hides it in mdBook; a source has none outside of raw strings.
        ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
        intro = purpose(place)
        return f"# `{path}`\n\n{escape(intro) + chr(10) * 2 if intro else ''}{ticks}{language}\n{text.rstrip()}\n{ticks}\n"


def purpose(place):
    """The first sentence of a file's own documentation."""
    if place.suffix not in (".rs", ".py"):
        return ""
    found = []
    for line in place.read_text().splitlines():
        if line.startswith("//!"):
            line = line[3:].strip()
            if not line:
                break
            found.append(line)
        elif found or (line and not line.startswith(("//", "#!["))):
            break
    text = " ".join(found)
    end = re.search(r"\.(?= |$)", text)
    return text[: end.end()] if end else text


def escape(text):
    """Links of rustdoc are text here."""
    text = re.sub(r"\[(`[^`]+`)\](\([^)]*\))?", r"\1", text)
    return text.replace("|", "\\|")


def relative(target, page):
    return os.path.relpath(target, os.path.dirname(page) or ".").replace(os.sep, "/")


def rewrite(text, folder, page, sources):
    """Links of a page that lies in `folder` of the repository and is shown as `page` of the site."""

    def lead(target):
        if re.match(r"[a-z][a-z0-9+.-]*:", target) or target.startswith(("#", "/")):
            return target
        path, mark, anchor = target.partition("#")
        place = os.path.normpath(ROOT / folder / path)
        if not os.path.exists(place):
            raise Problem(f"{page}: {target} does not exist")
        inside = os.path.relpath(place, DOCS).replace(os.sep, "/")
        if not inside.startswith(".."):
            # A page, or an image.
            shown = inside
            if os.path.isdir(place):
                raise Problem(f"{page}: {target} is a folder of docs/: link to a page")
        else:
            below = os.path.relpath(place, ROOT).replace(os.sep, "/")
            if below.startswith(".."):
                raise Problem(f"{page}: {target} is outside of the repository")
            shown = sources.page(below)
        return relative(shown, page) + mark + anchor

    def change(prose):
        prose = RUSTDOC.sub(r"\1", prose)
        prose = INLINE.sub(lambda found: lead(found.group()), prose)
        return DEFINITION.sub(lambda found: found.group(1) + lead(found.group(2)), prose)

    return outside_code(text, change)


def diagrams(text, page):
    """The drawing itself in place of a reference to it."""

    def show(found):
        alternative, path = found.groups()
        drawing = (DOCS / os.path.dirname(page) / path).read_text()
        drawing = re.sub(r"<\?xml.*?\?>|<!--.*?-->", "", drawing, flags=re.DOTALL)
        # One block of HTML: Markdown ends it at an empty line.
        drawing = "\n".join(line for line in drawing.splitlines() if line.strip())
        if not alternative:
            raise Problem(f"{page}: {path} has no text")
        return f'<div class="diagram" role="group" aria-label="{alternative}">\n{drawing}\n</div>'

    return outside_code(text, lambda prose: DIAGRAM.sub(show, prose))


def chapter(name, content, path):
    return {
        "Chapter": {
            "name": name,
            "content": content,
            "number": None,
            "sub_items": [],
            "path": path,
            "source_path": None,
            "parent_names": [],
        }
    }


def chapters(items):
    for item in items:
        if isinstance(item, dict) and "Chapter" in item:
            yield item["Chapter"]
            yield from chapters(item["Chapter"]["sub_items"])


def main():
    if sys.argv[1:2] == ["supports"]:
        sys.exit(0 if sys.argv[2] == "html" else 1)
    _, book = json.load(sys.stdin)
    sources = Sources()
    for each in chapters(book["items"]):
        if each["path"]:
            content = rewrite(each["content"], Path("docs") / Path(each["path"]).parent, each["path"], sources)
            each["content"] = diagrams(content, each["path"])
    pages = sources.finish()
    lines = ["# Source files\n", "Files of the repository that pages of this site refer to.\n"]
    for page in pages:
        it = page["Chapter"]
        it["parent_names"] = ["Source files"]
        place = ROOT / it["name"]
        about = purpose(place) if place.is_file() else ""
        target = relative(it["path"], "source-files.md")
        lines.append(f"- [`{it['name']}`]({target}){': ' + escape(about) if about else ''}")
    index = chapter("Source files", "\n".join(lines) + "\n", "source-files.md")
    index["Chapter"]["sub_items"] = pages
    book["items"] += ["Separator", index]
    json.dump(book, sys.stdout)


if __name__ == "__main__":
    try:
        main()
    except Problem as problem:
        print(f"site: {problem}", file=sys.stderr)
        sys.exit(1)
