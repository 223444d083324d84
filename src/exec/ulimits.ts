/** Resources of setrlimit(2) by the names that --ulimit takes (asm-generic/resource.h). */
export const ULIMITS: Readonly<Record<string, number>> = {
  cpu: 0, fsize: 1, data: 2, stack: 3, core: 4, rss: 5, nproc: 6, nofile: 7, memlock: 8, as: 9, locks: 10, sigpending: 11, msgqueue: 12, nice: 13, rtprio: 14, rttime: 15,
};

export function ulimitName(resource: number): string {
  return Object.keys(ULIMITS).find((name) => ULIMITS[name] === resource)!;
}
