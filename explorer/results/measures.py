"""Every measure that scores.json holds: where it stands, and what people call it."""

from typing import NamedTuple


class Measure(NamedTuple):
    """Where a measure stands in scores.json and how it is called.

    Parameters
    ----------
    label
        What people call it.
    path
        Keys to its figures, joined by ``/``; ``{given}`` and ``{target}`` stand for any key.
    n
        Path to how many test tuples or draws it rests on; empty where that is not recorded.
    better
        1 when more is better, -1 when less is, 0 when neither.
    digits
        Decimals worth printing.
    """

    label: str
    path: str
    n: str
    better: int = 1
    digits: int = 3


_LATENT, _COHERENCE, _LIKELIHOOD, _RECONSTRUCTION, _TRANSLATION, _DIVERSITY, _GEOMETRY = (
    f"{section}/test_tuples"
    for section in ("latent_accuracy", "coherence", "likelihood", "reconstruction")
    + ("translation", "diversity", "geometry")
)
_PRECISION = "average_precision/test_tuples"
_FRECHET = "diversity/frechet_tuples"
MEASURES: dict[str, Measure] = {
    "latent_accuracy": Measure("latent accuracy", "latent_accuracy/by_size/{given}", _LATENT),
    "latent_accuracy_by_subset": Measure(
        "latent accuracy, by subset", "latent_accuracy/by_subset/{given}", _LATENT
    ),
    "latent_accuracy_few": Measure(
        "latent accuracy, few labels",
        "latent_accuracy/few_labels/by_size/{given}",
        "latent_accuracy/few_labels/test_tuples",
    ),
    "latent_accuracy_few_by_subset": Measure(
        "latent accuracy, few labels, by subset",
        "latent_accuracy/few_labels/by_subset/{given}",
        "latent_accuracy/few_labels/test_tuples",
    ),
    "coherence": Measure("coherence", "coherence/conditional_by_size/{given}", _COHERENCE),
    "coherence_by_target": Measure(
        "coherence, by target", "coherence/conditional_by_target/{target}/{given}", _COHERENCE
    ),
    "coherence_by_subset": Measure(
        "coherence, by subset and target", "coherence/by_subset/{given}/{target}", _COHERENCE
    ),
    "self_coherence": Measure("self coherence", "coherence/self_by_size/{given}", _COHERENCE),
    "joint_coherence": Measure("joint coherence", "coherence/joint", "coherence/prior_draws"),
    "sampled_joint": Measure(
        "joint coherence, by sampler", "sampling/{target}/joint", "sampling/draws"
    ),
    "sampled_classes": Measure(
        "classes of what is drawn, by sampler", "sampling/{target}/classes", "sampling/draws"
    ),
    "sampled_distance": Measure(
        "distance of a draw to the nearest training code, by sampler",
        "sampling/{target}/to_nearest_training_code",
        "sampling/draws",
        better=0,
    ),
    "sampled_distance_of_tests": Measure(
        "distance of test tuples to the nearest training code",
        "sampling/test_to_nearest_training_code",
        "sampling/draws",
        better=0,
    ),
    "judged_coherence": Measure(
        "coherence, by judge", "coherence/judges/{target}/conditional_by_size/{given}", _COHERENCE
    ),
    "judged_joint": Measure(
        "joint coherence, by judge", "coherence/judges/{target}/joint", "coherence/prior_draws"
    ),
    "judge_accuracy": Measure(
        "judge on real samples", "coherence/judges/{target}/accuracy", "", better=0
    ),
    "ceiling": Measure("classifier on real samples", "coherence/ceiling/{target}", "", better=0),
    "latent_precision": Measure(
        "average precision of attributes, latent", "average_precision/latent/{given}", _PRECISION
    ),
    "latent_precision_published": Measure(
        "the same as published: hard predictions, batches",
        "average_precision/latent_as_published/{given}",
        _PRECISION,
    ),
    "precision": Measure(
        "average precision of attributes, generated",
        "average_precision/generated/{given}/{target}",
        "average_precision/generated_tuples",
    ),
    "precision_by_attribute": Measure(
        "average precision, latent, of each attribute",
        "average_precision/by_attribute/{given}/{target}",
        _PRECISION,
    ),
    "precision_ceiling": Measure(
        "average precision of classifiers on real observations",
        "average_precision/ceiling/{target}",
        "",
        better=0,
    ),
    "log_likelihood": Measure(
        "log p(x), nats", "likelihood/importance_weighted/{given}", _LIKELIHOOD, digits=1
    ),
    "log_likelihood_by_size": Measure(
        "log p(x), nats, mean over subsets", "likelihood/by_size/{given}", _LIKELIHOOD, digits=1
    ),
    "effective_draws": Measure(
        "effective draws",
        "likelihood/importance_weighted/{given}/effective_draws",
        _LIKELIHOOD,
        digits=2,
    ),
    "published_statistic": Measure(
        "published statistic, nats: no log p(x)",
        "likelihood/published_statistic/{given}",
        _LIKELIHOOD,
        better=0,
        digits=1,
    ),
    "elbo": Measure("ELBO, nats", "likelihood/elbo", _LIKELIHOOD, digits=1),
    "elbo_reconstruction": Measure(
        "ELBO's reconstruction, nats", "likelihood/reconstruction", _LIKELIHOOD, digits=1
    ),
    "elbo_kl": Measure("ELBO's KL, nats", "likelihood/kl", _LIKELIHOOD, better=0, digits=1),
    "ssim": Measure("SSIM", "reconstruction/{target}/ssim_data_range_1", _RECONSTRUCTION),
    "ssim_range_2": Measure(
        "SSIM, data range 2", "reconstruction/{target}/ssim_data_range_2", _RECONSTRUCTION
    ),
    "absolute_error": Measure(
        "absolute error", "reconstruction/{target}/absolute_error", _RECONSTRUCTION, better=-1
    ),
    "rmse": Measure("RMSE", "reconstruction/{target}/rmse", _RECONSTRUCTION, better=-1),
    "label_accuracy": Measure(
        "label reconstructed", "reconstruction/{target}/accuracy", _RECONSTRUCTION
    ),
    "word_accuracy": Measure(
        "words right", "reconstruction/{target}/word_accuracy", _RECONSTRUCTION
    ),
    "character_accuracy": Measure(
        "characters right", "reconstruction/{target}/character_accuracy", _RECONSTRUCTION
    ),
    "bleu": Measure(
        "BLEU-3 of characters", "reconstruction/{target}/bleu_3_characters", _RECONSTRUCTION
    ),
    **{
        f"self_{key}": Measure(
            f"{label}, from itself alone",
            f"self_reconstruction/by_modality/{{target}}/{name}",
            "self_reconstruction/test_tuples",
            better,
        )
        for key, label, name, better in (
            ("ssim", "SSIM", "ssim_data_range_1", 1),
            ("ssim_range_2", "SSIM, data range 2", "ssim_data_range_2", 1),
            ("absolute_error", "absolute error", "absolute_error", -1),
            ("rmse", "RMSE", "rmse", -1),
            ("label", "label right", "accuracy", 1),
            ("word", "words right", "word_accuracy", 1),
            ("character", "characters right", "character_accuracy", 1),
            ("bleu", "BLEU-3 of characters", "bleu_3_characters", 1),
        )
    },
    "translation_ssim": Measure(
        "translation, SSIM", "translation/{target}/{given}/ssim_data_range_1", _TRANSLATION
    ),
    "translation_rmse": Measure(
        "translation, RMSE", "translation/{target}/{given}/rmse", _TRANSLATION, better=-1
    ),
    "translation_label": Measure(
        "translation, label right", "translation/{target}/{given}/accuracy", _TRANSLATION
    ),
    "translation_word": Measure(
        "translation, words right", "translation/{target}/{given}/word_accuracy", _TRANSLATION
    ),
    "translation_bleu": Measure(
        "translation, BLEU-3 of characters",
        "translation/{target}/{given}/bleu_3_characters",
        _TRANSLATION,
    ),
    "diversity": Measure(
        "diversity, one other given", "diversity/given_one/{target}", _DIVERSITY, better=0
    ),
    "diversity_given_others": Measure(
        "diversity, all others given", "diversity/given_others/{target}", _DIVERSITY, better=0
    ),
    "diversity_real": Measure(
        "diversity of real observations of a class",
        "diversity/real/{target}",
        "diversity/real_tuples",
        better=0,
    ),
    "frechet": Measure(
        "classifier Frechet distance",
        "diversity/classifier_frechet_distance/generated/{target}",
        _FRECHET,
        better=-1,
        digits=1,
    ),
    "frechet_real": Measure(
        "classifier Frechet distance, real to real",
        "diversity/classifier_frechet_distance/real/{target}",
        _FRECHET,
        better=0,
        digits=1,
    ),
    "code_variance": Measure(
        "variance of codes", "geometry/by_subset/{given}/variance", _GEOMETRY, better=0
    ),
    "posterior_variance": Measure(
        "variance around codes",
        "geometry/by_subset/{given}/posterior_variance",
        _GEOMETRY,
        better=0,
    ),
    "effective_dimension": Measure(
        "effective dimension of codes",
        "geometry/by_subset/{given}/effective_dimension",
        _GEOMETRY,
        better=0,
        digits=1,
    ),
    "code_distance": Measure(
        "distance between codes",
        "geometry/by_subset/{given}/pairwise_distance",
        _GEOMETRY,
        better=0,
        digits=2,
    ),
    "gap_to_all": Measure(
        "distance to the codes given all, radii",
        "geometry/by_subset/{given}/gap_to_all",
        _GEOMETRY,
        better=0,
    ),
    "gap": Measure("distance between subsets, radii", "geometry/gap", _GEOMETRY, better=0),
}
