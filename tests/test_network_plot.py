"""The picture of a network: nodes in columns, weights as lines with their sign and size."""
import numpy as np
import pytest
from helpers import raises

from mathwork.nn import Dense, LayerNorm, Network, Residual
from mathwork.nn.picture import NEGATIVE, POSITIVE, columns_of

matplotlib_figure = pytest.importorskip("matplotlib.figure")
backend = pytest.importorskip("matplotlib.backends.backend_agg")
colors = pytest.importorskip("matplotlib.colors")


def axes():
    return matplotlib_figure.Figure().add_subplot()


def texts(ax):
    return [text.get_text() for text in ax.texts]


def lines(ax, layer=0):
    """{(node before, node after): (colour, width)}, nodes counted from the top of their column"""
    drawn = ax.collections[layer]
    ends = [[tuple(point) for point in path.vertices] for path in drawn.get_paths()]
    tops = [sorted(line.get_ydata(), reverse=True) for line in ax.lines]
    return {(tops[layer].index(start[1]), tops[layer + 1].index(stop[1])):
            (colors.to_hex(color), width) for (start, stop), color, width in zip(
                ends, drawn.get_colors(), drawn.get_linewidths(), strict=True)}


def test_a_line_has_the_sign_and_the_size_of_its_weight():
    found = lines(Network([Dense([[2.0, -1.0, 0.0]])]).plot(axes()))
    assert found.keys() == {(0, 0), (1, 0)}             # a weight of 0 has no line
    assert found[0, 0][0] == colors.to_hex(POSITIVE)
    assert found[1, 0][0] == colors.to_hex(NEGATIVE)
    assert found[0, 0][1] > found[1, 0][1]


def test_all_nodes_of_small_networks_are_drawn():
    ax = Network.he((4, 12, 2), rng=0).plot(axes())
    assert [len(line.get_ydata()) for line in ax.lines] == [4, 12, 2]
    assert [len(drawn.get_paths()) for drawn in ax.collections] == [48, 24]
    assert {"4\ninputs", "12\nrelu", "2\nsigmoid"} <= {*texts(ax)}
    assert not any("more" in text for text in texts(ax))


@pytest.mark.parametrize("nodes", [2, 5, 12])
def test_large_columns_are_cut_and_counted(nodes):
    ax = Network.he((784, 128, 10), rng=0).plot(axes(), nodes=nodes)
    assert [len(line.get_ydata()) for line in ax.lines] == [nodes, nodes, min(nodes, 10)]
    assert f"{784 - nodes:,}\nmore" in texts(ax)
    assert f"{128 - nodes:,}\nmore" in texts(ax)


def test_lines_of_large_columns_are_those_of_the_nodes_that_are_drawn():
    weight = np.zeros((1, 30))
    weight[0, [0, 29]] = 1, -1                          # the first input and the last
    found = lines(Network([Dense(weight)]).plot(axes()))
    assert {ends: color for ends, (color, _) in found.items()} == {
        (0, 0): colors.to_hex(POSITIVE), (11, 0): colors.to_hex(NEGATIVE)}


def test_deep_networks_are_cut_in_the_middle():
    ax = Network.he([2] * 41, rng=0).plot(axes())
    assert len(ax.lines) == 12 and len(ax.collections) == 10
    assert "\u22ef\n29\nmore" in texts(ax)              # 41 columns


def test_names_of_inputs_and_outputs():
    net = Network.he((2, 3), rng=0)
    named = net.plot(axes(), inputs=["height", "$age$"], outputs=iter("abc"))
    assert {"height", r"\$age\$", "a", "b", "c"} <= {*texts(named)}
    labelled = Network(net.layers, classes=["no", "perhaps", "yes"])
    assert {"no", "perhaps", "yes"} <= {*texts(labelled.plot(axes()))}
    assert "no" not in texts(labelled.plot(axes(), outputs=["abc"] * 3))
    assert {*"abc"}.isdisjoint(texts(net.plot(axes())))


def test_norms_and_residuals():
    net = Network([LayerNorm([1.0, -2.0]), Residual([Dense(np.ones((3, 2))),
                                                     Dense(np.ones((2, 3)))], "tanh")])
    columns, shortcuts = columns_of(net.layers)
    assert [column.size for column in columns] == [2, 2, 3, 2]
    assert shortcuts == [(1, 3, "tanh")]
    ax = net.plot(axes())
    assert lines(ax).keys() == {(0, 0), (1, 1)}
    assert len(ax.patches) == 1 and "+, tanh" in texts(ax)


def test_the_shortcut_of_a_residual_is_above_those_inside_it():
    inner = Residual([Dense(np.eye(2))])
    _, shortcuts = columns_of([Residual([inner, inner])])
    assert [pair[:2] for pair in shortcuts] == [(0, 1), (1, 2), (0, 2)]
    ax = Network([Residual([inner, inner])]).plot(axes())
    heights = [patch.get_path().vertices[:, 1].max() for patch in ax.patches]
    assert heights[2] > max(heights[:2])


@pytest.mark.parametrize("weight", [[[np.nan, np.inf]], [[0.0, 0.0]], [[-np.inf, 1e308]]])
def test_weights_of_any_kind(weight):
    figure = matplotlib_figure.Figure()
    Network([Dense(weight)], dtype=float).plot(figure.add_subplot())
    pytest.importorskip("matplotlib.backends.backend_agg").FigureCanvasAgg(figure).draw()


def test_a_new_figure_without_axes():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    ax = Network.he((2, 1), rng=0).plot()
    assert ax.figure.number in pyplot.get_fignums()
    pyplot.close(ax.figure)


def test_bad_arguments():
    net = Network.he((2, 1), rng=0)
    with raises(ValueError, "inputs must be 2 names, one a node, got 1"):
        net.plot(axes(), inputs=["a"])
    with raises(ValueError, "outputs must be 1 names, one a node, got 2"):
        net.plot(axes(), outputs=["a", "b"])
    with raises(TypeError, "inputs must be a sequence of str, one a node, got 'ab'"):
        net.plot(axes(), inputs="ab")
    with raises(ValueError, "nodes must be between 2 and 64, got 1"):
        net.plot(axes(), nodes=1)
    with raises(TypeError, "ax must be Axes of matplotlib, got 3"):
        net.plot(3)


class HostileText(str):
    def replace(self, *args):
        raise RuntimeError("no text")
    __str__ = __len__ = __getitem__ = replace


@pytest.mark.parametrize("name", [
    HostileText("a"), "a\ud800", "\0", "\u202ea", "a\t\nb", "$", "\\$a$\\", "a" * 10_000, ""],
    ids=range(9))
def test_any_name_is_drawn(name):
    labelled = Network([Dense([[1.0], [1.0]])], classes=np.array([name, "b"], object))
    for ax in (labelled.plot(axes()), Network.he((2, 2), rng=0).plot(axes(), inputs=[name, "b"],
                                                                     outputs=["b", name])):
        backend.FigureCanvasAgg(ax.figure).draw()
        assert all(len(text) < 100 and "\n" not in text for text in texts(ax)[-2:])
