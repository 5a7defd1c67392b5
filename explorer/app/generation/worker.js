// The worker's end: one message in, one out, in their order. The page sends the next question only
// when the last one is answered, and then only the newest (see desk.js).

import { laboratory } from "./compute.js";

const lab = laboratory();
const TASKS = {
  load: async ({ key, urls }) => {
    await lab.load(key, urls);
    return lab.about(key);
  },
  answer: ({ question }) => {
    const start = performance.now();
    return { rows: lab.answer(question), milliseconds: performance.now() - start };
  },
  see: ({ judge, name, values }) => lab.see(judge, name, values),
};

self.onmessage = async ({ data: { id, task, ...rest } }) => {
  try {
    self.postMessage({ id, result: await TASKS[task](rest) });
  } catch (error) {
    self.postMessage({ id, error: error.message });
  }
};
