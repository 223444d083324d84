import { availableParallelism, loadavg, release } from "node:os";
import { join } from "node:path";
import { AsyncCleanupStack } from "../src/std/cleanup-stack.ts";
import { formatNumber, formatTable } from "./measure/print-table.ts";
import { runMeasured, type Measured } from "./measure/run-measured.ts";
import { createCrane, createRegctl } from "./peers/carriers.ts";
import { createBuildah, createSkopeo } from "./peers/containers.ts";
import { createBuildkit } from "./peers/buildkit.ts";
import { createDocker } from "./peers/docker.ts";
import { createFloor } from "./peers/floor.ts";
import type { Peer } from "./peers/peer.ts";
import { createSampan, createSampanStandby, createSampanZstd } from "./peers/sampan.ts";
import { cacheMountRow } from "./rows/cache-mount.ts";
import { cacheRow } from "./rows/cache.ts";
import { emulatedRow } from "./rows/emulated.ts";
import { fanOutRow } from "./rows/fan-out.ts";
import { filesRow } from "./rows/files.ts";
import { flaskRow } from "./rows/flask.ts";
import { fleetRow } from "./rows/fleet.ts";
import { hugeRow, largeRow, layersRow } from "./rows/large.ts";
import { linkRow } from "./rows/link.ts";
import { longRow } from "./rows/long.ts";
import type { Bench, Row } from "./rows/row.ts";
import { smallRow } from "./rows/small.ts";
import { startRow } from "./rows/start.ts";
import { readFlags, refuse, wholeNumber } from "./setup/read-flags.ts";
import { startRegistry } from "./setup/registry.ts";
import { createWorkspace, type Workspace } from "./setup/workspace.ts";

const ROWS: readonly Row[] = [startRow, smallRow, flaskRow, fanOutRow, longRow, emulatedRow, cacheMountRow, cacheRow, filesRow, linkRow, largeRow, layersRow, fleetRow, hugeRow];
const PEERS: Readonly<Record<string, (workspace: Workspace) => Promise<Peer | string>>> = {
  sampan: createSampan, "sampan-standby": createSampanStandby, "sampan-zstd": createSampanZstd, buildkit: createBuildkit, docker: createDocker, buildah: createBuildah, skopeo: createSkopeo, crane: createCrane, regctl: createRegctl, floor: createFloor,
};

const HELP = `Measures Sampan beside its peers: in each round every tool does the same in turn, against the same registry.

  npm run bench -- [--rounds 3] [--only ROW,...] [--peers PEER,...]

Rows:
${ROWS.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join("\n")}

Peers, which are looked for in PATH and in the folder that $PEERS names:
  ${Object.keys(PEERS).join(", ")}`;

const values = readFlags(HELP, {
  rounds: { type: "string", default: "3" },
  only: { type: "string", multiple: true },
  peers: { type: "string", multiple: true },
});
const rounds = wholeNumber("--rounds", values.rounds);
const rowNames = chooseNames(values.only, ROWS.map(({ name }) => name), "--only");
const peerNames = chooseNames(values.peers, Object.keys(PEERS), "--peers");
const say = (text: string): void => void process.stderr.write(`${text}\n`);

await using cleanup = new AsyncCleanupStack();
const workspace = cleanup.use(createWorkspace());
// What was measured until then is printed, and everything is cleaned up.
const interruption = new AbortController();
const { signal } = interruption;
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort(new Error("interrupted")));
const { host: registry, daemon } = await startRegistry(workspace.folder("registry"));
cleanup.use(daemon);
const { host: otherRegistry, daemon: otherDaemon } = await startRegistry(workspace.folder("other-registry"));
cleanup.use(otherDaemon);
const peers: Peer[] = [];
for (const name of peerNames) {
  const peer = await PEERS[name]!(workspace);
  if (typeof peer === "string") say(`without ${name}: ${peer}`);
  else peers.push(cleanup.use(peer));
}
say(`${availableParallelism()} cores, Linux ${release()}, Node ${process.versions.node}; ${peers.map(({ name, version }) => `${name} ${version}`).join(", ")}`);

/** row name → step → peer → measurements */
const results = new Map<string, Map<string, Map<string, Measured[]>>>();
const log = join(workspace.root, "command.log");
const benchFor = (row: Row): Bench => ({
  workspace, registry, otherRegistry, peers, say, signal,
  own: (thing) => void cleanup.use(thing),
  prepare: async (commands) => void (await runMeasured(commands, { log, signal })),
  measure: async (peer, step, commands) => {
    await peer.settle?.();
    const own = await runMeasured(commands, { log, signal, daemons: peer.daemons, memory: peer.name.startsWith("sampan") });
    const measured = peer.settle ? { ...own, cpu: NaN, memory: NaN } : own; // the work is done by no child of this process
    await peer.settle?.(); // what it does afterwards is not to slow the others down
    const byPeer = results.get(row.name)!.get(step)!;
    byPeer.set(peer.name, [...(byPeer.get(peer.name) ?? []), measured]);
    say(`  ${row.name}: ${step}, ${peer.name}: ${measured.wall.toFixed(2)} s, cpu ${formatNumber(measured.cpu, 2)} s`);
    return measured;
  },
});

const chosen = ROWS.filter(({ name }) => rowNames.includes(name));
for (const row of chosen) {
  results.set(row.name, new Map(row.steps.map((step) => [step, new Map<string, Measured[]>()])));
  say(`${row.name}: ${row.about}`);
  try {
    const round = await row.set(benchFor(row));
    for (let count = 0; count < rounds; count += 1) await round(count);
  } catch (error) {
    process.exitCode = 1;
    say(`${row.name} ends early: ${(error as Error).message}`);
  }
  if (signal.aborted) break;
}
const table = chosen.filter(({ name }) => results.has(name)).flatMap((row) => row.steps.map((step) => ({ row: row.name, step, byPeer: results.get(row.name)!.get(step)! })));
process.stdout.write(`\n${formatTable(table, peers.map(({ name }) => name))}\n\n`);
process.stdout.write(`n: measurements of each. ×r: times ours. Builds include the push. cpu: client and daemon. Load average at the end: ${loadavg()[0]!.toFixed(1)}.\n`);

/** The names that comma lists name, in their order; all of them where there is no list. Ends the bench for a name that is none. */
function chooseNames(lists: readonly string[] | undefined, known: readonly string[], flag: string): readonly string[] {
  if (lists === undefined) return known;
  const names = [...new Set(lists.flatMap((list) => list.split(",")).map((name) => name.trim()).filter(Boolean))];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0 || names.length === 0) refuse(`${flag}: ${unknown.length > 0 ? `there is no ${unknown.join(", ")}` : "it is empty"}; there are ${known.join(", ")}`);
  return names;
}
