import base64
import hashlib
import re
from pathlib import Path

import pytest
from explorer_content import HOSTILE, hostile, mixed

import aiida_hezsp.report.explorer.page as page_module
from aiida_hezsp.errors import HezspError
from aiida_hezsp.report.explorer.packing import unpack_json
from aiida_hezsp.report.explorer.page import SCRIPTS, render_explorer, write_explorer
from aiida_hezsp.report.explorer.source import ExplorerContent, gather_explorer

ASSETS = Path(page_module.__file__).parent / "assets"
MAX_LINES = 400
MIN_CONTRAST = 4.5  # WCAG 2.2, AA, text


@pytest.fixture(scope="module")
def content(discovery):
    return gather_explorer(discovery.nodes.discover)


@pytest.fixture(scope="module")
def page(content):
    return render_explorer(content)


def element(page, pattern):
    (found,) = re.findall(pattern, page, flags=re.DOTALL)
    return found


def test_data_come_back(page, content):
    packed = element(page, r'<script type="application/octet-stream" id="table">(.*?)</script>')
    assert unpack_json(packed) == content.table


def test_policy_names_what_is_inside(page):
    policy = element(page, r'http-equiv="Content-Security-Policy" content="(.*?)"')
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        inside = element(page, rf"<{tag}>(.*?)</{tag}>")
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "connect-src" not in policy  # falls back to 'none'


def test_page_asks_for_nothing(page):
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|importScripts|eval|innerHTML)\b", page)


def test_all_scripts_are_joined_and_short():
    assert sorted(SCRIPTS) == sorted(path.name for path in ASSETS.glob("*.js"))
    for path in ASSETS.iterdir():
        assert len(path.read_text(encoding="utf8").splitlines()) < MAX_LINES, path.name


def test_markup_in_data_stays_text(content):
    page = render_explorer(hostile(content))
    assert "document.title='broken'" not in page
    assert HOSTILE not in page
    assert page.count("</script>") == 3  # table, structures, script


def test_banner_says_what_made_the_labels(content, page):
    assert "Stand-in labels, no VASP ran." in page
    assert "All predictions rest" in page
    assert "2 of 3 predictions rest" in render_explorer(mixed(content))


def test_no_banner_without_stand_in(content):
    table = {**content.table, "engines": [["vasp 6.4.2"]]}
    assert "Stand-in labels, no VASP ran." not in render_explorer(ExplorerContent(table, None))


def test_structures_can_be_left_out(content):
    assert 'id="structures"' not in render_explorer(ExplorerContent(content.table, None))


def test_folder_that_does_not_exist(content, tmp_path):
    with pytest.raises(HezspError, match="is not a directory"):
        write_explorer(content, tmp_path / "no" / "page.html")


def colors_of(theme):
    """Return the custom properties of one theme."""
    blocks = re.findall(r":root \{(.*?)\}", (ASSETS / "explorer.css").read_text(encoding="utf8"), flags=re.DOTALL)
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[theme == "dark"]))


def luminance(color):
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("ink", "paper"), ("ink", "ground"), ("ink", "raised"), ("ink", "chosen"), ("ink", "hover"),
        ("soft", "paper"), ("soft", "ground"), ("soft", "raised"), ("soft", "chosen"), ("warn", "warn-ground"),
        ("on-accent", "accent"), ("accent", "paper"), ("accent", "raised"), ("paper", "good"), ("paper", "bad"),
        ("up", "paper"), ("down", "paper"),
    ],
)  # fmt: skip
def test_text_has_contrast(theme, ink, ground):
    colors = colors_of(theme)
    light, dark = sorted((luminance(colors[ink]), luminance(colors[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= MIN_CONTRAST
