import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { provideBusybox } from "../setup/bases.ts";
import type { Row } from "./row.ts";

const STEPS = ["export", "import on a new machine", "import, one file changed"] as const;

/** A cache in a registry: what it costs to write all results to it, and what a machine saves that has nothing of its own. */
export const cacheRow: Row = {
  name: "cache",
  about: "two stages, 1,000 files and 40 MB that are made of them, through a cache in a registry",
  steps: STEPS,
  set: async (bench) => {
    const base = await provideBusybox(bench);
    return async (round) => {
      const context = bench.workspace.folder(`cache-${round}`);
      write(context, base, round);
      const job = (name: string, step: number) => ({ context, image: `${bench.registry}/cache/${name}-${round}:${step}`, ref: `${bench.registry}/cache/${name}-${round}-kept:main` });
      for (const [step, name] of STEPS.entries()) {
        if (step === 2) writeFileSync(join(context, "src/file-7"), `round ${round}, changed\n`);
        for (const peer of bench.peers) {
          const commands = step === 0 ? peer.exportCache?.(job(peer.name, step)) : peer.importCache?.(job(peer.name, step));
          if (!commands || !peer.forgetAll) continue;
          if (step > 0) await bench.prepare(peer.forgetAll());
          await bench.measure(peer, name, commands);
        }
      }
      rmSync(context, { recursive: true });
    };
  },
};

function write(context: string, base: string, round: number): void {
  writeFileSync(join(context, "Dockerfile"), [
    `FROM ${base} AS builder`,
    "COPY src /src",
    "RUN cat /src/* > /all && for part in 1 2 3 4; do head -c 10000000 /dev/urandom > /object-$part; done",
    `FROM ${base}`,
    "COPY --from=builder /all /object-1 /object-2 /app/",
    "RUN cat /app/all | sort > /app/sorted",
    "",
  ].join("\n"));
  mkdirSync(join(context, "src"));
  for (let index = 0; index < 1000; index += 1) writeFileSync(join(context, `src/file-${index}`), `round ${round}, file ${index}\n`.repeat(20));
}
