"""Sphinx configuration: MyST pages, no network, every warning an error (`make docs`)."""

from importlib.metadata import version as version_of

project = "gigawatt"
author = "The gigawatt authors"
copyright = "2026, the gigawatt authors; Apache-2.0"
release = version = version_of("gigawatt")
language = "en-GB"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "generated"]  # generated/*.md are included by the pages of reference/

myst_enable_extensions = ["amsmath", "attrs_inline", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

autodoc_typehints = "none"  # the docstrings say types and units
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
nitpicky = False

html_theme = "furo"
html_title = f"gigawatt {release}"
html_show_sourcelink = False
html_copy_source = False
