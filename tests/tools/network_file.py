"""The script of docs/network-file.md, as it stands there: evaluate(file, x)."""
import pathlib
import re

_PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "network-file.md"
SCRIPT = re.search(r"```python\n(.*?)```", _PAGE.read_text(), re.DOTALL)[1]

exec(compile(SCRIPT, str(_PAGE), "exec"))  # pylint: disable=exec-used
