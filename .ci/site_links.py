#!/usr/bin/env python3
"""Checks the rendered site: every link leads to a page or an anchor of it, no link leads out of it to a file, headings are in order, images have
a text. Also checks that blocks of TOML, shell and Python in the pages of docs/ can be parsed. `site_links.py target/site`

Links to other hosts are not followed: their form is checked, and their hosts are listed.
"""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

site = Path(sys.argv[1]).resolve()
docs = Path(__file__).resolve().parent.parent / "docs"


class Page(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.path = path
        self.links, self.ids, self.headings, self.problems = [], [], [], []
        self.in_main = False
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        it = dict(attributes)
        if tag == "main":
            self.in_main = True
        if it.get("id"):
            self.ids.append(it["id"])
        if tag == "a" and it.get("name"):
            self.ids.append(it["name"])
        for name in ("href", "src", "data-src"):
            if it.get(name) is not None and tag != "base":
                self.links.append((tag, it[name]))
        if tag == "form" and it.get("action"):
            self.links.append((tag, it["action"]))
        if tag == "img" and not it.get("alt", "").strip():
            self.problems.append(f"an image without a text: {it.get('src')}")
        if self.in_main and re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "a" and self.in_main and it.get("href") == "":
            self.problems.append("a link without a target")

    def handle_endtag(self, tag):
        if tag == "main":
            self.in_main = False


def parsed(folder):
    return {path: Page(path) for path in sorted(folder.rglob("*.html"))}


def problems(pages, root):
    """What is wrong with the pages, and the links to other hosts."""
    found, outside = [], Counter()
    for path, page in pages.items():
        name = path.relative_to(root)
        # These are shown by others: a list of pages, and the page for a URL that does not exist, whose links begin at the root of the site.
        base = root if name.name == "404.html" else path.parent
        found += [f"{name}: {it}" for it in page.problems]
        twice = [it for it, count in Counter(page.ids).items() if count > 1]
        if twice:
            found.append(f"{name}: ids that are there twice: {twice[:3]}")
        if name.name not in ("toc.html", "404.html"):
            if page.headings[:1] != [1] or page.headings.count(1) != 1:
                found.append(f"{name}: it does not begin with its only h1: {page.headings[:5]}")
            for before, after in zip(page.headings, page.headings[1:]):
                if after > before + 1:
                    found.append(f"{name}: a heading of level {after} after one of level {before}")
        for tag, link in page.links:
            split = urlsplit(link)
            if split.scheme or split.netloc:
                if split.scheme not in ("http", "https", "mailto") or (split.scheme != "mailto" and "." not in split.netloc):
                    found.append(f"{name}: {link} is no URL")
                elif tag in ("script", "link", "img", "iframe", "form"):
                    found.append(f"{name}: {tag} from another host: {link}")
                else:
                    outside[split.netloc] += 1
                continue
            target = path if not split.path else (root / unquote(split.path).lstrip("/") if split.path.startswith("/") else base / unquote(split.path))
            target = target.resolve()
            if target.is_dir():
                target /= "index.html"
            if not target.is_relative_to(root) or not target.is_file():
                found.append(f"{name}: {link} leads to no file of the site")
            elif target.suffix == ".html" and split.fragment and target in pages and unquote(split.fragment) not in pages[target].ids:
                found.append(f"{name}: {link}: the page has no such anchor")
            elif tag == "a" and target.suffix not in (".html", ".svg", ".png"):
                found.append(f"{name}: {link} is no page")
    return found, outside


def blocks():
    """Blocks of the pages that cannot be parsed, and how many were."""
    found, count = [], Counter()
    for path in sorted(docs.rglob("*.md")):
        for language, code in re.findall(r"^```(\w+)[^\n]*\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE):
            name = f"docs/{path.relative_to(docs)}"
            first = code.splitlines()[0] if code else ""
            try:
                if language == "toml":
                    tomllib.loads(code)
                elif language == "python":
                    compile(code, name, "exec")
                elif language == "sh":
                    subprocess.run(["bash", "-n"], input=code, text=True, check=True, capture_output=True)
                elif language == "console":
                    # A recorded session: commands with a prompt, and their output.
                    if not code.startswith("$ "):
                        found.append(f"{name}: a session that does not begin with a prompt: {first}")
                elif language not in ("rust", "text", "json"):
                    found.append(f"{name}: a block of the unknown language {language}: {first}")
                count[language] += 1
            except (tomllib.TOMLDecodeError, SyntaxError, subprocess.CalledProcessError) as error:
                found.append(f"{name}: {first}: {getattr(error, 'stderr', None) or error}")
    return found, count


pages = parsed(site)
if len(pages) < 30:
    sys.exit(f"{len(pages)} pages in {site}")
found, outside = problems(pages, site)
wrong, count = blocks()
found += wrong
links = sum(len(page.links) for page in pages.values())
print(f"{len(pages)} pages, {links} links")
print("blocks: " + ", ".join(f"{number} {language}" for language, number in sorted(count.items())))
print("other hosts, not followed: " + ", ".join(f"{host} ({number})" for host, number in sorted(outside.items())))
if found:
    print("\n".join(found), file=sys.stderr)
    sys.exit(f"{len(found)} problems")
