import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { normalizeArchive } from "../golden/normalize.ts";
import { findProgram } from "../support/find-program.ts";
import type { Bench, Outcome } from "./build-both.ts";
import type { State } from "./cases.ts";
import { dockerfileText } from "./dockerfiles.ts";

/** What a BuildKit builds: its address, and the images that Dockerfiles begin from. */
export interface Peer {
  readonly address: string;
  readonly layouts: Readonly<Record<string, { readonly folder: string; readonly digest: string }>>;
}

/** Builds the state with BuildKit, without its cache; the words are those of a refusal. */
export async function buildWithBuildKit({ address, layouts }: Peer, bench: Bench, { dockerfile, argument, target }: State): Promise<{ outcome: Outcome; said: string }> {
  const archive = join(bench.folder, "peer.tar");
  writeFileSync(join(bench.folder, "Dockerfile"), dockerfileText(dockerfile));
  try {
    await promisify(execFile)(findProgram("buildctl")!, [
      "--addr", address, "build", "--progress=plain", "--no-cache", "--frontend=dockerfile.v0", "--local", `context=${bench.context}`, "--local", `dockerfile=${bench.folder}`,
      ...Object.entries(layouts).flatMap(([name, { folder, digest }]) => ["--oci-layout", `${name}=${folder}`, "--opt", `context:${name}=oci-layout://${name}@${digest}`]),
      ...(argument === null ? [] : ["--opt", `build-arg:A=${argument}`]),
      ...(target === null ? [] : ["--opt", `target=s${target % dockerfile.stages.length}`]),
      "--output", `type=oci,dest=${archive}`,
    ], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024, timeout: 60_000 });
  } catch (error) {
    const { stderr = "", code } = error as { stderr?: string; code?: number };
    // The daemon's own troubles are no refusal.
    if (code !== 1) throw error;
    return { outcome: "refused", said: stderr.split("\n").findLast((line) => /^error: /i.test(line)) ?? stderr };
  }
  try {
    return { outcome: normalizeArchive(archive, []), said: "" };
  } finally {
    rmSync(archive);
  }
}
