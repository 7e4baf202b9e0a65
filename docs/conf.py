"""Configuration of the documentation: `make docs`, offline and without warnings."""

import atexit
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

# Importing AiiDA makes a configuration folder: let it be one that nobody misses.
os.environ["AIIDA_PATH"] = tempfile.mkdtemp(prefix="hezsp-docs-")
atexit.register(shutil.rmtree, os.environ["AIIDA_PATH"], ignore_errors=True)
warnings.filterwarnings("ignore", message="Creating AiiDA configuration folder")
sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from aiida.manage.configuration import get_config  # noqa: E402 - after AIIDA_PATH is set

import aiida_hezsp  # noqa: E402

get_config(create=True).set_option("warnings.showdeprecations", False)  # autodoc looks at every attribute

project = "aiida-hezsp"
author = "the aiida-hezsp developers"
project_copyright = f"2026, {author}"
release = version = aiida_hezsp.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "plain_docstrings",
    "from_code",
    "benchmark_results",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"aiida-hezsp {release}"
html_static_path = ["_static"]
html_css_files = ["hezsp.css"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
default_role = "code"  # docstrings and help texts mark code by single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True
copybutton_prompt_text = "$ "

# A word in backticks may name attributes of several classes ("atoms", "exact"): it is then left as it is.
suppress_warnings = ["ref.python"]
