import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sampanCommand } from "../peers/sampan.ts";
import { writeLargeFile } from "../setup/write-content.ts";
import type { Row } from "./row.ts";

const SIZE = 265_000_000;

/** Carrying: the image lies in each tool's own storage or in an archive, its layer not compressed yet. */
export const largeRow: Row = {
  name: "large",
  about: "an image with a 265 MB layer that gzip brings to about half",
  steps: ["first push", "push again", "pull"],
  set: async (bench) => async (round) => {
    const context = bench.workspace.folder(`large-${round}`);
    const archive = join(bench.workspace.root, `large-${round}.tar`);
    const maker = bench.workspace.folder("large-store");
    writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY blob /blob\n");
    writeLargeFile(join(context, "blob"), SIZE, round + 1);
    const source = { context, archive };
    await bench.prepare([sampanCommand(maker, ["build", "-t", "docker.io/bench/large:latest", "-o", `type=docker,dest=${archive}`, context])]);
    rmSync(maker, { recursive: true });
    const carriers = bench.peers.filter((peer) => peer.push).map((peer) => ({ peer, image: `${bench.registry}/large/${peer.name}-${round}:1` }));
    for (const { peer, image } of carriers) await bench.prepare(peer.take?.(source, image) ?? []);
    for (const step of ["first push", "push again"]) {
      for (const { peer, image } of carriers) await bench.measure(peer, step, peer.push!(image, source));
    }
    for (const { peer, image } of carriers) await bench.prepare(peer.forget?.(image) ?? []);
    for (const { peer, image } of carriers) if (peer.pull) await bench.measure(peer, "pull", peer.pull(image));
    for (const { peer, image } of carriers) await bench.prepare(peer.forget?.(image) ?? []);
    rmSync(context, { recursive: true });
    rmSync(archive);
  },
};
