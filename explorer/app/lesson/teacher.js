// The teacher's page of a room: what was answered, twice a second; opens and covers answers.
// The key stands after # in the link, so that it is in no server's log.
import { el } from "./dom.js";

const OFTEN = 500; // ms
const key = location.hash.slice(1);
const main = document.getElementById("room");
const ask = async (path, body) => {
  const response = await fetch(`/teacher/${path}`, {
    method: body ? "POST" : "GET",
    headers: { Authorization: `Bearer ${key}`, ...(body ? { "Content-Type": "application/json" } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error((await response.json()).error);
  return response;
};

const trouble = el("p", { class: "trouble", role: "status" });
const say = (error) => (trouble.textContent = `${error.message}.`);
const body = el("div");
const code = el("span", { class: "code", "aria-label": "Code of the room" });
const count = el("span", { class: "count" });
const save = el("button", { type: "button", onclick: async () => {
  try {
    const text = await (await ask("answers.csv")).text();
    const link = el("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: "answers.csv" });
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) {
    say(error);
  }
} }, "Save as CSV");
const wipe = el("button", { type: "button", onclick: async () => {
  if (!confirm("Delete all answers of this room, for good?")) return;
  try {
    await ask("delete", {});
    shown = "";
    await look();
  } catch (error) {
    say(error);
  }
} }, "Delete everything");
main.append(el("div", { class: "head" }, el("h1", {}, "Room"), code, count, el("div", { class: "tools" }, save, wipe)), trouble, body);

const toggle = (question) => el("button", {
  type: "button", "aria-pressed": String(question.open),
  onclick: async () => {
    try {
      await ask("open", { question: question.key, open: !question.open });
      await look();
    } catch (error) {
      say(error);
    }
  },
}, question.open ? "Cover the answers" : "Open the answers");

function bars(question) {
  return question.options.map(({ text, right, count: n }) =>
    el("div", { class: question.open && right ? "bar right" : "bar" },
      el("span", {}, text, question.open && right ? " ✓" : ""), el("b", {}, String(n)),
      el("div", { class: "track" }, el("div", { class: "fill", style: `width: ${(100 * n) / Math.max(1, question.answered)}%` }))));
}

// all sketches over each other, each scaled to the same area
function sketches(question) {
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 400 150");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${question.answered} sketches over each other, from -10 to 10`);
  const areas = question.sketches.map((heights) => heights.reduce((a, b) => a + b, 0) || 1);
  const top = Math.max(0.05, ...question.sketches.map((heights, i) => Math.max(...heights) / areas[i]));
  question.sketches.forEach((heights, i) => {
    const path = document.createElementNS(NS, "path");
    path.setAttribute("d", `M${heights.map((h, x) => `${(400 * x) / (heights.length - 1)} ${(145 - (135 * h) / areas[i] / top).toFixed(1)}`).join("L")}`);
    svg.append(path);
  });
  return [svg];
}

const card = (question) => el("article", {},
  el("p", {}, question.text),
  ...(question.kind === "choice" ? bars(question) : question.kind === "sketch" ? sketches(question)
    : [el("div", { class: "bar" }, el("span", {}, "solved"), el("b", {}, String(question.answered)))]),
  el("div", { class: "foot" }, question.kind === "challenge" ? null : toggle(question),
    el("small", {}, `${question.answered} ${question.kind === "challenge" ? "solved it" : "answered"}`)));

let shown = "";
async function look() {
  const found = await (await ask("results")).json();
  trouble.textContent = "";
  const text = JSON.stringify(found);
  if (text === shown) return;
  shown = text;
  const active = document.activeElement?.closest("article");
  const at = active ? [...body.querySelectorAll("article")].indexOf(active) : -1;
  code.textContent = found.code;
  document.title = `Room ${found.code}`;
  count.textContent = `${found.students} ${found.students === 1 ? "student" : "students"}`;
  const steps = [...new Set(found.questions.map((question) => question.step))];
  body.replaceChildren(...steps.flatMap((step) => [
    el("h2", {}, `Step ${step}`),
    el("div", { class: "grid" }, ...found.questions.filter((question) => question.step === step).map(card)),
  ]));
  if (at >= 0) body.querySelectorAll("article")[at]?.querySelector("button")?.focus();
}
async function watch() {
  try {
    await look();
  } catch (error) {
    say(error);
  }
  setTimeout(watch, OFTEN);
}
watch();
