// The class: one bar (step, back, next, time) and one panel with what is to be done, beside the
// page that it is about. The same module leads through the class in the app and in the static
// edition; all that it keeps is in the browser, and in the address.
//
// Page 1 hears `explorerClass` (cover the curves, sketch, keep the tools) and says what is on its
// plot in the event "explorer-barycenters", and what was drawn in "explorer-sketch".
import { el } from "./dom.js";
import { check } from "./checks.js";
import { linkTo, readPosition, walk } from "./position.js";
import { newWord, remember, remembered } from "./memory.js";
import { questionView } from "./questions.js";
import { roomClient } from "./room_client.js";

const OFTEN = 1500; // ms between two looks at what the teacher has opened

function createClass(parent, { lesson, pages }) {
  const query = new URLSearchParams(location.search);
  const room = /^[A-Z0-9]{4,8}$/.test(query.get("room") ?? "") && pages.room ? query.get("room") : "";
  const where = { ...readPosition(location.search, lesson), pages, room };
  const step = lesson.steps[where.step - 1];
  const part = step.parts[where.part - 1];
  const store = `explorer class ${lesson.name} ${room}`;
  const kept = { who: newWord(), began: Date.now(), answers: {}, ...remembered(store) };
  remember(store, kept);
  const client = room ? roomClient(room, kept.who) : null;
  let open = null; // what the teacher has opened; null until the room has said so
  let trouble = "";
  let uncovered = part.options || part.sketch ? kept.answers[part.key ?? `sketch_${step.key}`] !== undefined && !room : true;

  const panel = el("div", { class: "panel" });
  const covered = (key) => room !== "" && !(open ?? []).includes(key);

  function tell() {
    globalThis.explorerClass = {
      covered: part.options || part.sketch ? !uncovered : false,
      sketch: part.sketch === true && !uncovered,
      without: part.tools ? [] : pages.without,
    };
    globalThis.dispatchEvent(new CustomEvent("explorer-class"));
  }

  async function answer(key, value) {
    kept.answers[key] = value;
    remember(store, kept);
    trouble = "";
    if (client && covered(key)) {
      try {
        await client.send(key, value);
      } catch (error) {
        trouble = `Your answer did not arrive (${error.message}); choose it again.`;
      }
    }
    paint();
  }

  // --- one view for each thing there is to do ---------------------------------------------------
  function predict() {
    const shown = !covered(part.key);
    uncovered = shown && kept.answers[part.key] !== undefined;
    return [questionView(part, {
      chosen: kept.answers[part.key] ?? null, explained: shown,
      waiting: "Sent. Your teacher opens the answers.", onchoose: (i) => answer(part.key, i),
    }), uncovered && part.why ? el("p", { class: "why" }, part.why) : null];
  }

  function sketching() {
    const key = `sketch_${step.key}`;
    const drawn = kept.answers[key] !== undefined;
    const shown = uncovered;
    return [el("p", { class: "asked" }, part.text), shown
      ? el("p", { class: "why" }, part.why ?? "")
      : el("p", {}, drawn ? (covered(key) ? "Sent. Your teacher opens the answers." : "Drawn. Draw again, or look.") : "Draw on the plot with the pointer."),
    shown ? null : el("button", { type: "button", class: "main", disabled: drawn && covered(key), onclick: () => {
      uncovered = true;
      paint();
    } }, drawn ? "Show what the rules believe" : "Show it without drawing")];
  }

  let solved = null;
  let hints = 0;
  function challenge() {
    const [done, numbers] = solved ?? [false, "Drag the dots; the numbers appear here."];
    return [el("p", { class: "asked" }, part.text),
      el("p", { class: done ? "verdict right" : "verdict", "aria-live": "polite" }, done ? "Solved. " : "", numbers),
      done && part.why ? el("p", { class: "why" }, part.why) : null,
      ...(part.hints ?? []).slice(0, hints).map((hint) => el("p", { class: "hint" }, `Hint: ${hint}`)),
      !done && hints < (part.hints ?? []).length
        ? el("button", { type: "button", onclick: () => { hints += 1; paint(); } }, "Give me a hint") : null];
  }

  function ticket() {
    const after = part.ticket === "after";
    const key = (question, time) => `${time}_${question.key}`;
    const count = (time) => lesson.ticket.filter((q) => q.options[kept.answers[key(q, time)]]?.right).length;
    const answered = (time) => lesson.ticket.filter((q) => kept.answers[key(q, time)] !== undefined).length;
    const all = lesson.ticket.length;
    const result = after && answered("after") === all && !covered("after")
      ? `You have ${count("after")} of ${all}.` + (answered("before") === all ? ` Before the class it was ${count("before")}.` : "")
      : !after && answered("before") === all ? "Thank you. Go on with Next." : "";
    return [el("p", {}, part.text),
      ...lesson.ticket.map((question) => questionView(question, {
        chosen: kept.answers[key(question, part.ticket)] ?? null,
        explained: after && !covered("after"),
        waiting: after ? "Sent. Your teacher opens the answers." : "",
        onchoose: (i) => answer(key(question, part.ticket), i),
      })),
      el("p", { class: "verdict", "aria-live": "polite" }, result)];
  }

  const reading = () => [el("p", {}, ...(part.word ? [el("strong", { class: "word" }, `${part.word}. `)] : []), part.text),
    part.why ? el("details", {}, el("summary", {}, "Why?"), el("p", {}, part.why)) : null];

  function paint() {
    const views = part.ticket ? ticket() : part.challenge ? challenge() : part.sketch ? sketching() : part.options ? predict() : reading();
    const missing = part.page in pages ? null
      : el("p", { class: "trouble" }, "This part needs the app; the static edition does not have its page. Read on with Next.");
    panel.replaceChildren(
      el("h2", {}, step.title), ...[missing, ...views].filter(Boolean), el("p", { class: "trouble", "aria-live": "polite" }, trouble));
    tell();
  }

  // --- the bar --------------------------------------------------------------------------------------
  const parts = walk(lesson, where.chosen);
  const here = parts.findIndex(([s, p]) => s === where.step && p === where.part);
  const go = (target, text, name) => target
    ? el("a", { class: "go", href: linkTo(lesson, target, where), "aria-label": name }, text)
    : el("span", { class: "go", "aria-hidden": "true" }, text);
  const planned = where.chosen.map((s) => lesson.steps[s - 1].minutes);
  const index = where.chosen.indexOf(where.step);
  const until = planned.slice(0, index + 1).reduce((a, b) => a + b, 0);
  const total = planned.reduce((a, b) => a + b, 0);
  const time = el("span", { class: "time" });
  const dots = el("nav", { class: "dots", "aria-label": "Steps of the class" }, ...where.chosen.map((s, i) =>
    el("a", {
      href: linkTo(lesson, [s, 1], where), title: `${lesson.steps[s - 1].title}, ${lesson.steps[s - 1].minutes} minutes`,
      "aria-label": `Step ${i + 1}: ${lesson.steps[s - 1].title}`, ...(s === where.step ? { "aria-current": "step" } : {}),
    }, String(i + 1))));
  const bar = el("div", { class: "bar" },
    go(parts[here - 1], "‹ Back", "Back"), dots, go(parts[here + 1], "Next ›", "Next"),
    el("p", { class: "place" }, el("span", {}, `Step ${index + 1} of ${where.chosen.length}` +
      (step.parts.length > 1 ? `, part ${where.part} of ${step.parts.length}` : "")), time));
  const tick = () => {
    const minute = Math.floor((Date.now() - kept.began) / 60000);
    time.textContent = minute > 3 * total ? `${until} of ${total} min planned` : `minute ${minute}; planned until ${until} of ${total}`;
  };
  tick();
  setInterval(tick, 15000);

  parent.append(el("section", { class: "class", "aria-label": `Class: ${lesson.title}` }, bar, panel,
    el("p", { class: "leave" }, room ? `Room ${room}. ` : "", el("a", { href: pages[part.page] ?? pages.barycenters }, "Leave the class"))));

  // --- what the page and the room say ------------------------------------------------------------------
  globalThis.addEventListener("explorer-barycenters", ({ detail: state }) => {
    if (!part.challenge) return;
    const before = solved?.[0] ?? false;
    const now = check(part.challenge, state);
    solved = [now[0] || before, now[1]];
    if (now[0] && !before) answer(part.challenge, 1);
    else paint();
  });
  globalThis.addEventListener("explorer-sketch", ({ detail: heights }) => part.sketch && answer(`sketch_${step.key}`, heights));
  async function listen() {
    try {
      const now = await client.opened();
      if (JSON.stringify(now) !== JSON.stringify(open)) {
        open = now;
        if (part.sketch && open.includes(`sketch_${step.key}`)) uncovered = true;
        paint();
      }
    } catch (error) {
      trouble = `The room does not answer (${error.message}); it is asked again.`;
      paint();
    }
    setTimeout(listen, OFTEN);
  }
  if (client) listen();
  paint();
}

const classes = new WeakMap();
export default function ({ parentElement, data }) {
  if (classes.has(parentElement)) return;
  classes.set(parentElement, true);
  createClass(parentElement, data);
}
