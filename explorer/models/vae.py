"""The multimodal VAE: one encoder and decoder per modality, and an aggregation between them.

Shapes: M modalities, S subsets, B batch, D latent, E style, K components, N draws. A batch is
``dict[str, Tensor]``; a modality that no sample has is a key left out; ``batch["observed"]``, bool
``(B, M)``, marks samples with gaps (what is in the gap is ignored, but must have the right shape).
"""

import inspect
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import torch
from huggingface_hub import ModelCard, ModelHubMixin, hf_hub_download
from torch import Tensor, nn
from torch.distributions import Distribution

from explorer.aggregations import AGGREGATIONS, check_weights, everything, singletons
from explorer.datasets.modality import Modality
from explorer.files.whole import whole_folder
from explorer.gaussians import Gaussian, Laplace, Mixture
from explorer.models.objectives import (
    OBJECTIVES,
    SAMPLED_OBJECTIVES,
    SINGLE_BELIEF_OBJECTIVES,
    STYLELESS_OBJECTIVES,
    Losses,
)
from explorer.models.sampler import SAMPLER, Sampler, read_sampler
from explorer.models.saved import read_weights, write_weights
from explorer.networks import NETWORKS
from explorer.networks.likelihoods import LIKELIHOODS

WEIGHTS, CONFIG = "model.safetensors", "config.json"

LATENTS: dict[str, type] = {"gaussian": Gaussian, "laplace": Laplace}
"""Families of the posteriors and the prior."""


class Beliefs(NamedTuple):
    """All that the encoders say of a batch.

    Parameters
    ----------
    experts
        Every given modality's own posterior, ``(M, B, D)``.
    posterior
        What the aggregation makes of them, components ``(K, B, D)``.
    styles
        Modality name to the posterior of its own latent, Gaussian ``(B, E)``; empty without one.
    """

    experts: Gaussian
    posterior: Mixture
    styles: dict[str, Gaussian]


