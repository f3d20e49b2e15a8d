"""The starter model: a Qwen2-style decoder, and the 4-bit rounding that the graph of ModelForge computes with."""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn

BLOCK = 32       # weights that share a scale, as in MatMulNBits
THETA = 1e6      # base of the rotary embedding, as in ModelForge's tables
EPSILON = 1e-6   # of the RMS normalisation, likewise


@dataclass(frozen=True)
class Dimensions:
    """What ModelForge's recipe needs to know, under the same names."""

    vocabulary: int = 3072
    layers: int = 6
    hidden: int = 256
    heads: int = 8
    kv_heads: int = 4
    intermediate: int = 640
    context: int = 2048

    @property
    def head_size(self) -> int:
        return self.hidden // self.heads

    def to_json(self) -> dict:
        return asdict(self)


def rounded(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Quantises rows in blocks: values 0..15 around the zero point 8, and a scale for each block.

    The largest value of a block becomes -8 exactly, whatever its sign, so that all sixteen steps are used.
    """
    blocks = weight.reshape(weight.shape[0], -1, BLOCK)
    largest = blocks.gather(2, blocks.abs().argmax(2, keepdim=True))
    scales = largest / -8
    steps = torch.where(scales == 0, torch.zeros_like(blocks), blocks / torch.where(scales == 0, torch.ones_like(scales), scales))
    return (steps.round() + 8).clamp(0, 15), scales.squeeze(2)


def dequantised(weight: torch.Tensor) -> torch.Tensor:
    """What is left of a matrix after rounding to 4 bits."""
    values, scales = rounded(weight)
    return ((values - 8) * scales.unsqueeze(2)).reshape(weight.shape)


class Matrix(nn.Module):
    """A matrix without bias that computes with 4-bit weights once `quantised` is set; gradients pass the rounding unchanged."""

    def __init__(self, inputs: int, outputs: int, deviation: float):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * deviation)
        self.quantised = False

    def effective(self) -> torch.Tensor:
        if not self.quantised:
            return self.weight
        with torch.no_grad():
            error = dequantised(self.weight) - self.weight
        return self.weight + error

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.effective())


class Norm(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPSILON) * self.weight


class Layer(nn.Module):
    def __init__(self, d: Dimensions):
        super().__init__()
        self.d = d
        inward, outward = 0.6 / math.sqrt(d.hidden), 0.6 / math.sqrt(d.hidden * 2 * d.layers)
        width = (d.heads + 2 * d.kv_heads) * d.head_size
        self.input_norm, self.post_norm = Norm(d.hidden), Norm(d.hidden)
        self.qkv = Matrix(d.hidden, width, inward)
        self.qkv_bias = nn.Parameter(torch.zeros(width))
        self.o = Matrix(d.hidden, d.hidden, outward)
        self.gate, self.up = Matrix(d.hidden, d.intermediate, inward), Matrix(d.hidden, d.intermediate, inward)
        self.down = Matrix(d.intermediate, d.hidden, outward)

    def forward(self, x: torch.Tensor, rotary: tuple[torch.Tensor, torch.Tensor], mask: torch.Tensor) -> torch.Tensor:
        x = x + self.o(self.attend(self.input_norm(x), rotary, mask))
        normal = self.post_norm(x)
        return x + self.down(F.silu(self.gate(normal)) * self.up(normal))

    def attend(self, x: torch.Tensor, rotary: tuple[torch.Tensor, torch.Tensor], mask: torch.Tensor) -> torch.Tensor:
        d, (batch, length, _) = self.d, x.shape
        packed = (self.qkv(x) + self.qkv_bias).view(batch, length, -1, d.head_size).transpose(1, 2)
        q, k, v = packed.split([d.heads, d.kv_heads, d.kv_heads], 1)
        q, k = turned(q, rotary), turned(k, rotary)
        k, v = (t.repeat_interleave(d.heads // d.kv_heads, 1) for t in (k, v))
        scores = q @ k.transpose(2, 3) / math.sqrt(d.head_size) + mask
        return (scores.softmax(3) @ v).transpose(1, 2).reshape(batch, length, d.hidden)


def turned(x: torch.Tensor, rotary: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Rotary embedding of pairs that are half a head apart."""
    cosines, sines = rotary
    first, second = x.chunk(2, 3)
    return torch.cat([first * cosines - second * sines, second * cosines + first * sines], 3)


class Starter(nn.Module):
    def __init__(self, d: Dimensions):
        super().__init__()
        self.d = d
        self.embedding = Matrix(d.hidden, d.vocabulary, 0.02)
        self.layers = nn.ModuleList(Layer(d) for _ in range(d.layers))
        self.final_norm = Norm(d.hidden)
        frequencies = THETA ** (-torch.arange(0, d.head_size, 2, dtype=torch.float64) / d.head_size)
        angles = torch.arange(d.context, dtype=torch.float64).unsqueeze(1) * frequencies.float().double()
        self.register_buffer("cosines", angles.cos().float(), persistent=False)
        self.register_buffer("sines", angles.sin().float(), persistent=False)

    def quantise(self, quantised: bool) -> None:
        for module in self.modules():
            if isinstance(module, Matrix):
                module.quantised = quantised

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        length = ids.shape[1]
        rotary = self.cosines[:length], self.sines[:length]
        mask = torch.full((length, length), float("-inf"), device=ids.device).triu(1)
        table = self.embedding.effective()
        x = F.embedding(ids, table)
        for layer in self.layers:
            x = layer(x, rotary, mask)
        return F.linear(self.final_norm(x), table)

    @property
    def parameters_count(self) -> int:
        return sum(p.numel() for p in self.parameters())
