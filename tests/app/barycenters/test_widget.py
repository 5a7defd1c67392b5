"""The browser's mathematics is the library's, to 1e-12; the widget mounts and keeps its state."""

import json
import math
import shutil
import subprocess

import numpy as np
import pytest
import torch

from explorer import densities, playground
from explorer.aggregations import AGGREGATIONS
from explorer.app.barycenters import widget
from explorer.app.barycenters.notebook import BarycenterWidget
from explorer.app.barycenters.state import Ellipse, State, changed
from explorer.barycenters import bures_wasserstein_barycenter
from explorer.catalog.looks import LABELS
from explorer.densities import Expert
from explorer.gaussians import Gaussian
from explorer.playground import ellipse_covariance, fuse, grid, log_density, scores

N_CASES = 100
CLOSE = {"rtol": 1e-12, "atol": 1e-12}

SCRIPT = """
import { readFileSync } from "node:fs";
import * as m from "./barycenter.mjs";
const plain = (value) => JSON.parse(JSON.stringify(value, (_, v) =>
  ArrayBuffer.isView(v) ? [...v] : v === Infinity ? "inf" : v === -Infinity ? "-inf" : v));
const answer = ({ experts: rows, prior, exponent, t, ellipses }) => {
  const experts = rows.map(([mean, sd, weight]) => ({ mean, sd, weight }));
  const x = m.grid(experts);
  const dx = m.widths(x);
  const w = m.shares(experts);
  const fused = Object.fromEntries(m.KEYS.map((key) => [key, m.fuse(key, experts, prior)]));
  const logs = Object.fromEntries(m.KEYS.map((key) => [key, m.logDensity(fused[key], x)]));
  const p = experts.map((e) => m.logDensity(m.expert(e), x));
  const [a, b] = [logs.moe, p[0]];
  const heights = p.map(m.belowPeak);
  const anyone = x.map((_, i) => Math.max(...heights.map((h) => h[i])));
  const gaussians = ellipses.map(([x, y, a, b, angle]) =>
    m.ellipse({ x, y, a, b, angle: (angle * Math.PI) / 180 }));
  const v = m.shares(ellipses.map((e) => ({ weight: e[5] })));
  const bures = m.bures(gaussians, v);
  const geometric = m.geometric2(gaussians, v);
  const every = (values) => [...values].filter((_, i) => i % 40 === 0);
  return {
    grid: [x.length, x[0], x[1], x[x.length - 1]],
    fused,
    logs: Object.fromEntries(m.KEYS.map((key) => [key, every(logs[key])])),
    table: m.table(experts, x, fused, logs),
    power: every(m.powerMean(p, w, x, exponent)),
    displacement: every(m.geodesic("displacement", p[0], p[1], x, t)),
    quantiles: every(m.quantileAverage(p, w, x)),
    transport: m.wasserstein2Squared(m.logOdds(a, x), m.logOdds(b, x), x),
    js: m.jensenShannon(a, b, dx),
    hellinger: m.hellingerSquared(a, b, dx),
    stray: m.KEYS.map((key) => p.map((_, i) => m.strayMass(logs[key], heights[i], x))),
    nobody: m.KEYS.map((key) => m.strayMass(logs[key], anyone, x)),
    bures: [...bures.mean, ...bures.cov],
    plane: [...geometric.mean, ...geometric.cov, ...m.moments2(gaussians, v).cov,
      ...m.diagonal(gaussians, v).cov],
    kl2: m.kl2(geometric, gaussians[0]),
    evidence: m.logEvidence(experts),
    bound: m.jointBound(a, experts, x, dx),
    rates: m.KEYS.map((key) => {
      const even = experts.map((e) => ({ ...e, weight: 1 }));
      return m.rateTo(m.logDensity(m.fuse(key, even), x), experts, x, dx);
    }),
    mmd: m.mmdGap(experts, w),
    hoelder2: gaussians.map(({ mean: [at, height] }) => {
      const pooled = m.hoelder2(gaussians, v);
      const q = m.sum(pooled.map(([weight, g]) => weight * m.density2(g)(at, height)));
      return q / m.sum(gaussians.map((g, i) => v[i] * Math.sqrt(m.density2(g)(at, height)))) ** 2;
    }),
  };
};
const cases = JSON.parse(readFileSync("cases.json", "utf8"));
process.stdout.write(JSON.stringify(plain(cases.map(answer))));
"""


