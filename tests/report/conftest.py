"""Equal drawings are made once a session: nearly all tests of the pages show the same charts again."""

import functools
import pickle
import sys

import pytest

import kgan.report.page  # noqa: F401  (brings all that draws)
from kgan.report.box_plots import draw_boxes
from kgan.report.cgan_kd_figures import by_name, histogram, over_values
from kgan.report.embedding import draw_embedding
from kgan.report.figures import against_d, against_ratio, in_columns, over_levels, over_steps
from kgan.report.graph_drawing import draw_graph

DRAWING = (against_d, against_ratio, by_name, draw_boxes, draw_embedding, draw_graph, histogram, in_columns,
           over_levels, over_steps, over_values)


def kept(draw):
    """`draw`, which is asked once for each set of arguments; they are compared by all of their content."""
    drawn = {}

    @functools.wraps(draw)
    def ask(*arguments, **named):
        key = pickle.dumps((arguments, sorted(named.items())))
        if key not in drawn:
            drawn[key] = draw(*arguments, **named)
        return drawn[key]

    return ask


KEPT = {draw: kept(draw) for draw in DRAWING}


@pytest.fixture
def drawn_anew():
    """For tests of whether drawing twice gives the same."""


@pytest.fixture(autouse=True)
def drawn_once(request, monkeypatch):
    if "drawn_anew" in request.fixturenames:
        return
    rooms = [module for name, module in sys.modules.items() if name.startswith("kgan.report.")]
    for room in rooms:
        for name, value in list(vars(room).items()):
            if any(value is draw for draw in DRAWING):
                monkeypatch.setattr(room, name, KEPT[value])
