// What page 1 shows by itself for twenty seconds, until a hand comes near: two experts who agree, part
// and grow sure. It ends where it began. Not where motion is unwelcome, nor in a class.

const SCENES = [
  [2, [-3, 0.8], [3, 1.6], ""],
  [4, [-3, 0.8], [-2.4, 1.2], "The experts come to agree: whatever the rule, what they believe together is nearly the same."],
  [2, [-3, 0.8], [-2.4, 1.2], "The experts come to agree: whatever the rule, what they believe together is nearly the same."],
  [4, [-3, 0.8], [3.5, 1.2], "They part: the product settles between them, where neither believes. The mixture keeps both."],
  [2, [-3, 0.8], [3.5, 1.2], "They part: the product settles between them, where neither believes. The mixture keeps both."],
  [3, [-3, 0.8], [3.5, 0.4], "One grows sure: the product follows it, the Wasserstein barycenter stays half way."],
  [1.5, [-3, 0.8], [3.5, 0.4], "One grows sure: the product follows it, the Wasserstein barycenter stays half way."],
  [1.5, [-3, 0.8], [3, 1.6], "Now you: drag a dot."],
];
const REST_BEFORE = 1500; // milliseconds of rest before it begins

const eased = (a, b, t) => a.map((v, i) => v + (b[i] - v) * t * t * (3 - 2 * t));

function demonstration(view, root, defaults) {
  const same = () => JSON.stringify(view.state) === JSON.stringify(defaults);
  const unwelcome = () => view.still || view.covered || globalThis.explorerClass || !same();
  const EVENTS = ["pointerenter", "pointerdown", "focusin", "keydown", "wheel"];
  let playing = true, began = null;
  function stop() {
    if (!playing) return;
    playing = false;
    for (const name of EVENTS) root.removeEventListener(name, stop);
    if (began === null) return;
    view.state.experts = JSON.parse(JSON.stringify(defaults.experts));
    view.tell("");
    view.changed();
    delete root.dataset.playing;
  }
  function frame(now) {
    if (!playing) return;
    if (view.covered || globalThis.explorerClass) return stop();
    let left = (now - began) / 1000, k = 0;
    while (k < SCENES.length && left > SCENES[k][0]) left -= SCENES[k++][0];
    if (k === SCENES.length) return stop();
    const [long, one, two, text] = SCENES[k], before = SCENES[Math.max(0, k - 1)];
    view.state.experts = [[...eased(before[1], one, left / long), 1], [...eased(before[2], two, left / long), 1]];
    view.tell(text);
    view.changed();
    requestAnimationFrame(frame);
    return undefined;
  }
  for (const name of EVENTS) root.addEventListener(name, stop);
  setTimeout(() => {
    if (!playing || unwelcome()) return stop();
    began = performance.now();
    root.dataset.playing = "";
    requestAnimationFrame(frame);
    return undefined;
  }, REST_BEFORE);
}

export { demonstration };
