import type { Row } from "./row.ts";

/** How long the command line takes to come up. */
export const startRow: Row = {
  name: "start",
  about: "`sampan version`",
  steps: ["version"],
  set: async (bench) => async () => {
    for (const peer of bench.peers) if (peer.start) for (let time = 0; time < 3; time += 1) await bench.measure(peer, "version", peer.start());
  },
};
