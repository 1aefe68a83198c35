"""Files of JSON lines: one object a line."""

import json
import os


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path, lines):
    """The file as a whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text("".join(json.dumps(line) + "\n" for line in lines))
    os.replace(temporary, path)
