// Where the name of a class stands on a map: where most of its visible points are.

const GRID = 40; // cells a side
const ROOM = 20; // CSS px between two labels

// Middle of each category's densest cells in device px, null for one that is hardly there.
export function peaks({ app, width, height, dpr, sx, sy, visible, category }) {
  const n = app.entries.length;
  const counts = Array.from({ length: n }, () => new Uint16Array(GRID * GRID)),
    total = new Uint32Array(n);
  for (let i = 0; i < sx.length; i++) {
    const x = ((sx[i] / width) * GRID) | 0,
      y = ((sy[i] / height) * GRID) | 0;
    if (!visible[i] || x < 0 || y < 0 || x >= GRID || y >= GRID) continue;
    counts[category[i]][y * GRID + x]++;
    total[category[i]]++;
  }
  const found = counts.map((cells, c) => {
    let best = 0,
      where = null;
    for (let y = 1; y < GRID - 1; y++)
      for (let x = 1; x < GRID - 1; x++) {
        let sum = 0;
        for (let v = -1; v <= 1; v++)
          for (let u = -1; u <= 1; u++) sum += cells[(y + v) * GRID + x + u];
        if (sum > best)
          ((best = sum), (where = [((x + 0.5) / GRID) * width, ((y + 0.5) / GRID) * height]));
      }
    return total[c] > 0.005 * app.data.T ? where : null;
  });
  keepApart(found, ROOM * dpr);
  return found;
}

// Labels that would cover one another step apart.
function keepApart(places, room) {
  for (let round = 0; round < 6; round++)
    for (const [a, one] of places.entries())
      for (const two of places.slice(a + 1)) {
        if (!one || !two) continue;
        const x = two[0] - one[0] || 1,
          y = two[1] - one[1],
          apart = Math.hypot(x, y);
        if (apart >= room) continue;
        const push = (room - apart) / 2 / apart;
        ((one[0] -= x * push), (one[1] -= y * push), (two[0] += x * push), (two[1] += y * push));
      }
}
