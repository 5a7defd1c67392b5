r"""What moves the weights: Muon, or AdamW for parity with papers.

Muon is orthogonalised momentum (Jordan et al. 2024). The momentum of a weight matrix is replaced by
about the nearest matrix whose singular values are all one, so that a step moves as far in
directions with small gradients as in those with large ones. Convolutions are matrices too: one row
for each place of the first axis. What has no rows and columns (biases, normalisation) is left to
AdamW.

The orthogonalisation (Newton-Schulz) is a polynomial of a matrix X, evaluated without X: with
G = X X^T, each iteration multiplies X by P = aI + bG + cG^2 and so G by P^2. All of these are
symmetric, as small as X's shorter side, and commute. Those of one size, of all modalities, go
through it in one batched product.

Chosen on 1,000 held-out training tuples of PolyDigits, ``mwb``, 300 steps, by coherence given one:
momentum .95, rate .02 and a cosine after 15 % of warm-up gave .758 (.758 to .767 over three seeds);
momentum .9 gave .808, .8 with a rate of .06, 5 % of warm-up and a straight line down .851 to .861;
AdamW, 345 steps in the same time, .610 to .636. What did not help, or not beyond noise: a third
iteration (.848), a rate of .1 (.854), .01 (.617 at momentum .95), momentum .7 (.839), batches of 64
at equal time (.841), no weight decay (.759 for .758), vectors at half the rate at a small one.

Shapes: N matrices, R rows, C columns. To add an optimizer: a branch of :func:`build_optimizers`
and a line in ``PEAK``.
"""

import math
from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from explorer.training.numbers import PEAK

COEFFICIENTS = (
    (6.7525, -18.3513, 13.2636),
    (2.5379, -1.8747, 0.4413),
)
"""(a, b, c) of each iteration. Together they take singular values from .05 to 1 into .78 to 1.22,
about what Jordan's five do; smaller ones stay below. Each has the least largest error on what the
one before leaves (Amsel et al. 2025, Polar Express; computed by linear programming)."""

VECTORS = 0.2
"""AdamW's learning rate for what is not a matrix, as a share of Muon's."""


def build_optimizers(
    model: nn.Module, name: str, *, learning_rate: float | None, weight_decay: float
) -> list[torch.optim.Optimizer]:
    """The optimizers that together move all of ``model``; each group knows its ``peak`` rate.

    Parameters
    ----------
    name
        Key of ``PEAK``.
    learning_rate
        Of matrices; vectors have ``VECTORS`` of it with Muon, the same with AdamW.
    """
    rate = PEAK[name] if learning_rate is None else learning_rate
    matrices = [p for p in model.parameters() if p.ndim > 1 and name == "muon"]
    taken = set(map(id, matrices))
    rest = [p for p in model.parameters() if id(p) not in taken]
    built: list[torch.optim.Optimizer] = []
    if matrices:
        built.append(Muon(matrices, lr=rate, weight_decay=weight_decay))
        rate = VECTORS * rate
    if rest:
        built.append(torch.optim.AdamW(rest, lr=rate, weight_decay=weight_decay, fused=True))
    for optimizer in built:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return built


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum, for parameters with two axes or more.

    Parameters
    ----------
    parameters
        Each is taken for a matrix: its first axis, and the others as one.
    lr
        What every singular value of a matrix is moved by, times sqrt(R / C) if it is tall.
    momentum
        Share of the running mean that a step keeps; the update looks ahead (Nesterov).
    weight_decay
        Decoupled: weights shrink by ``lr`` times this.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        lr: float = 0.06,
        momentum: float = 0.8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """Move every parameter that has a gradient; gradients are overwritten."""
        for group in self.param_groups:
            moved = [p for p in group["params"] if p.grad is not None]
            if not moved:
                continue
            for p in moved:
                if "momentum" not in self.state[p]:
                    self.state[p]["momentum"] = torch.zeros_like(p)
            updates = [p.grad for p in moved]
            means = [self.state[p]["momentum"] for p in moved]
            torch._foreach_lerp_(means, updates, 1 - group["momentum"])
            torch._foreach_lerp_(updates, means, group["momentum"])
            _move(moved, updates, group["lr"], 1 - group["lr"] * group["weight_decay"])


def _move(parameters: list[Tensor], updates: list[Tensor], lr: float, kept: float) -> None:
    """Shrink to what is ``kept`` and subtract ``lr`` times the orthogonalised updates."""
    grams = defaultdict(list)
    for p, update in zip(parameters, updates, strict=True):
        x = update.flatten(1)
        tall = x.shape[0] > x.shape[1]
        grams[min(x.shape)].append((p, x, tall, x.T @ x if tall else x @ x.T))
    for same in grams.values():
        roots = inverse_roots(torch.stack([gram for *_, gram in same]))
        for (p, x, tall, _), root in zip(same, roots, strict=True):
            length = lr * math.sqrt(max(1.0, x.shape[0] / x.shape[1]))
            factors = (x, root) if tall else (root, x)
            p.view(x.shape).addmm_(*factors, beta=kept, alpha=-length)


def inverse_roots(grams: Tensor) -> Tensor:
    """What X is multiplied by to orthogonalise it, for G = X X^T: about G^(-1/2), ``(N, R, R)``.

    Singular values of X below a twentieth of the largest are moved towards one, but not all the
    way; those that are zero stay zero.
    """
    scale = grams.diagonal(dim1=1, dim2=2).sum(1).clamp(min=1e-30)[:, None, None]
    gram = grams / scale
    square = gram @ gram
    # the eighth root of the sum of the singular values' eighth powers: just above the largest
    bound = torch.linalg.matrix_norm(square, keepdim=True).clamp(min=1e-30)
    gram, square = gram / bound.sqrt(), square / bound
    (a, b, c), *others = COEFFICIENTS
    root = (b * gram).add_(square, alpha=c)
    root.diagonal(dim1=1, dim2=2).add_(a)
    step = root
    for a, b, c in others:
        gram = step @ gram @ step
        step = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        step.diagonal(dim1=1, dim2=2).add_(a)
        root = root @ step
    return root / (scale * bound.sqrt()).sqrt()
