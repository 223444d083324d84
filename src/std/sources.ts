/**
 * The modules of this program by their place below the sources, `layer/pack-layer.ts`, for those that another thread
 * or process loads. They run from the sources, from what the compiler makes of them, or from the bundle, which has
 * a version of this file of its own (scripts/bundle.cjs).
 */
export function loadModule(place: string): Promise<Readonly<Record<string, unknown>>> {
  return import(entryUrl(place).href) as Promise<Readonly<Record<string, unknown>>>;
}

/** The file that a thread or process is started with. */
export function entryUrl(place: string): URL {
  const url = new URL(`../${place}`, import.meta.url);
  // The compiler leaves such names as they are written.
  if (import.meta.url.endsWith(".js")) url.pathname = url.pathname.replace(/\.ts$/, ".js");
  return url;
}
