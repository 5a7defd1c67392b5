"""Nexus: a VAE per modality, and above them one that learns their codes from messages.

Shapes: M modalities, S subsets, B batch, D latent, E bottom latent, C message.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from explorer.aggregations import membership
from explorer.datasets.modality import Modality
from explorer.gaussians import Gaussian, Mixture, kl_to_prior
from explorer.models.terms import Losses, observed_by, surprise, weigh
from explorer.models.vae import Beliefs, MultimodalVAE
from explorer.networks import perceptron

WARM_UP = 0.2
"""Share of the run over which the KL terms gain their weight (20 epochs of 100)."""


class Nexus(MultimodalVAE):
    r"""Hierarchy with messages between modalities (Vasco et al. 2022).

    .. math:: \sum_m \{ E_{q_m}[-\log p(x_m|z_m)] + a \beta KL(q_m \| p) \}
              + \gamma \sum_m \|z_m - \hat z_m\|^2 + a \beta KL(q \| p)

    Every modality has a VAE with a latent z_m of its own. It sends a message f_m(z_m); the mean of
    the messages that are there is read as q(z | ...), and from a draw of it every z_m is
    reconstructed. No gradient of that upper part reaches the z_m. Whatever is generated, the
    observed too, goes from z through its own z_m to its decoder. a rises from 0 to 1 over the
    first fifth of the run.

    **Forced perceptual dropout**: with probability ``p_drop`` a sample's messages are thinned, by
    a number drawn uniformly from 1 to one less than it has. MultiVae draws the number that is kept
    from 1 to all but one, which comes to the same, but has the dropout off by default, halves the
    square (a Normal's log-density) and sends messages of 10 numbers. Unlike in the original, the
    upper networks here have no batch normalisation and are smaller. They end linear, as z_m is
    unbounded. Beliefs are formed from the means of the z_m, training from draws.

    log p(x) would need both layers integrated out: ``has_density`` is False.

    Parameters
    ----------
    modalities, latent_dim, beta
        As in ``MultimodalVAE``: D is the upper latent's, ``beta`` weighs the KL terms of both
        layers, a modality's ``weight`` its reconstruction.
    bottom_dim
        E, of every modality; like ``latent_dim`` where None.
    message_dim, hidden_dim
        C, and the width of the upper networks' two hidden layers (512 in the paper; these are
        sized for a CPU).
    gamma
        Weight of the reconstructed z_m.
    p_drop
        Share of the samples whose messages are thinned in training.
    """

    def __init__(
        self,
        modalities: Sequence[Modality],
        *,
        latent_dim: int = 64,
        beta: float = 1.0,
        bottom_dim: int | None = None,
        message_dim: int = 128,
        hidden_dim: int = 256,
        gamma: float = 1.0,
        p_drop: float = 0.2,
    ) -> None:
        bottom_dim = latent_dim if bottom_dim is None else bottom_dim
        super().__init__(modalities, aggregation=None, latent_dim=bottom_dim, beta=beta)
        if not 0 <= p_drop <= 1:
            raise ValueError(f"p_drop must be a probability, got {p_drop}")
        self.config = {
            "modalities": self.config["modalities"],
            "latent_dim": latent_dim,
            "beta": beta,
            "bottom_dim": bottom_dim,
            "message_dim": message_dim,
            "hidden_dim": hidden_dim,
            "gamma": gamma,
            "p_drop": p_drop,
        }
        self.latent_dim, self.bottom_dim = latent_dim, bottom_dim
        self.gamma, self.p_drop = gamma, p_drop
        hidden = (hidden_dim, hidden_dim)
        self.messengers = nn.ModuleDict(
            {name: perceptron(bottom_dim, *hidden, message_dim) for name in self.names}
        )
        self.top_encoder = perceptron(message_dim, *hidden, 2 * latent_dim)
        self.top_decoders = nn.ModuleDict(
            {name: perceptron(latent_dim, *hidden, bottom_dim) for name in self.names}
        )

    @property
    def has_density(self) -> bool:
        """False: two layers of latents."""
        return False

    def bottom(self, batch: dict[str, Tensor]) -> Gaussian:
        """Every given modality's belief over its own z_m, Gaussian ``(M, B, E)``."""
        return self._encode(batch)[0]

    def experts(self, batch: dict[str, Tensor]) -> Gaussian:
        """What each given modality's message alone says of z, Gaussian ``(M, B, D)``."""
        return self._read(self._messages(batch, self.bottom(batch).mu))

    def beliefs(self, batch: dict[str, Tensor], weights: dict[str, float] | None = None) -> Beliefs:
        """Experts and what the mean of the messages says, encoders run once."""
        self._checked(weights)
        messages = self._messages(batch, self.bottom(batch).mu)
        top = self._read(_mean_of(messages, self._observed(batch)))
        posterior = Mixture(top.mu.new_ones(1), Gaussian(*(part.unsqueeze(0) for part in top)))
        return Beliefs(self._read(messages), posterior, {})

    def subset_posterior(
        self,
        batch: dict[str, Tensor],
        observed: Sequence[str] | None = None,
        weights: dict[str, float] | None = None,
    ) -> Mixture:
        """What is believed given exactly these: the same as :meth:`posterior`."""
        return self.posterior(self._without_gaps(self._select(batch, observed)), None, weights)

    def subset_posteriors(
        self, batch: dict[str, Tensor], weights: dict[str, float] | None = None
    ) -> Mixture:
        """:meth:`subset_posterior` of the subsets looked at, components ``(1, S, B, D)``."""
        self._checked(weights)
        messages = self._messages(batch, self.bottom(self._without_gaps(batch)).mu)
        members = membership(len(messages)).to(messages.device).unsqueeze(1)  # (S, 1, M)
        top = self._read(_mean_of(messages, members))
        return Mixture(top.mu.new_ones(1), Gaussian(*(part.unsqueeze(0) for part in top)))

    def loss(self, batch: dict[str, Tensor], generator: torch.Generator | None = None) -> Losses:
        """The objective's total and terms, per sample, in nats."""
        bottom = self.bottom(batch)
        observed = self._observed(batch)
        z = bottom.rsample(generator)  # (M, B, E)
        nll = {
            name: surprise(self, batch, name, self._from_bottom(name, z[m]))
            for m, name in enumerate(self._given(batch))
        }
        kl_bottom = (observed.T * kl_to_prior(bottom)).sum(0)

        codes = z.detach()
        heard = perceptual_dropout(observed, self.p_drop, generator)
        top = self._read(_mean_of(self._messages(batch, codes), heard))
        z_top = top.rsample(generator)
        guesses = torch.stack([self.top_decoders[name](z_top) for name in self._given(batch)])
        distance = (observed.T * (codes - guesses).square().sum(-1)).sum(0)
        kl = kl_to_prior(top)

        warm = min(1.0, self.progress / WARM_UP)
        total = weigh(self, nll) + self.gamma * distance + warm * self.beta * (kl_bottom + kl)
        terms = {
            "reconstruction": sum(nll.values()),
            "code_distance": distance,
            "kl_bottom": kl_bottom,
            "kl": kl,
        }
        return Losses(total, terms)

    def _given(self, batch: dict[str, Tensor]) -> list[str]:
        return [name for name in self.names if name in batch]

    def _observed(self, batch: dict[str, Tensor]) -> Tensor:
        """Which sample has which of the modalities given, bool ``(B, M)``."""
        columns = zip(self.names, observed_by(self, batch).unbind(1), strict=True)
        return torch.stack([column for name, column in columns if name in batch], dim=1)

    def _messages(self, batch: dict[str, Tensor], codes: Tensor) -> Tensor:
        """``(M, B, E)`` -> ``(M, B, C)``."""
        return torch.stack([self.messengers[n](codes[m]) for m, n in enumerate(self._given(batch))])

    def _read(self, message: Tensor) -> Gaussian:
        return Gaussian(*self.top_encoder(message).chunk(2, dim=-1))

    def _from_bottom(self, name: str, z: Tensor) -> Distribution:
        return self.likelihoods[name](self.decoders[name](z))

    def _output(self, name: str, z: Tensor) -> Tensor:
        return self.decoders[name](self.top_decoders[name](z))


def perceptual_dropout(
    observed: Tensor, p_drop: float, generator: torch.Generator | None = None
) -> Tensor:
    """Hide some of what is observed, bool ``(B, M)`` -> ``(B, M)``; never everything.

    With probability ``p_drop`` a sample that has n > 1 modalities loses a number of them drawn
    uniformly from 1 to n - 1, which ones by chance.
    """
    like = {"generator": generator, "device": observed.device}
    thinned = torch.rand(len(observed), **like) < p_drop
    n = observed.sum(1)
    most = n - 1
    n_lost = thinned * (1 + (torch.rand(len(observed), **like) * most).long()).minimum(most)
    luck = torch.where(observed, torch.rand(observed.shape, **like), 2.0)
    rank = luck.argsort(1).argsort(1)
    return observed & (rank >= n_lost.unsqueeze(1))


def _mean_of(messages: Tensor, members: Tensor) -> Tensor:
    """Mean message of the members: ``(M, B, C)``, bool ``(*, B, M)`` -> ``(*, B, C)``."""
    weights = (members / members.sum(-1, keepdim=True)).to(messages.dtype)
    return torch.einsum("...bm,mbc->...bc", weights, messages)
