"""Layers, losses and the modules they are made of, under the names PyTorch users know."""

from trainer.nn import init
from trainer.nn.activation import (
    GELU,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from trainer.nn.attention import MultiheadAttention
from trainer.nn.container import ModuleList, Sequential
from trainer.nn.conv import Conv2d
from trainer.nn.dropout import Dropout
from trainer.nn.linear import Embedding, Flatten, Linear
from trainer.nn.losses import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, L1Loss, MSELoss
from trainer.nn.module import Module, Parameter
from trainer.nn.norm import BatchNorm1d, BatchNorm2d, LayerNorm
from trainer.nn.pool import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d, ZeroPad2d
from trainer.nn.recurrent import GRU, LSTM, RNN

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "Identity",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "MultiheadAttention",
    "Parameter",
    "ReLU",
    "ReLU6",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "ZeroPad2d",
    "init",
]
