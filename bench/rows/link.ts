import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sampanCommand } from "../peers/sampan.ts";
import { provideBusybox } from "../setup/bases.ts";
import { writeLargeFile, writeManyFiles } from "../setup/write-content.ts";
import type { Bench, Row } from "./row.ts";

const STEPS = ["first base", "next base"] as const;
const MEGABYTE = 1024 * 1024;

/** A linked layer of 3,000 files put on one base image, and then on the next version of it, which nobody has fetched yet. */
export const linkRow: Row = {
  name: "link-rebase",
  about: "COPY --link of 3,000 files on a base of 60 MB, then on its next version",
  steps: STEPS,
  set: async (bench) => {
    const busybox = await provideBusybox(bench);
    return async (round) => {
      const context = bench.workspace.folder(`link-${round}`);
      writeManyFiles(join(context, "files"), 3000, round);
      for (const [index, step] of STEPS.entries()) {
        const base = await makeBase(bench, busybox, `${round}-${index}`, round * STEPS.length + index);
        writeFileSync(join(context, "Dockerfile"), `FROM ${base}\nCOPY --link files /app/files\nENV ROUND=${round}\n`);
        for (const peer of bench.peers) {
          const commands = peer.buildAndPush?.({ context, image: `${bench.registry}/link/${peer.name}-${round}:1`, cache: true });
          if (commands) await bench.measure(peer, step, commands);
        }
      }
      rmSync(context, { recursive: true });
    };
  },
};

async function makeBase({ workspace, registry, prepare }: Bench, busybox: string, tag: string, seed: number): Promise<string> {
  const image = `${registry}/library/rebase:${tag}`;
  const context = workspace.folder(`link-base-${tag}`);
  writeLargeFile(join(context, "large"), 60 * MEGABYTE, seed);
  writeFileSync(join(context, "Dockerfile"), `FROM ${busybox}\nCOPY large /usr/lib/large\n`);
  await prepare([sampanCommand(workspace.folder("base-store"), ["build", "-t", image, "--push", context])]);
  rmSync(context, { recursive: true });
  return image;
}
