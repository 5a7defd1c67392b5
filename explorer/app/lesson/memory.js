// What this browser keeps of a class: answers, when it began, and a random word that tells the
// room's answers apart. It holds no name, and leaves the browser only as answers to a room.
const kept = new Map(); // for browsers that forbid storage: as long as the page is open

export function remembered(name) {
  try {
    const text = localStorage.getItem(name);
    return text ? JSON.parse(text) : {};
  } catch {
    return kept.get(name) ?? {};
  }
}

export function remember(name, value) {
  kept.set(name, value);
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // storage is forbidden here: `kept` has it
  }
}

export const newWord = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
