// Decodes one picture that holds all thumbnails and leaves it where scatter.js looks for it: a
// message of its own, so that a map is drawn before it arrives and switching maps never resends it.

export default async function ({ data }) {
  if (globalThis.explorerThumbnails?.bytes === data.length) return;
  const bitmap = await createImageBitmap(new Blob([data], { type: "image/webp" }));
  globalThis.explorerThumbnails = { bitmap, bytes: data.length };
  globalThis.dispatchEvent(new Event("explorer-thumbnails"));
}
