// The page's end of the worker. Of questions only the newest waits: older ones that were not begun
// are dropped, and whoever asked them hears nothing.

export function desk(source) {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  const waiting = new Map();
  let last = 0, busy = false;
  const next = { question: null, background: null };

  worker.onmessage = ({ data: { id, result, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(result);
  };

  function send(task, rest) {
    return new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      worker.postMessage({ id: last, task, ...rest });
    });
  }

  // What a hand waits for goes before what is counted in the background.
  async function serve() {
    if (busy) return;
    const kind = next.question ? "question" : "background";
    const asked = next[kind];
    if (!asked) return;
    next[kind] = null;
    busy = true;
    try {
      const answer = await send("answer", { question: asked.question });
      busy = false;
      asked.take(answer);
    } catch (error) {
      busy = false;
      asked.fail(error);
    }
    serve();
  }

  return {
    load: (key, urls) => send("load", { key, urls }),
    see: (judge, name, values) => send("see", { judge, name, values }),
    ask(question, take, fail, background = false) {
      next[background ? "background" : "question"] = { question, take, fail };
      serve();
    },
    forget() { next.background = null; },
    close() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
