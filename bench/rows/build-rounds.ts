import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Row } from "./row.ts";

/** A context of its own for each round, so that nothing in it was seen before. */
export interface Subject {
  readonly base: string;
  /** Fills an empty folder. */
  write(folder: string, round: number): void;
  /** Changes one file, to what it never was in another round: some tools would find that in their cache. */
  change(folder: string, round: number): void;
}

const STEPS = ["cold", "no-op", "one file changed"] as const;

/** Builds and pushes without cache, then with nothing changed, then with one file changed; all peers take turns at each. */
export function buildRow(options: { name: string; about: string; subject: (bench: Bench) => Promise<Subject> }): Row {
  return {
    name: options.name,
    about: options.about,
    steps: STEPS,
    set: async (bench) => {
      const subject = await options.subject(bench);
      await warmUp(bench, subject.base, options.name);
      return async (round) => {
        const context = bench.workspace.folder(`${options.name}-${round}`);
        subject.write(context, round);
        for (const step of STEPS) {
          if (step === "one file changed") subject.change(context, round);
          for (const peer of bench.peers) {
            const image = `${bench.registry}/${options.name}/${peer.name}-${round}:1`;
            const commands = peer.buildAndPush?.({ context, image, cache: step !== "cold" });
            if (commands) await bench.measure(peer, step, commands);
          }
        }
        rmSync(context, { recursive: true });
      };
    },
  };
}

/** Once with the base alone: it is fetched and unpacked, and daemons have read what they need. */
async function warmUp(bench: Bench, base: string, name: string): Promise<void> {
  const context = bench.workspace.folder(`${name}-warm`);
  writeFileSync(join(context, "Dockerfile"), `FROM ${base}\nRUN true\n`);
  for (const peer of bench.peers) {
    const commands = peer.buildAndPush?.({ context, image: `${bench.registry}/${name}/${peer.name}-warm:1`, cache: true });
    if (commands) await bench.prepare(commands);
  }
}
