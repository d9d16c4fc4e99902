"""How Sphinx builds the pages of this folder: `make docs` (noxfile.py), whose site is in build/docs.

Knows: the engine's settings, the form in which docstrings and fences are written here. Must not know: any page.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from llm_intercept import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

project = "llm-intercept"
version = release = __version__
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_llm_friendly",
]
extensions += ["docstrings", "llms_full", "outside_links"]  # of this folder
llm_friendly_llms_txt_toctree_only = True
exclude_patterns = ["faults/*", "_*"]
nitpicky = True
default_role = "code"  # in docstrings `name` is code, as it is in Markdown

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_type_aliases = {name: name for name in ("ConditionLike", "ReplyLike")}  # by name, and not all that they are
napoleon_use_ivar = True
python_maximum_signature_line_length = 72
smartquotes = False  # they make one dash of a flag's two

html_theme = "furo"
html_title = f"llm-intercept {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

_TITLED = re.compile(r'^```(\w+) title="([^"]+)"$', re.MULTILINE)


def _show_titles(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Give a fence with a title, which is a file that tests write and run, the title as its caption."""
    source[0] = _TITLED.sub(r"```{code-block} \1\n:caption: \2\n", source[0])


def setup(app: Sphinx) -> None:
    """Say what is done beside the extensions."""
    app.connect("source-read", _show_titles)