def random_case(seed):
    rng = np.random.default_rng(seed)

    def weight():
        return round(rng.uniform(0.05, 1), 3)

    return {
        "experts": [
            (rng.uniform(-9, 9), math.exp(rng.uniform(math.log(0.1), math.log(8))), weight())
            for _ in range(rng.integers(2, 6))
        ],
        "prior": bool(seed % 2),
        "exponent": [0.0, 1.0, rng.uniform(-6, 6)][seed % 3],
        "t": rng.uniform(0.01, 0.99),
        "ellipses": [
            (
                *rng.uniform(-6, 6, 2),
                *rng.uniform(0.2, 5, 2),
                rng.uniform(-180, 180),
                weight(),
            )
            for _ in range(rng.integers(2, 6))
        ],
    }


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Pairs of a case and what the browser's source makes of it."""
    if shutil.which("node") is None:
        pytest.skip("no node to run the browser's source with")
    folder = tmp_path_factory.mktemp("node")
    cases = [random_case(seed) for seed in range(N_CASES)]
    (folder / "barycenter.mjs").write_text(widget.source(), "utf-8")
    (folder / "parity.mjs").write_text(SCRIPT, "utf-8")
    (folder / "cases.json").write_text(json.dumps(cases))
    run = subprocess.run(
        ["node", "parity.mjs"], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    return list(zip(cases, json.loads(run.stdout), strict=True))


def same(ours, theirs):
    np.testing.assert_allclose(np.asarray(theirs, float), np.asarray(ours, float), **CLOSE)


def experts_of(case):
    return [Expert(*row) for row in case["experts"]]


def log_experts(experts, x):
    return densities.log_normal(x, [e.mean for e in experts], [e.std for e in experts])


def shares(rows):
    weights = np.array([row[-1] for row in rows])
    return weights / weights.sum()


def test_the_grid_is_the_library_s(answers):
    for case, answer in answers:
        x = grid(experts_of(case))
        same([len(x), x[0], x[1], x[-1]], answer["grid"])


def test_every_aggregation_is_the_library_s(answers):
    for case, answer in answers:
        experts = experts_of(case)
        x = grid(experts)
        for key, mixture in fuse(experts, prior=case["prior"]).items():
            same(mixture.weights, answer["fused"][key]["weights"])
            same(mixture.components.mu.flatten(), answer["fused"][key]["means"])
            same(mixture.components.std.flatten(), answer["fused"][key]["sds"])
            same(log_density(mixture, x)[::40], answer["logs"][key])


def test_the_table_is_the_library_s(answers):
    for case, answer in answers:
        experts = experts_of(case)
        x, w = grid(experts), shares(case["experts"])
        log_p = log_experts(experts, x)
        fused = fuse(experts, prior=case["prior"])
        ours = scores(experts, prior=case["prior"])
        for row in answer["table"]:
            theirs = [row[n] for n in ("mean", "sd", "modes", "reverse", "forward", "wasserstein")]
            same(ours[row["key"]], theirs)
            log_q = log_density(fused[row["key"]], x)
            same(densities.covered_mass(log_q, log_p, w, x), row["covered"])
            at_means = log_density(fused[row["key"]], np.array([e.mean for e in experts]))
            same(at_means, row["logAt"])


def test_meters_are_the_library_s(answers):
    for case, answer in answers:
        experts = experts_of(case)
        x = grid(experts)
        log_p = log_experts(experts, x)
        anyone = (log_p - log_p.max(1, keepdims=True)).max(0)
        fused = fuse(experts, prior=case["prior"]).values()
        log_q = [log_density(mixture, x) for mixture in fused]
        same([densities.stray_mass(q, log_p, x) for q in log_q], answer["stray"])
        same([densities.stray_mass(q, anyone, x) for q in log_q], answer["nobody"])


def test_dial_and_geodesics_are_the_library_s(answers):
    for case, answer in answers:
        experts = experts_of(case)
        x, w = grid(experts), shares(case["experts"])
        log_p = log_experts(experts, x)
        power = densities.power_mean(log_p, w, x, exponent=case["exponent"])
        same(power[::40], answer["power"])
        moved = densities.geodesic("displacement", log_p[0], log_p[1], x, case["t"])
        same(moved[::40], answer["displacement"])
        same(densities.quantile_average(log_p, w, x)[::40], answer["quantiles"])


def test_distances_by_quadrature_are_the_library_s(answers):
    for case, answer in answers:
        experts = experts_of(case)
        x = grid(experts)
        q, p = log_density(fuse(experts)["moe"], x), log_experts(experts, x)[0]
        same(densities.wasserstein2_squared(q, p, x), answer["transport"])
        same(densities.jensen_shannon(q, p, x), answer["js"])
        same(densities.hellinger_squared(q, p, x), answer["hellinger"])


def test_the_plane_is_the_library_s(answers):
    for case, answer in answers:
        ellipses = [Ellipse(*row) for row in case["ellipses"]]
        w = torch.tensor(shares(case["ellipses"]))
        means = torch.tensor([(e.x, e.y) for e in ellipses], dtype=torch.float64)
        covs = torch.stack([ellipse_covariance(e.a, e.b, math.radians(e.angle)) for e in ellipses])
        mean, cov = bures_wasserstein_barycenter(means, covs, w)
        upper = ([0, 0, 1], [0, 1, 1])
        same([*mean, *cov[upper]], answer["bures"])

        total = torch.einsum("m,mij->ij", w, covs.inverse())
        pull = torch.einsum("m,mij,mj->i", w, covs.inverse(), means)
        spread = means - w @ means
        moments = torch.einsum("m,mij->ij", w, covs + spread[:, :, None] * spread[:, None])
        shortcut = (w @ covs.diagonal(dim1=1, dim2=2).sqrt()).square().diag()
        geometric = total.inverse()
        center = geometric @ pull
        same(
            [*center, *geometric[upper], *moments[upper], *shortcut[upper]],
            answer["plane"],
        )
        normal = torch.distributions.MultivariateNormal
        q, p = normal(center, geometric), normal(means[0], covs[0])
        same(torch.distributions.kl_divergence(q, p), answer["kl2"])


def test_hoelder_pooling_in_the_plane_is_the_squared_mean_of_square_roots(answers):
    for _, answer in answers:
        assert len(answer["hoelder2"]) >= 2
        same(answer["hoelder2"][1:], [answer["hoelder2"][0]] * (len(answer["hoelder2"]) - 1))


def test_any_density_gives_a_bound_and_its_gap_is_the_divergence_from_the_posterior(answers):
    for case, answer in answers:
        experts = experts_of(case)
        x = grid(experts)
        log_joint = densities.log_normal(x, [0.0], [1.0])[0] + log_experts(experts, x).sum(0)
        evidence = np.log(np.exp(log_joint - log_joint.max()) @ densities.widths(x))
        evidence += log_joint.max()
        fine = np.diff(x).max() * (1 + sum(e.std**-2 for e in experts)) ** 0.5 < 0.5
        if fine:  # else the posterior is narrower than the grid can integrate
            assert answer["evidence"] == pytest.approx(evidence, abs=1e-6)
        log_q = log_density(fuse(experts)["moe"], x)
        mass = np.exp(log_q) * densities.widths(x)
        assert answer["bound"] == pytest.approx(float(mass @ (log_joint - log_q)), rel=1e-9)
        assert answer["bound"] < answer["evidence"] + 1e-6


def test_the_mixture_is_the_best_prior_and_costs_at_most_m_log_m(answers):
    for case, answer in answers:
        n = len(case["experts"])
        mixture = answer["rates"][list(LABELS).index("moe")]
        assert mixture <= n * math.log(n) + 1e-6
        for rate in answer["rates"]:
            assert mixture <= (math.inf if rate == "inf" else rate) + 1e-6


def test_the_loss_of_mac_wae_exceeds_its_goal_by_the_spread_of_the_masks_embeddings(answers):
    """Closed forms against the kernel on a grid, for two of the cases."""
    for _, answer in answers:
        mmd = answer["mmd"]
        assert mmd["mean"] == pytest.approx(mmd["together"] + mmd["spread"], abs=1e-12)
        assert mmd["spread"] >= 0
    for case, answer in answers[:2]:
        experts = experts_of(case)
        x = grid(experts)[::4]
        dx, w = densities.widths(x), shares(case["experts"])
        kernel = np.exp(-((x[:, None] - x) ** 2) / 2)
        p = np.exp(densities.log_normal(x, [0.0], [1.0])[0]) * dx
        codes = [np.exp(row) * dx for row in log_experts(experts, x)]
        together = sum(share * q for share, q in zip(w, codes, strict=True)) - p
        each = [share * (q - p) @ kernel @ (q - p) for share, q in zip(w, codes, strict=True)]
        if min(e.std for e in experts) > 0.3:
            assert answer["mmd"]["together"] == pytest.approx(
                together @ kernel @ together, abs=1e-4
            )
            assert answer["mmd"]["mean"] == pytest.approx(sum(each), abs=1e-4)


def test_the_dial_at_one_half_is_hoelder_pooling():
    experts = experts_of(random_case(3))
    x = grid(experts)
    w = np.array([e.weight for e in experts]) / sum(e.weight for e in experts)
    dial = densities.power_mean(log_experts(experts, x), w, x, exponent=0.5)
    pooled = log_density(fuse(experts)["holder"], x)
    np.testing.assert_allclose(np.exp(dial), np.exp(pooled), atol=1e-6)


@pytest.mark.parametrize("prior", [False, True])
def test_equal_weights_give_the_aggregations_of_the_library(prior):
    experts = [Expert(-1, 0.5), Expert(2, 1.5), Expert(0.3, 4)]
    mean, std, _ = torch.tensor(experts, dtype=torch.float64).T
    stacked = Gaussian(mean[:, None, None], 2 * std.log()[:, None, None])
    fused = fuse(experts, prior=prior)
    for key in LABELS:
        aggregation = AGGREGATIONS[key]
        if aggregation.prior and not prior:
            continue
        expected = aggregation(stacked)
        torch.testing.assert_close(fused[key].components, expected.components)
        # atol: the library's uniform weights are float32 before they are float64
        torch.testing.assert_close(
            fused[key].weights, expected.weights.flatten(), atol=1e-7, rtol=0
        )


@pytest.mark.parametrize("seed", range(8))
def test_each_barycenter_wins_its_own_column(seed):
    rows = scores(experts_of(random_case(seed)))
    for column, winner in (
        ("reverse_kl", "logpool"),
        ("forward_kl", "moe"),
        ("wasserstein", "wb"),
    ):
        least = min(getattr(row, column) for row in rows.values())
        assert getattr(rows[winner], column) <= least + 1e-6 * max(1, least), column


def test_the_paper_s_counterexample_gives_the_numbers_on_the_page():
    rows = scores([Expert(-1, 1), Expert(2, 0.5)])
    assert round(rows["logpool"].reverse_kl, 4) == 1.9116
    assert round(rows["poe"].reverse_kl, 4) == 2.0081
    assert (round(rows["logpool"].std, 3), round(rows["poe"].std, 3)) == (0.632, 0.447)


def test_the_source_is_one_module_without_imports():
    source = widget.source()
    assert not [line for line in source.splitlines() if line.startswith("import")]
    assert source.count("export default") == 1
    assert "http://" not in source.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in source


def test_the_module_serves_streamlit_and_anywidget(tmp_path):
    if shutil.which("node") is None:
        pytest.skip("no node to run the browser's source with")
    (tmp_path / "barycenter.mjs").write_text(widget.source(), "utf-8")
    script = (
        'import mount from "./barycenter.mjs";'
        "console.log(typeof mount, mount.length, typeof mount().render)"
    )
    (tmp_path / "mount.mjs").write_text(script)
    run = subprocess.run(["node", "mount.mjs"], cwd=tmp_path, capture_output=True, text=True)
    assert run.stdout.split() == ["function", "1", "function"], run.stderr


def test_a_command_survives_the_way_to_the_browser_and_back():
    state = State(experts=(Expert(-2, 1, 0.3), Expert(1, 0.5)), dial=-1, path=("mixing", 0.25))
    assert changed(State(), widget.command(state)["state"]) == state


def test_the_notebook_widget_shows_another_state_on_command():
    widget = BarycenterWidget()
    assert widget.shown == State()
    widget.show(State(view="log"), explanation="look")
    assert widget.shown.view == "log"
    assert widget.command["revision"] == 1
    widget.state = {**widget.state, "prior": True}  # as the browser does on release
    assert widget.shown == State(view="log", prior=True)


def test_a_subset_counts_as_its_members_do_on_average():
    weights = playground.fuse([Expert(0, 1, 1.0), Expert(1, 1, 0.5)])["mopoe"].weights
    torch.testing.assert_close(weights, torch.tensor([1, 0.5, 0.75], dtype=torch.float64) / 2.25)


THEREFORE = {
    "a false consensus is named, and who keeps both answers": (
        [(-4, 1), (4, 1)],
        ["poe", "moe", "wb"],
        [
            "Product and Wasserstein peak where no expert believes",
            "Mixture keeps the answers apart",
        ],
    ),
    "agreement makes the product surer": (
        [(0.4, 1.2), (0, 1), (-0.3, 1.4)],
        ["poe", "wb"],
        ["Product is surer than every expert"],
    ),
    "a vague expert far away pulls": (
        [(-2, 0.7), (6, 5)],
        ["logpool", "wb"],
        ["Wasserstein is pulled towards an expert who knows little"],
    ),
    "a wide match is explained": ([(-3, 1), (3, 1)], ["moments"], ["wider than every expert"]),
    "nothing is shown": ([(-3, 1), (3, 1)], [], ["Switch on a rule"]),
    "nothing stands out": ([(0, 1), (0.2, 1)], ["wb"], ["lies between the experts"]),
}


@pytest.mark.parametrize(("experts", "curves", "said"), THEREFORE.values(), ids=THEREFORE)
def test_the_line_under_the_plot_says_what_follows_from_it(experts, curves, said, tmp_path):
    if shutil.which("node") is None:
        pytest.skip("no node to run the browser's source with")
    (tmp_path / "barycenter.mjs").write_text(widget.source(), "utf-8")
    script = f"""
    import * as m from "./barycenter.mjs";
    const experts = {json.dumps(experts)}.map(([mean, sd]) => ({{ mean, sd, weight: 1 }}));
    const x = m.grid(experts);
    const fused = Object.fromEntries(m.KEYS.map((key) => [key, m.fuse(key, experts, false)]));
    const logs = Object.fromEntries(m.KEYS.map((key) => [key, m.logDensity(fused[key], x)]));
    const rows = m.table(experts, x, fused, logs)
      .filter((row) => {json.dumps(curves)}.includes(row.key));
    console.log(m.therefore(rows, experts, (key) => fused[key].weights.length > 1));
    """
    (tmp_path / "therefore.mjs").write_text(script)
    run = subprocess.run(["node", "therefore.mjs"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert all(part in run.stdout for part in said), run.stdout


def test_every_rule_is_explained_where_it_is_chosen():
    assert set(widget.setup()["ideas"]) == set(LABELS)
    assert all(len(idea) > 40 for idea in widget.setup()["ideas"].values())
