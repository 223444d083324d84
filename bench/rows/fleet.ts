import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeLargeFile } from "../setup/write-content.ts";
import { carriersOf, makeSource, type Source } from "./carry-row.ts";
import type { Row } from "./row.ts";

const IMAGES = 20;

/** Images of one team: they share a base of 30 MB and have 2 MB of their own each. */
export const fleetRow: Row = {
  name: "fleet",
  about: `${IMAGES} images that share a base of 30 MB`,
  steps: ["push all", "push all again", "sync to another registry", "sync again"],
  set: async (bench) => async (round) => {
    const sources: Source[] = [];
    for (let index = 0; index < IMAGES; index += 1) {
      sources.push(await makeSource(bench, `fleet-${round}-${index}`, (context) => {
        writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY base /base\nCOPY own /own\n");
        writeLargeFile(join(context, "base"), 30_000_000, round + 1);
        writeLargeFile(join(context, "own"), 2_000_000, (round + 1) * 1000 + index);
      }));
    }
    const folder = (peer: { name: string }): string => `fleet-${round}/${peer.name}`;
    for (const peer of carriersOf(bench)) {
      const images = sources.map((_, index) => `${bench.registry}/${folder(peer)}/app-${index}:1`);
      for (const [index, image] of images.entries()) await bench.prepare(peer.take?.(sources[index]!, image) ?? []);
      const pushes = (): ReturnType<NonNullable<typeof peer.push>> => peer.pushAll?.(images) ?? images.flatMap((image, index) => peer.push!(image, sources[index]!));
      await bench.measure(peer, "push all", pushes());
      await bench.measure(peer, "push all again", pushes());
      for (const image of images) await bench.prepare(peer.forget?.(image) ?? []);
    }
    for (const step of ["sync to another registry", "sync again"]) {
      for (const peer of carriersOf(bench)) {
        const repositories = sources.map((_, index) => `${folder(peer)}/app-${index}`);
        const commands = peer.sync?.({ from: bench.registry, to: bench.otherRegistry, repositories });
        if (commands) await bench.measure(peer, step, commands);
      }
    }
    for (const source of sources) source.remove();
  },
};