class MultimodalVAE(nn.Module, ModelHubMixin):
    """Encoders and decoders by modality name; the aggregation is what varies.

    ``save_pretrained(folder)`` and ``MultimodalVAE.from_pretrained(folder or hub repository)``
    come from huggingface_hub.

    Parameters
    ----------
    modalities
        What it reads and writes, in the order that subsets and experts follow.
    aggregation
        Key of ``AGGREGATIONS``; None for subclasses that make beliefs otherwise.
    latent_dim
        D.
    objective
        Key of ``OBJECTIVES``.
    objective_options
        Further arguments of the objective, as JSON has them.
    beta
        Weight of the KL term, or of what stands in its place.
    style_dim
        E: dimensions of a latent that each modality keeps to itself; 0 for none.
    beta_style
        Weight of the styles' KL terms, on top of ``beta``.
    latent
        Key of ``LATENTS``; ``laplace`` where the experts are not fused and no KL is taken in
        closed form.
    shared
        Whether all modalities decode one z. If not, each decodes a draw from its own expert, and
        what is not observed a draw from the belief of those that are.
    weights
        Modality name to how much its expert counts in the aggregation, positive, of any sum; a
        modality that is not named has 1.
    lambdas
        Weights of the aggregation's components, one for each, positive, of any sum; ``"learned"``
        makes them parameters, uniform at first.
    auxiliary
        Whether each modality has an auxiliary prior for its style, of mean 0 and learned widths
        (MMVAE+): the objective ``private`` draws from it what the encoder must not tell.
    clusters
        Number of learned clusters that the prior over z is a mixture of (CMVAE); 0 for the
        standard normal (or Laplace). Needs an objective that draws.
    """

    def __init__(
        self,
        modalities: Sequence[Modality],
        *,
        aggregation: str | None = "mopoe",
        latent_dim: int = 64,
        objective: str = "elbo",
        objective_options: dict[str, object] | None = None,
        beta: float = 1.0,
        style_dim: int = 0,
        beta_style: float = 1.0,
        latent: str = "gaussian",
        shared: bool = True,
        weights: dict[str, float] | None = None,
        lambdas: Sequence[float] | str | None = None,
        auxiliary: bool = False,
        clusters: int = 0,
    ) -> None:
        super().__init__()
        self.modalities = tuple(modalities)
        self.names = [modality.name for modality in self.modalities]
        if len(set(self.names)) != len(self.names) or not self.names:
            raise ValueError(f"modalities need different names, at least one; got {self.names}")
        self.config = {
            "modalities": [asdict(modality) for modality in self.modalities],
            "aggregation": aggregation,
            "latent_dim": latent_dim,
            "objective": objective,
            "objective_options": dict(objective_options or {}),
            "beta": beta,
            "style_dim": style_dim,
            "beta_style": beta_style,
            "latent": latent,
            "shared": shared,
            "weights": weights,
            "lambdas": lambdas,
            "auxiliary": auxiliary,
            "clusters": clusters,
        }
        self.provenance: dict[str, object] = {}
        self.aggregation = (
            None if aggregation is None else _look_up("aggregation", aggregation, AGGREGATIONS)
        )
        if self.aggregation is not None:
            self.aggregation.family(len(self.names))  # refuses more than it can fuse
        self.objective = _with_options(
            _look_up("objective", objective, OBJECTIVES), self.config["objective_options"]
        )
        self.latent = _look_up("latent", latent, LATENTS)
        if self.latent is Laplace and objective not in SAMPLED_OBJECTIVES:
            raise ValueError(
                f"latent='laplace' needs an objective without closed-form KL terms, one of "
                f"{', '.join(SAMPLED_OBJECTIVES)}; got {objective!r}"
            )
        family = None if self.aggregation is None else self.aggregation.family
        if self.latent is Laplace and family is not singletons:
            raise ValueError(
                f"Laplaces have no closed-form barycenter: latent='laplace' needs the aggregation "
                f"'moe', got {aggregation!r}"
            )
        if objective in SINGLE_BELIEF_OBJECTIVES and family not in (None, everything):
            raise ValueError(
                f"objective {objective!r} reads one joint belief: it needs an aggregation without "
                f"a mixture (product, poe, wb, ...), got {aggregation!r}"
            )
        if objective in STYLELESS_OBJECTIVES and style_dim:
            raise ValueError(
                f"objective {objective!r} trains no styles: style_dim must be 0, got {style_dim}"
            )
        if (objective == "private" or auxiliary) and not style_dim:
            raise ValueError("private latents need dimensions: style_dim must be positive, got 0")
        if clusters and objective not in SAMPLED_OBJECTIVES:
            raise ValueError(
                f"a prior of clusters needs an objective without closed-form KL terms, one of "
                f"{', '.join(SAMPLED_OBJECTIVES)}; got {objective!r}"
            )
        self.likelihoods = {
            m.name: _look_up("likelihood", m.likelihood, LIKELIHOODS) for m in self.modalities
        }
        self.likelihood_weights = {m.name: m.weight for m in self.modalities}
        self.latent_dim = latent_dim
        self.style_dim = style_dim
        self.beta, self.beta_style = beta, beta_style
        self.shared = shared
        self.sampler: Sampler | None = None
        self.progress = 1.0
        """Share of the training that is done; what is annealed looks at it."""
        pairs = {
            m.name: _look_up("network", m.network, NETWORKS)(m.shape, latent_dim + style_dim)
            for m in self.modalities
        }
        self.encoders = nn.ModuleDict({name: pair[0] for name, pair in pairs.items()})
        self.decoders = nn.ModuleDict({name: pair[1] for name, pair in pairs.items()})
        self.weights = self._checked(weights)
        self._keep_lambdas(lambdas)
        # vectors, not matrices: an optimizer may treat weight matrices as maps, which these are not
        self.auxiliary = None
        if auxiliary:
            self.auxiliary = nn.Parameter(torch.zeros(len(self.names) * style_dim))
        self.cluster_means = self.cluster_logvars = self.cluster_logits = None
        if clusters:
            self.cluster_means = nn.Parameter(torch.randn(clusters * latent_dim))
            self.cluster_logvars = nn.Parameter(torch.zeros(clusters * latent_dim))
            self.cluster_logits = nn.Parameter(torch.zeros(clusters))

    def experts(self, batch: dict[str, Tensor]) -> Gaussian:
        """Every given modality's own posterior, Gaussian ``(M, B, D)``, in dataset order.

        Raises
        ------
        ValueError
            An unknown key, no modality at all, or a shape that is not the modality's.
        """
        return self._encode(batch)[0]

    def styles(self, batch: dict[str, Tensor]) -> dict[str, Gaussian]:
        """Posterior of each given modality's own latent, ``(B, E)``; empty without styles."""
        return self._encode(batch)[1] if self.style_dim else {}

    def beliefs(self, batch: dict[str, Tensor], weights: dict[str, float] | None = None) -> Beliefs:
        """Experts, what the aggregation makes of them and styles, encoders run once."""
        experts, styles = self._encode(batch)
        gaps = batch.get("observed")
        if gaps is not None:
            gaps = gaps[:, [name in batch for name in self.names]]
        weighed = self._weights_of(batch, experts, weights), self._lambdas_of(batch, experts)
        return Beliefs(experts, self._believe(self.aggregation(experts, gaps, *weighed)), styles)

    def posterior(
        self,
        batch: dict[str, Tensor],
        observed: Sequence[str] | None = None,
        weights: dict[str, float] | None = None,
    ) -> Mixture:
        """The joint posterior over z, as the objective uses it: a Mixture ``(K, B, D)``.

        Parameters
        ----------
        batch
            Any of the modalities.
        observed
            Use only these of them; all by default.
        weights
            How much each modality's expert counts, in place of the model's own weights.
        """
        return self.beliefs(self._select(batch, observed), weights).posterior

    def subset_posterior(
        self,
        batch: dict[str, Tensor],
        observed: Sequence[str] | None = None,
        weights: dict[str, float] | None = None,
    ) -> Mixture:
        """What the model believes given exactly these modalities, to generate from.

        Differs from :meth:`posterior` for the power-set rules, where it is the subset's own
        product or barycenter (K = 1): what their papers generate from and evaluate.
        """
        batch = self._without_gaps(self._select(batch, observed))
        experts = self.experts(batch)
        weighed = self._weights_of(batch, experts, weights)
        return self._believe(self.aggregation.subset_posterior(experts, weighed))

    def subset_posteriors(
        self, batch: dict[str, Tensor], weights: dict[str, float] | None = None
    ) -> Mixture:
        """:meth:`subset_posterior` of the subsets of the batch's modalities that are looked at.

        Components ``(K, S, B, D)`` in the order of ``explorer.subsets``, every
        non-empty one of up to ten modalities; encoders run once. K = 1 wherever a subset's belief
        is one Gaussian.
        """
        experts = self.experts(self._without_gaps(batch))
        weighed = self._weights_of(batch, experts, weights)
        found = self.aggregation.subset_posteriors(experts, weighed)
        if isinstance(found, Mixture):
            return self._believe(found)
        return Mixture(found.mu.new_ones(1), Gaussian(*(part.unsqueeze(0) for part in found)))

    def source(self, observed: Sequence[str], target: str) -> list[str]:
        """Which of the ``observed`` modalities ``target`` is generated from.

        All of them; where latents are not ``shared``, an observed target only from itself.
        """
        return [target] if not self.shared and target in observed else list(observed)

    @property
    def has_prior(self) -> bool:
        """Whether all modalities can be drawn together from nothing: one z from the prior."""
        return self.shared

    @property
    def has_density(self) -> bool:
        """Whether log p(x) is defined by one latent with a density, and can be estimated."""
        return self.shared and self.style_dim == 0

    def prior(self, like: Tensor) -> Gaussian | Laplace | Mixture:
        """The prior over z, mean 0 and variance 1 (or clusters), in the shape of ``like``."""
        if self.cluster_logits is None:
            return self.standard(like)
        shape = (len(self.cluster_logits), *[1] * (like.ndim - 1), like.shape[-1])
        parts = (
            part.reshape(shape).expand(-1, *like.shape)
            for part in (self.cluster_means, self.cluster_logvars)
        )
        return Mixture(self.cluster_logits.softmax(0), self.latent(*parts))

    def standard(self, like: Tensor) -> Gaussian | Laplace:
        """Mean 0 and variance 1 in the shape of ``like``: the prior of styles."""
        return self.latent(torch.zeros_like(like), torch.zeros_like(like))

    def decode(
        self,
        z: Tensor,
        names: Sequence[str] | None = None,
        styles: dict[str, Tensor] | None = None,
    ) -> dict[str, Distribution]:
        """Each modality's likelihood given ``z``, ``(*, D)``; batch shape ``(*, *shape)``.

        Parameters
        ----------
        names
            Leaves the other modalities undecoded.
        styles
            Modality name to its own latent, ``(*, E)``; where there is none, the mean of the
            styles' prior.
        """
        found = {}
        for name, modality in zip(self.names, self.modalities, strict=True):
            if names is not None and name not in names:
                continue
            inputs = self._with_style(z, (styles or {}).get(name))
            output = self._output(name, inputs.reshape(-1, inputs.shape[-1]))
            found[name] = self.likelihoods[name](output.reshape(*z.shape[:-1], *modality.shape))
        return found

    def draw_styles(
        self, z: Tensor, generator: torch.Generator | None = None
    ) -> dict[str, Tensor] | None:
        """Styles from their prior for :meth:`decode`, one for each z; None without any."""
        if self.style_dim == 0:
            return None
        like = z.new_zeros(*z.shape[:-1], self.style_dim)
        return {name: self.standard(like).rsample(generator) for name in self.names}

    @torch.inference_mode()
    def generate(
        self,
        batch: dict[str, Tensor],
        observed: Sequence[str] | None = None,
        n_samples: int = 1,
        generator: torch.Generator | None = None,
        weights: dict[str, float] | None = None,
    ) -> dict[str, Tensor]:
        """Draw z from the belief given ``observed`` and decode it: name to ``(N, B, *shape)``.

        Each draw shows the decoder's mean. Every modality is generated, the observed ones too
        (from themselves alone where latents are not shared). Styles are drawn from their prior.
        ``weights`` are as in :meth:`posterior`.
        """
        batch = self._select(batch, observed)
        given = [name for name in self.names if name in batch]
        belief = self.subset_posterior(batch, None, weights)
        z = belief.repeat(n_samples).rsample(generator)  # (N, B, D)
        styles = self.draw_styles(z, generator)
        generated = {}
        for name in self.names:
            source = self.source(given, name)
            if source != given:
                own = self.subset_posterior(batch, source).repeat(n_samples).rsample(generator)
            else:
                own = z
            generated[name] = self.decode(own, [name], styles)[name].mean
        return generated

    @torch.inference_mode()
    def sample(
        self, n: int, *, sampler: str = "prior", generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Draw all modalities together from nothing: name to ``(N, *shape)``, decoders' means.

        Parameters
        ----------
        sampler
            ``prior``, or ``mixture``: what was fitted to training codes after training.

        Raises
        ------
        ValueError
            There is no such sampler; says why.
        """
        z = self.draw_codes(n, sampler=sampler, generator=generator)
        styles = self.draw_styles(z, generator)
        return {name: found.mean for name, found in self.decode(z, styles=styles).items()}

    def draw_codes(
        self, n: int, *, sampler: str = "prior", generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw z from the prior or from the fitted mixture, ``(N, D)``; as :meth:`sample`."""
        if not self.has_prior:
            raise ValueError("this model has no latent from which all modalities are drawn")
        if sampler == "prior":
            return self.prior(torch.empty(n, self.latent_dim)).rsample(generator)
        if sampler != "mixture":
            raise ValueError(f"sampler must be prior or mixture, got {sampler!r}")
        if self.sampler is None:
            raise ValueError(
                "no mixture was fitted to this model's codes; explorer.evaluation.sampling.fit does"
            )
        return self.sampler.draw(n, generator)

    def loss(self, batch: dict[str, Tensor], generator: torch.Generator | None = None) -> Losses:
        """The objective's total and terms, per sample, in nats."""
        return self.objective(self, batch, generator)

    def forward(self, batch: dict[str, Tensor], generator: torch.Generator | None = None) -> Losses:
        """:meth:`loss`, under the name that wrappers call."""
        return self.loss(batch, generator)

    def save_pretrained(self, save_directory: Path | str, **hub: object) -> str | None:
        """Write weights, configuration and README; what was there stays until all are written.

        Parameters
        ----------
        hub
            As ``huggingface_hub.ModelHubMixin.save_pretrained`` has them.

        Raises
        ------
        ValueError
            A weight is not finite.
        OSError
            The disk is full, or the folder cannot be written; what was there is untouched.
        """
        folder = Path(save_directory)
        with whole_folder(folder) as beside:
            return super().save_pretrained(beside, **{"repo_id": folder.name} | hub)

    def _save_pretrained(self, save_directory: Path) -> None:
        write_weights(self, save_directory / WEIGHTS)
        config = {"kind": type(self).__name__} | self.config | {"provenance": self.provenance}
        config["weights_sha256"] = sha256((save_directory / WEIGHTS).read_bytes()).hexdigest()
        text = json.dumps(config, indent=2, allow_nan=False)
        (save_directory / CONFIG).write_text(text + "\n", "utf-8")

    @classmethod
    def _from_pretrained(
        cls, *, model_id: str, config: dict | None = None, **download: object
    ) -> "MultimodalVAE":
        if config is None:
            raise FileNotFoundError(f"no {CONFIG} in {model_id}")
        not_arguments = ("provenance", "weights_sha256")
        arguments = {key: value for key, value in config.items() if key not in not_arguments}
        _check_finite(config, CONFIG)
        arguments["modalities"] = [Modality(**m) for m in arguments["modalities"]]
        kinds = {kind.__name__: kind for kind in (MultimodalVAE, *MultimodalVAE.__subclasses__())}
        kind = _look_up("kind", arguments.pop("kind", "MultimodalVAE"), kinds)
        with torch.device("meta"):  # so that a configuration takes no memory before it is checked
            model = kind(**arguments)
        if Path(model_id).is_dir():
            weights = Path(model_id) / WEIGHTS
        else:
            weights = Path(hf_hub_download(model_id, WEIGHTS, **download))
        expected = config.get("weights_sha256")
        if expected not in (None, sha256(weights.read_bytes()).hexdigest()):
            raise ValueError(f"{WEIGHTS} is not the file that {CONFIG} was written with")
        read_weights(model, weights)
        fitted = weights.with_name(SAMPLER)
        if expected is not None and fitted.is_file():
            model.sampler = read_sampler(fitted, model.latent_dim, expected)
        model.provenance = config.get("provenance", {})
        return model.eval()

    def generate_model_card(self, **_: object) -> ModelCard:
        """The README beside saved weights: what the model is and how it was trained."""
        facts = {key: value for key, value in self.provenance.items() if key != "data"}
        trained = "\n".join(f"- {key}: {value}" for key, value in facts.items())
        rule = f", {self.aggregation.label}" if self.aggregation else ""
        return ModelCard(
            "---\nlibrary_name: barycenter-explorer\ntags: [multimodal, vae]\n---\n"
            f"# {type(self).__name__}{rule}\n\n"
            f"A multimodal VAE over {', '.join(self.names)}, latent dimension {self.latent_dim}, "
            f"beta {self.beta:g}.\n\n{trained}\n"
        )

    def _encode(self, batch: dict[str, Tensor]) -> tuple[Gaussian, dict[str, Gaussian]]:
        """Every given modality's expert, ``(M, B, D)``, and style."""
        means, logvars, styles = [], [], {}
        for name, x in self._inputs(batch).items():
            outputs = self.encoders[name](x)
            shared = outputs.shape[-1] // 2 - self.style_dim
            mu, style_mu, logvar, style_logvar = outputs.split([shared, self.style_dim] * 2, dim=-1)
            means.append(mu)
            logvars.append(logvar)
            if self.style_dim:
                styles[name] = self.latent(style_mu, style_logvar)
        return Gaussian(torch.stack(means), torch.stack(logvars)), styles

    def _inputs(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """What encoders read, in dataset order: each given modality, its gaps filled."""
        self._check(batch)
        observed = batch.get("observed")
        return {
            name: batch[name] if observed is None else _fill_gaps(batch[name], observed[:, m])
            for m, name in enumerate(self.names)
            if name in batch
        }

    def _checked(self, weights: dict[str, float] | None) -> dict[str, float] | None:
        """Weights that name modalities of this model; ValueError says what is wrong with others."""
        if weights is None:
            return None
        if self.aggregation is None:
            raise ValueError(f"{type(self).__name__} fuses by a network: it takes no weights")
        unknown = sorted(set(weights) - set(self.names))
        if unknown:
            raise ValueError(f"weights must name modalities of {self.names}, got {unknown}")
        values = [float(weights.get(name, 1.0)) for name in self.names]
        every = torch.tensor(values, device="cpu")  # a model may be built where no numbers are
        check_weights(every, len(self.names), "experts")
        return weights

    def _keep_lambdas(self, lambdas: Sequence[float] | str | None) -> None:
        """Logarithms of the components' weights: a parameter, fixed numbers, or None."""
        self.lambdas = None
        if lambdas is None:
            return
        n = 1 if self.aggregation is None else len(self.aggregation.family(len(self.names)))
        if n == 1:
            raise ValueError("lambdas weigh the components of a mixture, and this model has none")
        if lambdas == "learned":
            self.lambdas = nn.Parameter(torch.zeros(n))
            return
        fixed = torch.tensor(lambdas, device="cpu")
        check_weights(fixed, n, "components")
        self.lambdas = fixed.log()

    def _weights_of(
        self, batch: dict[str, Tensor], like: Gaussian, weights: dict[str, float] | None
    ) -> Tensor | None:
        """Weights of the given modalities' experts, ``(M,)``; None where all are the same."""
        weights = self.weights if weights is None else self._checked(weights)
        if weights is None:
            return None
        return like.mu.new_tensor([weights.get(n, 1.0) for n in self.names if n in batch])

    def _lambdas_of(self, batch: dict[str, Tensor], like: Gaussian) -> Tensor | None:
        """Weights of the components that the given modalities can form; None where all are one."""
        if self.lambdas is None:
            return None
        every = self.lambdas.to(like.mu).exp()
        if all(name in batch for name in self.names):
            return every
        absent = torch.tensor([name not in batch for name in self.names])
        possible = ~(self.aggregation.family(len(self.names)) & absent).any(1)
        return every[possible.to(every.device)]

    def _believe(self, mixture: Mixture) -> Mixture:
        return Mixture(mixture.weights, self.latent(*mixture.components))

    def _output(self, name: str, z: Tensor) -> Tensor:
        """What modality ``name``'s likelihood reads, from z and style, ``(N, D + E)``."""
        return self.decoders[name](z)

    def _with_style(self, z: Tensor, style: Tensor | None) -> Tensor:
        if self.style_dim == 0:
            return z
        if style is None:
            style = z.new_zeros(self.style_dim)
        return torch.cat([z, style.expand(*z.shape[:-1], self.style_dim)], dim=-1)

    def _without_gaps(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        if "observed" in batch:
            raise ValueError("a batch with gaps has no single subset; use posterior()")
        return batch

    def _select(
        self, batch: dict[str, Tensor], observed: Sequence[str] | None
    ) -> dict[str, Tensor]:
        if observed is None:
            return batch
        missing = [name for name in observed if name not in batch]
        if missing:
            raise ValueError(f"observed names {missing}, but the batch has {sorted(batch)}")
        return {name: x for name, x in batch.items() if name in observed or name == "observed"}

    def _check(self, batch: dict[str, Tensor]) -> None:
        unknown = set(batch) - set(self.names) - {"observed"}
        if unknown:
            raise ValueError(
                f"batch keys must be among {self.names} (and 'observed'), got {sorted(unknown)}"
            )
        if not set(batch) & set(self.names):
            raise ValueError(f"batch holds none of the modalities {self.names}")
        for modality in self.modalities:
            x = batch.get(modality.name)
            if x is not None and tuple(x.shape[1:]) != modality.shape:
                raise ValueError(
                    f"modality {modality.name!r} must have shape (batch, "
                    f"{', '.join(map(str, modality.shape))}), got {tuple(x.shape)}"
                )


def _check_finite(tree: object, place: str) -> None:
    """Raise ValueError about a number in JSON that is NaN or infinite."""
    if isinstance(tree, dict):
        for key, branch in tree.items():
            _check_finite(branch, f"{place}/{key}")
    elif isinstance(tree, list):
        for branch in tree:
            _check_finite(branch, place)
    elif isinstance(tree, float) and not math.isfinite(tree):
        raise ValueError(f"{place} is {tree}; a finite number was expected")


def _fill_gaps(x: Tensor, observed: Tensor) -> Tensor:
    """Put observed samples in the place of missing ones, ``(B, *shape)``.

    The aggregation ignores what comes of them, but batch normalisation would not: its statistics
    must be those of data, and what lies in a gap may be anything, NaN included.
    """
    rows = observed.nonzero().flatten()
    if len(rows) == 0:
        return torch.zeros_like(x)
    source = torch.arange(len(x), device=x.device)
    return x[torch.where(observed, source, rows[source % len(rows)])]


def _with_options(objective: Callable[..., Losses], options: dict) -> Callable[..., Losses]:
    known = list(inspect.signature(objective).parameters)[3:]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(
            f"objective {objective.__name__!r} takes {', '.join(known) or 'no options'}; "
            f"got {', '.join(unknown)}"
        )
    return partial(objective, **options)


def _look_up(kind: str, key: str, table: dict) -> object:
    if key not in table:
        raise ValueError(f"{kind} must be one of {', '.join(table)}, got {key!r}")
    return table[key]
