// Leaves bytes under a name where scatter.js looks for them, for as long as this is mounted. Each
// parcel is a message of its own: maps are drawn before the pictures arrive, and what a browser
// has is not sent again.

export default function ({ data }) {
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const { name } = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  const parcels = (globalThis.explorerParcels ??= new Map());
  if (!parcels.has(name)) {
    parcels.set(name, data.slice(4 + length));
    globalThis.dispatchEvent(new CustomEvent("explorer-parcel", { detail: name }));
  }
  return () => parcels.delete(name);
}
