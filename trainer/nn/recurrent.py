"""Recurrent layers: a state that is carried from one time step to the next.

The inputs of all time steps are multiplied at once; only what depends on the state is left for the loop over time. An
LSTM's loop is one operation.
"""

from __future__ import annotations

import math
from typing import Any

from trainer import creation
from trainer import functional as F
from trainer.errors import ArgumentError, ShapeError, sentence
from trainer.nn import init
from trainer.nn.lstm_sequence import State, Weights, lstm, lstm_cell, step_by_step
from trainer.nn.module import Module, Parameter
from trainer.ops.linalg import features_message
from trainer.ops.shape import cat, stack
from trainer.tensor import Tensor


class _Recurrent(Module):
    """What the recurrent layers share: layers, directions, and the loop over time.

    Names and shapes of the parameters are PyTorch's: for layer k `weight_ih_lk` (gates * H, input), `weight_hh_lk`
    (gates * H, H), `bias_ih_lk` and `bias_hh_lk` (gates * H,), with `_reverse` for the way back. All start uniform in
    +-1/sqrt(H).
    """

    gates = 1
    states = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        if hidden_size < 1 or num_layers < 1:
            got = f"hidden_size={hidden_size}, num_layers={num_layers}"
            raise ArgumentError(sentence(f"{type(self).__name__}: sizes are out of range.", ">= 1", got))
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self._endings = ("", "_reverse") if bidirectional else ("",)
        bound = 1 / math.sqrt(hidden_size)
        rows = self.gates * hidden_size
        for layer in range(num_layers):
            width = input_size if layer == 0 else hidden_size * len(self._endings)
            for ending in self._endings:
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, hidden_size)}
                if bias:
                    shapes.update(bias_ih=(rows,), bias_hh=(rows,))
                for name, shape in shapes.items():
                    parameter = Parameter(init.uniform_(creation.zeros(shape), -bound, bound))
                    setattr(self, f"{name}_l{layer}{ending}", parameter)

    def cell(self, from_input: Tensor, from_state: Tensor, state: State) -> State:
        """The next state, the output first.

        Args:
            from_input: (N, gates * H), the input times its weights.
            from_state: (N, gates * H), the last output times its weights.
            state: Tensors (N, H).
        """
        raise NotImplementedError

    def forward(self, x: Tensor, hx: Any = None) -> tuple[Tensor, Any]:
        """Runs over a sequence.

        Args:
            x: (T, N, input_size), or (N, T, input_size) with batch_first.
            hx: The first state (layers * directions, N, H), for an LSTM a pair of such; None for zeros.

        Returns:
            The outputs (T, N, directions * H), or with batch_first (N, T, ...), and the last state in the form of `hx`.

        Raises:
            ShapeError: x or hx has another shape.
        """
        if x.ndim != 3 or x.shape[-1] != self.input_size:
            if x.ndim == 3:
                raise ShapeError(
                    features_message(f"{type(self).__name__}({self.extra_repr()})", x.shape, self.input_size)
                )
            order = "(N, T, features)" if self.batch_first else "(T, N, features)"
            raise ShapeError(sentence(f"{type(self).__name__}: x must be a batch of sequences.", order, x.shape))
        if self.batch_first:
            x = x.transpose(0, 1)
        first = self._first_state(x, hx)
        last: list[State] = []
        for layer in range(self.num_layers):
            if layer:
                x = F.dropout(x, self.dropout, self.training)
            ways = []
            for way, ending in enumerate(self._endings):
                number = layer * len(self._endings) + way
                outputs, state = self._run(x, f"l{layer}{ending}", tuple(s[number] for s in first), way == 1)
                ways.append(outputs)
                last.append(state)
            x = ways[0] if len(ways) == 1 else cat(ways, -1)
        final = tuple(stack([state[i] for state in last]) for i in range(self.states))
        return x.transpose(0, 1) if self.batch_first else x, final if self.states > 1 else final[0]

    def _run(self, x: Tensor, name: str, state: State, backwards: bool) -> tuple[Tensor, State]:
        """One layer in one direction over time."""
        return step_by_step(self.cell, x, self._weights(name), state, backwards)

    def _weights(self, name: str) -> Weights:
        """Of one layer in one direction."""
        biases = (getattr(self, f"bias_{of}_{name}", None) for of in ("ih", "hh"))
        return getattr(self, f"weight_ih_{name}"), getattr(self, f"weight_hh_{name}"), *biases

    def _first_state(self, x: Tensor, hx: Any) -> State:
        """The state to start from, checked; zeros when there is none."""
        shape = (self.num_layers * len(self._endings), x.shape[1], self.hidden_size)
        if hx is None:
            return (creation.zeros(shape, dtype=x.dtype, device=x.device),) * self.states
        given: State = tuple(hx) if self.states > 1 else (hx,)
        if len(given) != self.states or any(s.shape != shape for s in given):
            got = ", ".join(str(tuple(s.shape)) for s in given)
            expected = " and ".join([str(shape)] * self.states)
            raise ShapeError(sentence(f"{type(self).__name__}: hx has another shape.", expected, got))
        return given

    def extra_repr(self) -> str:
        usual = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        other = [f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *other])


class RNN(_Recurrent):
    """h <- tanh(W_ih x + b_ih + W_hh h + b_hh), or with relu.

    Source: Elman 1990.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ArgumentError(sentence("RNN: nonlinearity is unknown.", '"tanh" or "relu"', repr(nonlinearity)))
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        self.nonlinearity = nonlinearity

    def cell(self, from_input: Tensor, from_state: Tensor, state: State) -> State:
        total = from_input + from_state
        return (total.tanh() if self.nonlinearity == "tanh" else total.relu(),)


class LSTM(_Recurrent):
    """c <- f c + i g;  h <- o tanh(c), with gates i, f, o by sigmoid and the new values g by tanh. The state is (h, c).

    Source: Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000.
    """

    gates = 4
    states = 2

    def cell(self, from_input: Tensor, from_state: Tensor, state: State) -> State:
        return lstm_cell(from_input, from_state, state)

    def _run(self, x: Tensor, name: str, state: State, backwards: bool) -> tuple[Tensor, State]:
        is_own = type(self).cell is not LSTM.cell  # of a class that has another step
        whole = None if is_own else lstm(x, self._weights(name), state, backwards)
        return whole or super()._run(x, name, state, backwards)


class GRU(_Recurrent):
    """h <- (1 - z) n + z h, with n = tanh(W_in x + b_in + r (W_hn h + b_hn)) and gates r, z by sigmoid.

    Source: Cho et al. 2014, with the reset gate after the product as in PyTorch.
    """

    gates = 3

    def cell(self, from_input: Tensor, from_state: Tensor, state: State) -> State:
        from_input_r, from_input_z, from_input_n = from_input.chunk(3, -1)
        from_state_r, from_state_z, from_state_n = from_state.chunk(3, -1)
        r = (from_input_r + from_state_r).sigmoid()
        z = (from_input_z + from_state_z).sigmoid()
        n = (from_input_n + r * from_state_n).tanh()
        return ((1 - z) * n + z * state[0],)
