"""Settings of the documentation site, which ``python -m sphinx -W docs build/site`` builds.

Pages are the Markdown files beside this one. The reference is made of the docstrings of every name
in every ``__all__``, and the gallery of the scripts in ``examples``. Code cells and scripts run.
"""
import importlib
import logging
import os
import re
from pathlib import Path

import matplotlib as mpl
from numpydoc import numpydoc

import mathwork

HERE = Path(__file__).parent
os.environ["MATPLOTLIBRC"] = str(HERE / "matplotlibrc")     # also for the cells' own processes
os.environ["PYTHONPATH"] = os.pathsep.join(                 # cells may read what bench/ measured
    [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])

project = "mathwork"
copyright = "the mathwork developers"
version = release = mathwork.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax", "numpydoc",
              "myst_nb", "sphinx_copybutton", "sphinx_design", "sphinx_gallery.gen_gallery"]
templates_path = ["_templates"]
exclude_patterns = ["gallery/*.py", "gallery/*.ipynb"]
suppress_warnings = ["config.cache"]            # settings that are functions
highlight_language = "python"

# ---- reference ----

PUBLIC_MODULES = re.findall(r"^   (mathwork\.\w+)$", (HERE / "reference.md").read_text(), re.M)
autosummary_generate = True
autosummary_ignore_module_all = False           # the members are those of __all__ ...
autosummary_imported_members = True             # ... which come from the files of a folder
autodoc_typehints = "none"                      # the docstrings have them
autodoc_member_order = "bysource"
numpydoc_show_class_members = False             # the template has them
numpydoc_class_members_toctree = False
autodoc_preserve_defaults = True

def without_data(mangle_signature):
    """Return numpydoc's rule for signatures, but not of what Sphinx takes for data: ufuncs."""
    return lambda app, what, *rest: None if what == "data" else mangle_signature(app, what, *rest)


numpydoc.mangle_signature = without_data(numpydoc.mangle_signature)

# ---- pages ----

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 120
nb_render_markdown_format = "gfm"               # with tables

# ---- gallery ----

def use_our_style(gallery_conf, fname):
    """Give every script the style of the site."""
    mpl.use("agg")
    mpl.rc_file_defaults()


sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "reset_modules": (use_our_style,),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
    "within_subsection_order": "FileNameSortKey",
    "write_computation_times": False,
}

# ---- look ----

html_theme = "pydata_sphinx_theme"
html_title = "mathwork"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_nav_level": 1,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": []}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"


# ---- what the pages say of the tree is, on the site, where it says it ----

LINKS = {r"\.\./examples/(\w+)\.py": r"gallery/\1.rst", r"\.\./examples": "gallery/index.rst",
         r"\.\./README\.md": "index.md", r"\.\./CONTRIBUTING\.md": "contributing.md",
         r"\.\./SECURITY\.md": "security.md"}


def link_within_the_site(app, docname, source):
    """Turn links to files of the tree into links to pages."""
    for pattern, page in LINKS.items():
        source[0] = re.sub(rf"\]\({pattern}(#[\w-]+)?\)", rf"]({page})", source[0])


def leave_out(app, what, name, obj, skip, options):
    """Leave out fields of named tuples, which their class describes, and what scikit-learn adds."""
    return (skip or name.endswith(("_request", "get_metadata_routing"))
            or (getattr(obj, "__doc__", None) or "").startswith("Alias for field number"))


def leave_out_the_map(app, what, name, obj, options, lines):
    """Leave out the lines of a module's docstring that say in which file a name is."""
    if what == "module":
        lines[:] = [line for line in lines if not re.match(r"\w[\w, ]*\s{2,}\S|\s{4,}\S", line)]


def describe_constants(app, what, name, obj, options, lines):
    """Say of a constant its value, unit, uncertainty and source, not what its class is."""
    if isinstance(obj, mathwork.constants.Constant):
        margin = f" +- {obj.uncertainty:g}" if obj.uncertainty else ""
        exactly = "" if margin else ", exactly"
        lines[:] = [f"{float(obj):.15g}{margin} {obj.si_unit}{exactly}. Source: {obj.source}."]


def every_public_name_is_there(app, exception):
    """Warn of a name in an ``__all__`` that the reference has no entry for."""
    from sphinx.util.logging import getLogger

    if exception or app.builder.name != "html":
        return
    described = {name for name, *_ in app.env.get_domain("py").get_objects()}
    for module_name in PUBLIC_MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            if f"{module.__name__}.{name}" not in described:
                getLogger(__name__).warning("%s.%s is not in the reference", module.__name__, name)


def setup(app):
    # A pattern in a table of contents is a place for pages that may be there.
    logging.getLogger("sphinx.sphinx.directives.other").addFilter(
        lambda record: getattr(record, "subtype", None) != "empty_glob")
    app.connect("source-read", link_within_the_site)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("autodoc-process-docstring", leave_out_the_map)
    app.connect("autodoc-process-docstring", describe_constants, priority=400)
    app.connect("build-finished", every_public_name_is_there)
