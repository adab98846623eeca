"""Graphs of PyTorch modules: what is seen, what is left as it was, and what is said when not all can be seen."""

from __future__ import annotations

from typing import Any

import pytest

import tracker

torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
nn = torch.nn


class Block(nn.Module):
    """A convolution that goes around itself."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x: Any) -> Any:
        """(N, 4, H, W) in and out."""
        return torch.relu(self.norm(self.conv(x))) + x


class Net(nn.Module):
    """Two blocks, shared weights, and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block()])
        self.drop = nn.Dropout()
        self.head = nn.Linear(64, 10)

    def forward(self, x: Any) -> Any:
        """(N, 4, 4, 4) to (N, 10)."""
        for block in self.blocks:
            x = block(x)
        return self.head(self.drop(x.flatten(1)))


class Odd(nn.Module):
    """Takes a way that depends on the numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(3, 5)
        self.two = nn.Linear(5, 2)

    def forward(self, x: Any) -> Any:
        """(N, 3) to (N, 2)."""
        y = self.one(x)
        return self.two(y) if y.sum().item() > -1e9 else y


def by_name(graph: tracker.Graph) -> dict[str, dict[str, Any]]:
    """Nodes by their name."""
    return {node["name"]: node for node in graph.nodes}


def test_every_operation_is_a_node_under_its_module() -> None:
    """With shapes, parameters, flops and the line that asked for it."""
    graph = tracker.Graph.of(Net(), torch.zeros(2, 4, 4, 4))
    nodes = by_name(graph)
    assert graph.notes == []
    conv = nodes["blocks/0/conv/conv2d"]
    assert conv["attrs"]["shape"] == [2, 4, 4, 4]
    assert conv["attrs"]["flops"] == 2 * (2 * 4 * 4 * 4) * (4 * 3 * 3)
    assert nodes["blocks/1/relu"]["attrs"]["source"].startswith("test_torch_graph.py:")
    assert nodes["head/weight"]["kind"] == "parameter"
    assert nodes["head/weight"]["attrs"]["parameters"] == 640
    assert nodes["blocks/0/norm/running_mean"]["attrs"]["parameters"] == 0
    total = sum(node["attrs"]["parameters"] for node in graph.nodes)
    assert total == sum(p.numel() for p in Net().parameters())
    edges = {(edge["source"], edge["target"]): edge for edge in graph.edges}
    assert edges["head/weight", "head/linear"]["shape"] == [10, 64]
    assert edges["head/linear", "output"]["shape"] == [2, 10]
    assert ("blocks/0/add", "blocks/1/add") in edges


def test_the_model_is_as_it_was() -> None:
    """Mode, statistics and random numbers."""
    model = Net().train()
    model.head.eval()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    random = torch.get_rng_state()
    tracker.Graph.of(model, torch.ones(2, 4, 4, 4))
    assert (model.training, model.head.training, model.drop.training) == (True, False, True)
    assert all((value == state[name]).all() for name, value in model.state_dict().items())
    assert (torch.get_rng_state() == random).all()


def test_what_export_cannot_follow_is_taken_with_hooks_and_said() -> None:
    """A way that depends on the numbers: modules, joined by what went between them."""
    graph = tracker.Graph.of(Odd(), torch.zeros(1, 3))
    assert len(graph.notes) == 1
    assert "not seen" in graph.notes[0]
    assert [(edge["source"], edge["target"]) for edge in graph.edges] == [
        ("input", "one/Linear"), ("one/Linear", "two/Linear"), ("two/Linear", "output"),
    ]  # fmt: skip
    assert by_name(graph)["one/Linear"]["attrs"]["parameters"] == 20
    (medium,) = graph.encode()
    assert medium.attributes["notes"] == graph.notes


def test_a_model_that_cannot_run_says_its_own_error() -> None:
    """Not one of ours in its place, and no hook stays behind."""
    model = Net()
    with pytest.raises(RuntimeError):
        tracker.Graph.of(model, torch.zeros(2, 3))
    assert not any(module._forward_hooks for module in model.modules())


def test_transformers_and_recurrent_nets() -> None:
    """As they come with torch; several inputs, several results."""
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    assert len(tracker.Graph.of(nn.TransformerEncoder(layer, 2), torch.zeros(1, 5, 16)).nodes) > 20
    assert tracker.Graph.of(nn.LSTM(3, 4), torch.zeros(5, 1, 3)).nodes
    assert tracker.Graph.of(nn.Bilinear(2, 3, 4), torch.zeros(1, 2), torch.zeros(1, 3)).nodes
