export interface Area<Item> {
  readonly item: Item;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Fills a rectangle with areas as large as the sizes, the largest first, and none thinner than need be (Bruls, Huizing, van
 * Wijk: Squarified Treemaps): a row along the shorter side takes items as long as they become squarer by it.
 */
export function layOut<Item extends { readonly size: number }>(items: readonly Item[], { width, height }: { width: number; height: number }): readonly Area<Item>[] {
  const areas: Area<Item>[] = [];
  let [x, y, w, h] = [0, 0, width, height];
  let rest = items;
  while (rest.length > 0) {
    const scale = (w * h) / sum(rest);
    const side = Math.min(w, h);
    let taken = 1;
    while (taken < rest.length && worst(rest.slice(0, taken + 1), side, scale) <= worst(rest.slice(0, taken), side, scale)) taken += 1;
    const row = rest.slice(0, taken);
    const depth = (sum(row) * scale) / side;
    let along = 0;
    for (const item of row) {
      const length = (item.size * scale) / depth;
      areas.push(w >= h ? { item, x, y: y + along, width: depth, height: length } : { item, x: x + along, y, width: length, height: depth });
      along += length;
    }
    if (w >= h) [x, w] = [x + depth, w - depth];
    else [y, h] = [y + depth, h - depth];
    rest = rest.slice(taken);
  }
  return areas;
}

/** How far the least square one of a row is from a square. */
function worst(row: readonly { readonly size: number }[], side: number, scale: number): number {
  const depth = (sum(row) * scale) / side;
  return Math.max(...row.map(({ size }) => Math.max(depth / ((size * scale) / depth), (size * scale) / depth / depth)));
}

function sum(row: readonly { readonly size: number }[]): number {
  return row.reduce((total, { size }) => total + size, 0);
}
