"""Settings of the documentation, for Sphinx: `make docs` builds it, and made.py fills in what is data."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import made

project = "kloof"
author = "kloof"
language = "en"
extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["README.md"]
html_theme = "furo"
html_title = "kloof"
html_static_path = ["static"]
html_css_files = ["kloof.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}
templates_path: list[str] = []

# docstrings are plain text with code between single backticks
default_role = "code"
highlight_language = "none"
add_module_names = True
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
maximum_signature_line_length = 100

# notebooks are shown as they were run
nb_execution_mode = "off"
nb_merge_streams = True
nb_output_stderr = "remove"
myst_heading_anchors = 3
myst_links_external_new_tab = False
suppress_warnings = ["mystnb.unknown_mime_type"]


def setup(app):  # type: ignore[no-untyped-def]
    """Fill in what is data, and let a page in Dutch say so."""
    app.add_config_value("kloof_executed", "", "env", str)
    app.connect("builder-inited", made.gallery)
    app.connect("source-read", made.fill)
    app.connect("include-read", made.linked)
    app.connect("autodoc-process-signature", made.signature)
    app.connect("html-page-context", made.spoken)
    app.connect("build-finished", made.tidied)
