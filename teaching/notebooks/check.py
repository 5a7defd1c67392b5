"""Checks the exercises of these notebooks and says what is wrong with an answer.

Nothing here raises: an exercise that is still to do, or wrong, is told in a sentence, so that a
notebook runs to its end. Right answers are computed by the library, not written down.
"""

import math
from collections.abc import Callable

import torch

from explorer import densities
from explorer.aggregations import AGGREGATIONS
from explorer.barycenters import BARYCENTERS
from explorer.gaussians import Gaussian

CASES = [((-1.0, 1.0), (2.0, 0.5)), ((0.0, 2.0), (3.0, 2.0)), ((-4.0, 0.3), (4.0, 1.5))]
"""Pairs of experts, each as mean and standard deviation."""


def say(name: str, wrong: str | None) -> None:
    """Print the verdict on an exercise."""
    print(f"{name}: right." if wrong is None else f"{name}: {wrong}")


def is_open(answer: object) -> bool:
    """Whether an answer is still the three dots."""
    return answer is ... or (isinstance(answer, tuple) and ... in answer)


def fused(rule: str, experts) -> tuple[float, float]:
    """Mean and standard deviation that the library finds."""
    means, stds = (
        torch.tensor(values, dtype=torch.float64) for values in zip(*experts, strict=True)
    )
    gaussian = Gaussian(means[:, None, None], 2 * stds.log()[:, None, None])
    found = BARYCENTERS[rule](gaussian, torch.full((2,), 0.5, dtype=torch.float64))
    return found.mu.item(), (found.logvar / 2).exp().item()


def rule(name: str, key: str, function: Callable) -> None:
    """Check ``function(m1, s1, m2, s2) -> (mean, sd)`` against a barycenter of the library."""
    for first, second in CASES:
        try:
            answer = function(*first, *second)
        except Exception as error:  # a student's own code may fail in any way
            return say(name, f"your function stops with {type(error).__name__}: {error}")
        if is_open(answer):
            return say(name, "still to do.")
        if not isinstance(answer, tuple) or len(answer) != 2:
            return say(name, f"return two numbers, mean and sd; got {answer!r}")
        wanted = power(first, second) if key == "product" else fused(key, (first, second))
        for what, got, right in zip(("mean", "sd"), answer, wanted, strict=True):
            if not math.isclose(got, right, rel_tol=1e-6):
                experts = f"N({first[0]}, {first[1]}²) and N({second[0]}, {second[1]}²)"
                hint = hint_on(key, what, got, first, second)
                return say(name, f"the {what} of {experts} is {right:.4f}, yours {got:.4f}.{hint}")
    return say(name, None)


def power(first, second) -> tuple[float, float]:
    """The product of two experts: the geometric mean with twice its precision."""
    mean, std = fused("reverse_kl", (first, second))
    return mean, std / math.sqrt(2)


def hint_on(key: str, what: str, got: float, first, second) -> str:
    """What may have gone wrong, where that can be told."""
    precision = first[1] ** -2 + second[1] ** -2
    if key == "product" and what == "sd" and math.isclose(got, precision**-1):
        return " That is the variance: take the square root."
    if key == "product" and what == "sd" and math.isclose(got, (precision / 2) ** -0.5):
        return " That is the geometric mean's: in a product precisions add."
    middle = (first[0] + second[0]) / 2
    if key == "product" and what == "mean" and math.isclose(got, middle):
        return " That counts both alike: weigh each by its precision, 1 / sd²."
    if key == "wasserstein" and what == "sd" and math.isclose(got, precision**-0.5):
        return " That is the product's: here standard deviations average."
    return ""


def kl(name: str, function: Callable) -> None:
    """Check ``function(log_q, log_p, dx)`` on densities that are tabulated on a grid."""
    x = torch.linspace(-12, 12, 4801, dtype=torch.float64).numpy()
    log_q, log_p = (densities.log_normal(x, [m], [s])[0] for m, s in ((0.0, 1.0), (1.0, 2.0)))
    try:
        answer = function(log_q, log_p, x[1] - x[0])
    except Exception as error:  # a student's own code may fail in any way
        return say(name, f"your function stops with {type(error).__name__}: {error}")
    if is_open(answer):
        return say(name, "still to do.")
    right, turned = 0.5 * (math.log(4) + 2 / 4 - 1), 0.5 * (4 + 1 - 1 - math.log(4))
    if math.isclose(answer, turned, rel_tol=1e-3):
        return say(name, "that is KL(p‖q): weigh by q, the first argument.")
    if not math.isclose(answer, right, rel_tol=1e-3):
        return say(name, f"KL of N(0, 1) from N(1, 2²) is {right:.4f}, yours {answer:.4f}.")
    return say(name, None)


def wins(name: str, answer: object, winners: dict[str, str]) -> None:
    """Check a dictionary from distance to the rule that is nearest by it."""
    if is_open(answer) or (isinstance(answer, dict) and ... in answer.values()):
        return say(name, "still to do.")
    if not isinstance(answer, dict) or answer.keys() != winners.keys():
        return say(name, f"expected a dictionary with the keys {', '.join(winners)}")
    wrong = [distance for distance in winners if answer[distance] != winners[distance]]
    return say(name, f"look again at the column {wrong[0]}." if wrong else None)


def fuse(name: str, function: Callable, experts: Gaussian) -> None:
    """Check ``function(experts, key)``: the mixture that a rule makes of a network's experts."""
    for key in ("poe", "moe", "wb"):
        try:
            answer = function(experts, key)
        except Exception as error:  # a student's own code may fail in any way
            return say(name, f"your function stops with {type(error).__name__}: {error}")
        if is_open(answer):
            return say(name, "still to do.")
        right = AGGREGATIONS[key](experts)
        if not hasattr(answer, "components"):
            return say(name, f"return what the rule returns, a Mixture; got {answer!r:.60}")
        if len(answer.weights) != len(right.weights):
            n, yours = len(right.weights), len(answer.weights)
            return say(name, f"{key} has {n} components, yours {yours}")
        if not torch.allclose(answer.components.mu, right.components.mu):
            return say(name, f"the components of {key} are not those of its rule")
    return say(name, None)


def sides(name: str, answer: object, counts: dict[str, dict[int, int]]) -> None:
    """Check which rule follows one expert in every draw, and which follows both."""
    if is_open(answer) or (isinstance(answer, dict) and ... in answer.values()):
        return say(name, "still to do.")
    split = {key: min(c.values()) / max(1, sum(c.values())) for key, c in counts.items()}
    right = {"both": max(split, key=split.get), "one": min(split, key=split.get)}
    if not isinstance(answer, dict) or answer.keys() != right.keys():
        return say(name, "expected a dictionary with the keys both and one")
    for what in right:
        if split.get(answer[what]) != split[right[what]]:
            return say(name, f"count again: {answer[what]!r} is not the one that takes {what}.")
    return say(name, None)
