"""The multimodal VAE: one encoder and decoder per modality, and an aggregation between them.

Shapes: M modalities, B batch, D latent, K components, N draws. A batch is ``dict[str, Tensor]``;
a modality that no sample has is a key left out; ``batch["observed"]``, bool ``(B, M)``, marks
samples with gaps (what is in the gap is ignored, but must have the right shape).
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from huggingface_hub import ModelCard, ModelHubMixin, hf_hub_download
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.distributions import Distribution

from explorer.aggregations import AGGREGATIONS
from explorer.datasets.modality import Modality
from explorer.gaussians import Gaussian, Mixture
from explorer.likelihoods import LIKELIHOODS
from explorer.models.objectives import OBJECTIVES, Losses
from explorer.networks import NETWORKS

WEIGHTS, CONFIG = "model.safetensors", "config.json"


class MultimodalVAE(nn.Module, ModelHubMixin):
    """Encoders and decoders by modality name; the aggregation is what varies.

    ``save_pretrained(folder)`` and ``MultimodalVAE.from_pretrained(folder or hub repository)``
    come from huggingface_hub.

    Parameters
    ----------
    modalities
        What it reads and writes, in the order that subsets and experts follow.
    aggregation
        Key of ``AGGREGATIONS``.
    latent_dim
        D.
    objective
        Key of ``OBJECTIVES``.
    beta
        Weight of the KL term.
    """

    def __init__(
        self,
        modalities: Sequence[Modality],
        *,
        aggregation: str = "mopoe",
        latent_dim: int = 64,
        objective: str = "elbo",
        beta: float = 1.0,
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
            "beta": beta,
        }
        self.provenance: dict[str, object] = {}
        self.aggregation = _look_up("aggregation", aggregation, AGGREGATIONS)
        self.objective = _look_up("objective", objective, OBJECTIVES)
        self.likelihoods = {
            m.name: _look_up("likelihood", m.likelihood, LIKELIHOODS) for m in self.modalities
        }
        self.latent_dim = latent_dim
        self.beta = beta
        pairs = {
            m.name: _look_up("network", m.network, NETWORKS)(m.shape, latent_dim)
            for m in self.modalities
        }
        self.encoders = nn.ModuleDict({name: pair[0] for name, pair in pairs.items()})
        self.decoders = nn.ModuleDict({name: pair[1] for name, pair in pairs.items()})

    def experts(self, batch: dict[str, Tensor]) -> Gaussian:
        """Every given modality's own posterior, Gaussian ``(M, B, D)``, in dataset order.

        Raises
        ------
        ValueError
            An unknown key, no modality at all, or a shape that is not the modality's.
        """
        self._check(batch)
        observed = batch.get("observed")
        outputs = []
        for m, name in enumerate(self.names):
            if name in batch:
                x = batch[name] if observed is None else _fill_gaps(batch[name], observed[:, m])
                outputs.append(self.encoders[name](x))
        return Gaussian(*torch.stack(outputs).chunk(2, dim=-1))

    def posterior(self, batch: dict[str, Tensor], observed: Sequence[str] | None = None) -> Mixture:
        """The joint posterior over z, as the objective uses it: a Mixture ``(K, B, D)``.

        Parameters
        ----------
        batch
            Any of the modalities.
        observed
            Use only these of them; all by default.
        """
        batch = self._select(batch, observed)
        gaps = batch.get("observed")
        if gaps is not None:
            present = [name in batch for name in self.names]
            gaps = gaps[:, present]
        return self.aggregation(self.experts(batch), gaps)

    def subset_posterior(
        self, batch: dict[str, Tensor], observed: Sequence[str] | None = None
    ) -> Mixture:
        """What the model believes given exactly these modalities, to generate from.

        Differs from :meth:`posterior` for the power-set rules, where it is the subset's own
        product or barycenter (K = 1): what their papers generate from and evaluate.
        """
        batch = self._select(batch, observed)
        if "observed" in batch:
            raise ValueError("a batch with gaps has no single subset; use posterior()")
        return self.aggregation.subset_posterior(self.experts(batch))

    def decode(self, z: Tensor, names: Sequence[str] | None = None) -> dict[str, Distribution]:
        """Each modality's likelihood given ``z``, ``(*, D)``; batch shape ``(*, *shape)``.

        ``names`` leaves the other modalities undecoded.
        """
        flat = z.reshape(-1, self.latent_dim)
        return {
            name: self.likelihoods[name](
                self.decoders[name](flat).reshape(*z.shape[:-1], *modality.shape)
            )
            for name, modality in zip(self.names, self.modalities, strict=True)
            if names is None or name in names
        }

    @torch.inference_mode()
    def generate(
        self,
        batch: dict[str, Tensor],
        observed: Sequence[str] | None = None,
        n_samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """Draw z from the belief given ``observed`` and decode it: name to ``(N, B, *shape)``.

        Each draw shows the decoder's mean. Every modality is generated, the observed ones too.
        """
        z = self.subset_posterior(batch, observed).repeat(n_samples).rsample(generator)  # (N, B, D)
        return {name: distribution.mean for name, distribution in self.decode(z).items()}

    def loss(self, batch: dict[str, Tensor], generator: torch.Generator | None = None) -> Losses:
        """The objective's total and terms, per sample, in nats."""
        return self.objective(self, batch, generator)

    forward = loss

    def _save_pretrained(self, save_directory: Path) -> None:
        _save_weights(self.state_dict(), save_directory / WEIGHTS)
        config = self.config | {"provenance": self.provenance}
        (save_directory / CONFIG).write_text(json.dumps(config, indent=2) + "\n")

    @classmethod
    def _from_pretrained(
        cls, *, model_id: str, config: dict | None = None, **download: object
    ) -> "MultimodalVAE":
        if config is None:
            raise FileNotFoundError(f"no {CONFIG} in {model_id}")
        arguments = {key: value for key, value in config.items() if key != "provenance"}
        arguments["modalities"] = [Modality(**m) for m in arguments["modalities"]]
        model = cls(**arguments)
        if Path(model_id).is_dir():
            weights = Path(model_id) / WEIGHTS
        else:
            weights = hf_hub_download(model_id, WEIGHTS, **download)
        model.load_state_dict(load_file(weights))
        model.provenance = config.get("provenance", {})
        return model.eval()

    def generate_model_card(self, **_: object) -> ModelCard:
        """The README beside saved weights: what the model is and how it was trained."""
        trained = "\n".join(f"- {key}: {value}" for key, value in self.provenance.items())
        return ModelCard(
            "---\nlibrary_name: barycenter-explorer\ntags: [multimodal, vae]\n---\n"
            f"# {self.aggregation.label}\n\n"
            f"A multimodal VAE over {', '.join(self.names)}, latent dimension {self.latent_dim}, "
            f"beta {self.beta:g}.\n\n{trained}\n"
        )

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


def _save_weights(state: dict[str, Tensor], path: Path) -> None:
    """Write weights, matrices in fp16 and the rest as it is; whole or not at all."""
    halved = {
        key: (x.half() if x.is_floating_point() and x.ndim > 1 else x).contiguous().cpu()
        for key, x in state.items()
    }
    partial = path.with_suffix(".partial")
    try:
        save_file(halved, partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


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


def _look_up(kind: str, key: str, table: dict) -> object:
    if key not in table:
        raise ValueError(f"{kind} must be one of {', '.join(table)}, got {key!r}")
    return table[key]
