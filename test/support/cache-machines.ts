import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { startCountingProxy, type CountingProxy } from "./counting-proxy.ts";
import type { Finished, SampanOptions } from "./run-sampan.ts";
import { scratchRegistry, type ScratchRegistry } from "./scratch-registry.ts";
import { sampanWithBase } from "./sampan-base.ts";

/** A machine with a store of its own. */
export interface CacheMachine {
  readonly root: string;
  sampan(words: readonly string[], options?: SampanOptions): Promise<Finished>;
  /** Builds the project with plain progress, which has to succeed. @returns what it wrote on standard error */
  build(words: readonly string[], options?: SampanOptions): Promise<string>;
}

export interface CacheMachines {
  readonly folder: string;
  readonly registry: ScratchRegistry;
  /** Counts what machines ask of the registry: they know it by this address. */
  readonly proxy: CountingProxy;
  /** `127.0.0.1:<port>` of the proxy. */
  readonly host: string;
  /** The folder of the project, whose Dockerfile is {@link PROJECT}. */
  readonly project: string;
  machine(name: string): CacheMachine;
  write(files: Readonly<Record<string, string>>): void;
}

/** Two stages; RUN leaves what is different every time, so that a step that ran twice is noticed. */
export const PROJECT = (host: string): string => `FROM ${host}/base:1 AS builder
ARG WORD=hi
COPY src /src
RUN cat /src/* > /out && echo $WORD >> /out && head -c 200000 /dev/urandom > /big && head -c 16 /dev/urandom > /once
FROM ${host}/base:1
COPY --from=builder /out /once /app/
RUN wc /app/out > /count && head -c 100000 /dev/urandom > /noise
CMD ["cat", "/count"]
`;

/** A registry with a base image, a project, and as many machines as a test wants. */
export async function cacheMachines(context: TestContext): Promise<CacheMachines> {
  const registry = await scratchRegistry(context);
  const proxy = await startCountingProxy(context, registry.address);
  const { host } = proxy;
  const { folder, sampan, layout } = await sampanWithBase(context, { names: [] });
  const copied = await sampan(["copy", `oci:${layout}`, `${host}/base:1`]);
  assert.equal(copied.status, 0, copied.stderr);
  const project = join(folder, "project");
  const write: CacheMachines["write"] = (files) => {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(project, path)), { recursive: true });
      writeFileSync(join(project, path), content);
    }
  };
  write({ Dockerfile: PROJECT(host), "src/a": "a\n" });
  const machine: CacheMachines["machine"] = (name) => {
    const root = join(folder, name);
    const run: CacheMachine["sampan"] = (words, options = {}) => sampan(words, { ...options, env: { SAMPAN_ROOT: root, ...options.env } });
    return {
      root,
      sampan: run,
      build: async (words, options) => {
        const { status, stderr } = await run(["build", "--progress", "plain", ...words, project], options);
        assert.equal(status, 0, stderr);
        return stderr;
      },
    };
  };
  return { folder, registry, proxy, host, project, machine, write };
}

/** What a build said of its steps: `CACHED`, or `DONE` for those that ran, by instruction. */
export function steps(stderr: string): Record<string, "CACHED" | "DONE"> {
  const names = new Map<string, string>();
  const found: Record<string, "CACHED" | "DONE"> = {};
  for (const line of stderr.split("\n")) {
    const [, number, rest] = /^#(\d+) (.*)$/.exec(line) ?? [];
    if (number === undefined || rest === undefined) continue;
    const name = /^\[.*?\] ((?:RUN|COPY|ADD|WORKDIR) .*)$/.exec(rest)?.[1];
    if (name !== undefined && !names.has(number)) names.set(number, name.split(" ").slice(0, 2).join(" "));
    const end = /^(CACHED|DONE)/.exec(rest)?.[1] as "CACHED" | "DONE" | undefined;
    if (end && names.has(number)) found[names.get(number)!] = end;
  }
  return found;
}

/** Bytes of layers that were read from the registry. */
export function blobBytes({ requests }: CountingProxy): number {
  return requests.filter(({ method, url }) => method === "GET" && /\/blobs\/sha/.test(url)).reduce((sum, { received }) => sum + received, 0);
}
