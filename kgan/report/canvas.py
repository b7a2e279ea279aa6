"""The ground of every chart: inline SVG whose text stays text and whose colours are the page's own.

So light and dark both work. The figures are drawn with matplotlib's objects (no pyplot) and are the same
bytes for the same numbers.
"""

import html
import io
import re
from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

#: A colour a role, everywhere on the page, with a marker of its own: Okabe and Ito's palette, safe for
#: colour-blind readers, its purple darker, and a grey. The style sheet has lighter ones for dark screens.
ROLE_COLOURS = {"teacher": "#0072b2", "student": "#d55e00", "control": "#009e73", "variant": "#a04e85",
                "plain": "#5f6b76"}
MARKERS = {"teacher": "D", "student": "o", "control": "s", "variant": "^", "plain": "v"}

#: Drawn in this colour, text and axes take the colour of the text around the figure.
INK = "#010203"

#: A colour a gate; black and red as the collaborative paper's figure 8 has them.
GATE_COLOURS = {"through": INK, "positive_linear": "#b2182b", "negative_linear": "#2166ac", "cutoff": "#8a8f94"}

_VARIABLES = {**ROLE_COLOURS, "rising": GATE_COLOURS["positive_linear"], "falling": GATE_COLOURS["negative_linear"],
              "cut": GATE_COLOURS["cutoff"]}

#: For `matplotlib.rc_context` around all drawing.
STYLE = {
    "svg.fonttype": "none", "text.parse_math": False, "axes.spines.top": False, "axes.spines.right": False,
    "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.grid": True, "grid.color": INK, "grid.alpha": 0.12, "grid.linewidth": 0.7,
    "axes.linewidth": 0.7, "axes.titlesize": 11, "axes.labelsize": 10, "legend.fontsize": 9.5,
    "legend.frameon": False, "legend.handlelength": 2.6, "xtick.labelsize": 9.5, "ytick.labelsize": 9.5,
    "axes.unicode_minus": False, "axes.axisbelow": True, "path.simplify_threshold": 0.5,
}


def new_axes(name: str, height: float = 3.7, box: tuple = (0.14, 0.14, 0.84, 0.72)) -> tuple[Figure, Axes]:
    """A figure 5.6 inches wide and `height` high, and its axes in `box` (left, bottom, width, height; 0 to 1)."""
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        # Fixed margins: a layout engine would draw every figure twice.
        figure = Figure(figsize=(5.6, height))
        FigureCanvasSVG(figure)
        return figure, figure.add_axes(box)


def add_legend(axes: Axes, handles: Sequence | None = None) -> None:
    """A legend of `handles`, or of what is drawn with a label, above the axes, where it hides no point."""
    handles = axes.get_legend_handles_labels()[0] if handles is None else handles
    labels = [handle.get_label() for handle in handles]
    if not handles:
        return
    columns = 2 if max(map(len, labels)) > 16 or len(labels) == 4 else 3
    rows = -(-len(labels) // columns)
    if rows > 2:
        left, bottom, width, height = axes.get_position().bounds
        axes.set_position((left, bottom, width, height - 0.055 * (rows - 2)))
    axes.legend(handles, labels, loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.2,
                ncols=min(columns, len(labels)), columnspacing=1.4)


def to_svg(figure: Figure, name: str, alt: str) -> str:
    """The figure as an SVG element for an HTML page: no ids, links or colours that leave the page."""
    file = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg"):]
    view = re.search(r'viewBox="([^"]*)"', text).group(1)
    body = text[text.index(">") + 1:text.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.DOTALL)
    # Its one rule holds for every element; in a page that would be all of the page.
    body = re.sub(r"<style.*?</style>\s*", "", body, flags=re.DOTALL)
    body = body.replace("xlink:href", "href")
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'href="#', f'href="#{name}-', body)
    body = re.sub(r"url\(#", f"url(#{name}-", body)
    body = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = body.replace(INK, "currentColor")
    for variable, colour in _VARIABLES.items():
        body = body.replace(colour, f"var(--{variable}, {colour})")
    title = html.escape(alt)
    return f'<svg class="chart" viewBox="{view}" role="img" aria-label="{title}">{body}</svg>'
