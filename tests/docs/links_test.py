#!/usr/bin/env python3
"""Every relative link in the project's Markdown files leads to a file, and every anchor to a heading."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def pages():
    """The Markdown files of the project: those that git knows, or all that are not built."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]
    return [page for page in ROOT.rglob("*.md") if "build" not in page.relative_to(ROOT).parts]


def without_code(text):
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "code", text)


def anchors(page):
    """The names that GitHub gives a page's headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ +(.*?)\s*$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        if not to.exists():
            yield f"{page.relative_to(ROOT)}: {target} is no file"
        elif anchor and anchor not in anchors(to):
            yield f"{page.relative_to(ROOT)}: {target} is no heading"


def main():
    found = pages()
    faults = [fault for page in found for fault in broken(page)]
    print("\n".join(faults))
    return not found or bool(faults)


if __name__ == "__main__":
    sys.exit(main())
