// Where a visitor is in a class, from the address: ?step=3.2 is the second part of step 3,
// ?steps=1,2,5 leaves the other steps out. What cannot be used is ignored.
const whole = (text, most) => (/^\d{1,2}$/.test(text) && text >= 1 && text <= most ? Number(text) : null);

export function readPosition(search, lesson) {
  const query = new URLSearchParams(search);
  const count = lesson.steps.length;
  const only = (query.get("steps") ?? "").split(",").map((text) => whole(text, count)).filter(Boolean);
  const chosen = only.length ? [...new Set(only)].sort((a, b) => a - b) : lesson.steps.map((_, i) => i + 1);
  const [first, second = "1"] = (query.get("step") ?? "").split(".");
  const wanted = whole(first, count);
  const step = chosen.includes(wanted) ? wanted : chosen[0];
  const part = (step === wanted && whole(second, lesson.steps[step - 1].parts.length)) || 1;
  return { chosen, step, part, left: only.length > 0 };
}

// The parts of the chosen steps in their order, as [step, part] counted from 1.
export const walk = (lesson, chosen) =>
  chosen.flatMap((step) => lesson.steps[step - 1].parts.map((_, i) => [step, i + 1]));

// The address of a part, relative to where the pages are: `pages` has the path of each.
export function linkTo(lesson, [step, part], { pages, chosen, left, room }) {
  const { page, state } = lesson.steps[step - 1].parts[part - 1];
  const query = new URLSearchParams(state);
  query.set("class", lesson.name);
  query.set("step", part > 1 ? `${step}.${part}` : `${step}`);
  if (left) query.set("steps", chosen.join(","));
  if (room) query.set("room", room);
  return `${pages[page] ?? pages.barycenters}?${query}`;
}
