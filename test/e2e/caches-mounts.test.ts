import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { blobBytes, cacheMachines, type CacheMachine, type CacheMachines } from "../support/cache-machines.ts";
import { needs } from "../support/foreign.ts";

const skip = noBusybox || needs();

/** Counts how often it has run, in a folder that outlives builds and belongs to somebody else. */
const COUNTING = (host: string, round: number): string => `FROM ${host}/base:1
RUN --mount=type=cache,id=work,target=/cache,mode=0750,uid=1000,gid=1001 \\
  n=$(cat /cache/deep/count 2>/dev/null || echo 0); mkdir -p /cache/deep && echo $((n + 1)) > /cache/deep/count && chmod 4750 /cache/deep/count \\
  && ln -sf count /cache/deep/link && ls -ld /cache | cut -c1-10 > /count && cat /cache/deep/link >> /count && stat -c %a /cache/deep/count >> /count && echo round ${round}
CMD ["cat", "/count"]
`;

async function counted(machine: CacheMachine, machines: CacheMachines, round: number, words: readonly string[]): Promise<{ said: string; count: string }> {
  machines.write({ Dockerfile: COUNTING(machines.host, round) });
  const said = await machine.build(["-t", "app:1", ...words]);
  return { said, count: (await machine.sampan(["run", "--rm", "app:1"])).stdout };
}

test("folders of cache mounts go from machine to machine, with modes, owners and links", { skip }, async (context) => {
  const machines = await cacheMachines(context);
  const { host, proxy, folder } = machines;
  const ref = `${host}/cache/mounts:main`;
  const first = await counted(machines.machine("first"), machines, 1, ["--cache-mounts-to", `type=registry,ref=${ref}`]);
  assert.equal(first.count, "drwxr-x---\n1\n4750\n");
  assert.match(first.said, /exporting cache mounts to /);
  const second = await counted(machines.machine("second"), machines, 2, ["--cache-mounts-from", ref, "--cache-mounts-to", ref]);
  assert.equal(second.count, "drwxr-x---\n2\n4750\n");
  assert.match(second.said, new RegExp(`importing cache mount .*work from ${ref}`));
  // What is here is not brought again.
  assert.equal((await counted(machines.machine("second"), machines, 3, ["--cache-mounts-from", ref])).count, "drwxr-x---\n3\n4750\n");
  // A machine whose steps are all cached hands on what others have kept, and does not fetch it.
  await machines.machine("third").build(["-t", `${host}/app:1`, "--push", "--cache-to", `type=registry,ref=${host}/cache/steps:main`]);
  proxy.release();
  const place = join(folder, "kept");
  await machines.machine("fourth").build(["-t", `${host}/app:2`, "--push", "--cache-from", `${host}/cache/steps:main`, "--cache-mounts-from", ref, "--cache-mounts-to", `${host}/cache/copied:main`]);
  assert.ok(blobBytes(proxy) < 6000, `${blobBytes(proxy)} bytes`);
  assert.equal((await counted(machines.machine("fifth"), machines, 4, ["--cache-mounts-from", `${host}/cache/copied:main`, "--cache-mounts-to", `type=local,dest=${place}`])).count, "drwxr-x---\n3\n4750\n");
  assert.equal((await counted(machines.machine("sixth"), machines, 5, ["--cache-mounts-from", `type=local,src=${place}`])).count, "drwxr-x---\n4\n4750\n");
});

test("a folder that is missing, damaged or something else is begun anew", { skip }, async (context) => {
  const machines = await cacheMachines(context);
  const { host, folder } = machines;
  const place = join(folder, "kept");
  await counted(machines.machine("first"), machines, 1, ["--cache-mounts-to", `type=local,dest=${place}`]);
  const missing = await counted(machines.machine("second"), machines, 2, ["--cache-mounts-from", `type=local,src=${place}-not`, "--cache-mounts-from", `${host}/base:1`]);
  assert.match(missing.count, /^1$/m);
  assert.match(missing.said, /kept-not are not used/);
  assert.match(missing.said, /base:1 are not used: .* is no cache/);
  const blobs = readdirSync(join(place, "blobs/sha256")).map((name) => join(place, "blobs/sha256", name));
  // Of the three, the packed folder is the one that is no JSON.
  const packed = blobs.find((path) => readFileSync(path)[0] !== 0x7b)!;
  writeFileSync(packed, Buffer.alloc(readFileSync(packed).length, 7));
  const damaged = await counted(machines.machine("third"), machines, 3, ["--cache-mounts-from", `type=local,src=${place}`]);
  assert.equal(damaged.count, "drwxr-x---\n1\n4750\n");
  assert.match(damaged.said, /the cache mount .*work of .* is not used/);
});
