import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Peer } from "../peers/peer.ts";
import { sampanCommand } from "../peers/sampan.ts";
import type { Bench, Row } from "./row.ts";

/** The name that images have in the archives that peers take them from. */
const IN_ARCHIVE = "docker.io/bench/large:latest";

export const CARRY_STEPS = ["first push", "push again", "sister repository", "pull", "copy"] as const;

/**
 * Carrying: the image lies in each tool's own storage or in an archive, its layers not compressed yet. It is pushed,
 * pushed again, pushed to another repository of the same registry, pulled, and copied to another registry.
 * @param options.oneBlob whether the image is one large blob, for which there is a floor
 * @param options.write fills the context: a Dockerfile and what it copies, new for each round
 */
export function carryRow(options: { name: string; about: string; oneBlob: boolean; write: (context: string, round: number) => void }): Row {
  return {
    name: options.name,
    about: options.about,
    steps: CARRY_STEPS,
    set: async (bench) => async (round) => {
      const source = await makeSource(bench, `${options.name}-${round}`, (context) => options.write(context, round));
      const carriers = bench.peers.map((peer) => ({
        peer,
        image: `${bench.registry}/${options.name}/${peer.name}-${round}:1`,
        sister: `${bench.registry}/${options.name}/${peer.name}-${round}-sister:1`,
        far: `${bench.otherRegistry}/${options.name}/${peer.name}-${round}:1`,
      }));
      const pushing = carriers.filter(({ peer }) => peer.push && (options.oneBlob || !peer.floor));
      const knowing = pushing.filter(({ peer }) => !peer.floor);
      for (const { peer, image } of pushing) await bench.prepare(peer.take?.(source, image) ?? []);
      for (const { peer, image } of pushing) await bench.measure(peer, "first push", peer.push!(image, source));
      for (const { peer, image } of knowing) await bench.measure(peer, "push again", peer.push!(image, source));
      for (const { peer, image, sister } of knowing) {
        await bench.prepare(peer.tag?.(image, sister) ?? []);
        await bench.measure(peer, "sister repository", peer.push!(sister, source));
      }
      for (const { peer, image, sister } of pushing) await bench.prepare([...(peer.tag ? (peer.forget?.(sister) ?? []) : []), ...(peer.forget?.(image) ?? [])]);
      for (const { peer, image } of pushing) if (peer.pull) await bench.measure(peer, "pull", peer.pull(image));
      for (const { peer, image } of pushing) await bench.prepare(peer.forget?.(image) ?? []);
      for (const { peer, image, far } of pushing) if (peer.copy) await bench.measure(peer, "copy", peer.copy(image, far));
      source.remove();
    },
  };
}

export interface Source {
  /** Folder with a Dockerfile. */
  readonly context: string;
  /** What `docker save` would write of the image. */
  readonly archive: string;
  remove(): void;
}

/** Writes a context and makes the archive of its image. */
export async function makeSource(bench: Bench, name: string, write: (context: string) => void): Promise<Source> {
  const context = bench.workspace.folder(name);
  const archive = join(bench.workspace.root, `${name}.tar`);
  const maker = bench.workspace.folder(`${name}-store`);
  write(context);
  await bench.prepare([sampanCommand(maker, ["build", "-t", IN_ARCHIVE, "-o", `type=docker,dest=${archive}`, context])]);
  rmSync(maker, { recursive: true });
  return {
    context, archive,
    remove: () => {
      rmSync(context, { recursive: true });
      rmSync(archive);
    },
  };
}

/** Peers that can push what they took, and only what is missing. */
export function carriersOf(bench: Bench): Peer[] {
  return bench.peers.filter((peer) => peer.push && !peer.floor);
}
