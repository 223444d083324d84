/** Sorts names by their UTF-8 bytes, in place. UTF-16 order is the same up to U+D7FF. */
export function sortNames(names: string[]): string[] {
  if (!names.some((name) => /[\ud800-\uffff]/.test(name))) return names.sort();
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
