import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { globSync, mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { sha256 } from "../../src/oci/digest.ts";
import { until } from "../support/process-tree.ts";
import { startCountingProxy, type CountingProxy, type PassedRequest } from "../support/counting-proxy.ts";
import { missing, startDockerRegistry } from "../support/docker-registry.ts";
import { scratchSampan, type Finished } from "../support/run-sampan.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { ociArchive, smallImage } from "../support/small-image.ts";
import { tarOf } from "../support/tar-of.ts";

const MiB = 1024 * 1024;
const SIZE = 12 * MiB;

/** An image of one layer that cannot be compressed. */
function largeImage() {
  return smallImage([{ tar: tarOf([{ path: "large", content: randomBytes(SIZE) }]) }]);
}

/** Runs a command until the proxy holds one of its requests and what has come through has got where it should, and kills it then. */
async function killed(sampan: ReturnType<typeof scratchSampan>["sampan"], words: readonly string[], held: Promise<PassedRequest>, arrived: () => boolean = () => true): Promise<PassedRequest> {
  let child: ChildProcess | undefined;
  const ended = sampan(words, { onStart: (started) => { child = started; } });
  const request = await Promise.race([held, ended.then((result) => assert.fail(`it ended before it could be killed: ${JSON.stringify(result)}`))]);
  await until(arrived);
  child!.kill("SIGKILL");
  assert.equal((await ended).status, null);
  return request;
}

/** Whether a file that large lies somewhere in a folder: what a socket has taken may still be on its way there. */
const holds = (folder: string, size: number): boolean => globSync("**/*", { cwd: folder }).some((name) => (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0) >= size);
/** Whether a store knows what the layer is packed into; until then the next push packs it once more, and so can know of no upload of it. */
function knowsPacked(root: string): boolean {
  const database = new DatabaseSync(join(root, "sampan.db"), { readOnly: true });
  try {
    return database.prepare("SELECT 1 FROM layer_blob WHERE size >= ?").get(SIZE) !== undefined;
  } finally {
    database.close();
  }
}
const bodies = (proxy: CountingProxy): number => proxy.requests.reduce((sum, { sent }) => sum + sent, 0);
const fine = ({ status, stderr, stdout }: Finished): string => {
  assert.equal(status, 0, stderr);
  return stdout;
};

async function assertPulls(context: TestContext, name: string, digest: string): Promise<void> {
  const { sampan } = scratchSampan(context);
  assert.match(fine(await sampan(["pull", name])), new RegExp(`^Digest: ${digest}$`, "m"));
}

test("a push after a killed one sends only what the registry does not have yet", async (context) => {
  const registry = await scratchRegistry(context);
  const proxy = await startCountingProxy(context, registry.address);
  const { sampan, folder } = scratchSampan(context);
  const image = largeImage();
  const name = `${proxy.host}/team/app:1`;
  writeFileSync(join(folder, "app.tar"), ociArchive(image, "app:1"));
  fine(await sampan(["load", "-i", join(folder, "app.tar")]));
  fine(await sampan(["tag", "app:1", name]));
  const cut = await killed(sampan, ["push", name], proxy.hold(({ method, url }) => (method === "PUT" && url.includes("uploads") ? { sent: 8 * MiB } : undefined)), () => holds(registry.root, 4 * MiB));
  proxy.release();
  const again = await sampan(["push", "--json", name]);
  const lines = fine(again).trim().split("\n").map((line) => JSON.parse(line) as object);
  const layer = image.blobs.get(image.layers[0]!)!.length;
  const patch = proxy.requests.findLast(({ method }) => method === "PATCH")!;
  const start = Number(/^(\d+)-/.exec(patch.headers["content-range"]!)![1]);
  // What was on its way when the connection broke, and only that, is sent once more.
  assert.ok(start >= 4 * MiB && start <= 8 * MiB, `${start}`);
  assert.deepEqual([patch.url.replace(/\?.*/, ""), patch.headers["content-range"], patch.sent], [cut.url.replace(/\?.*/, ""), `${start}-${layer - 1}`, layer - start]);
  const { bytesSent, bytesSaved } = lines.at(-1) as { bytesSent: number; bytesSaved: number };
  assert.equal(bytesSent + bytesSaved, layer + image.config.length + image.manifest.length);
  assert.ok(bytesSaved >= start && bytesSaved <= start + image.config.length);
  await assertPulls(context, name, sha256(image.manifest));
});

test("a pull after a killed one asks for the rest, also where a server knows no ranges or the disk has lost something", async (context) => {
  const registry = await scratchRegistry(context);
  const proxy = await startCountingProxy(context, registry.address);
  const publisher = scratchSampan(context);
  const image = largeImage();
  const name = `${proxy.host}/team/app:1`;
  writeFileSync(join(publisher.folder, "app.tar"), ociArchive(image, "app:1"));
  fine(await publisher.sampan(["load", "-i", join(publisher.folder, "app.tar")]));
  fine(await publisher.sampan(["tag", "app:1", name]));
  fine(await publisher.sampan(["push", name]));
  const layer = image.layers[0]!;
  const size = image.blobs.get(layer)!.length;
  const ofLayer = ({ method, url }: PassedRequest): boolean => method === "GET" && url.endsWith(layer);
  const cutShort = async (): Promise<ReturnType<typeof scratchSampan>> => {
    const puller = scratchSampan(context);
    proxy.release();
    await killed(puller.sampan, ["pull", name], proxy.hold((request) => (ofLayer(request) ? { received: 8 * MiB } : undefined)), () => holds(puller.root, 4 * MiB));
    return puller;
  };

  const first = await cutShort();
  proxy.release();
  fine(await first.sampan(["pull", name]));
  const [range] = proxy.requests.filter(ofLayer);
  const start = Number(/^bytes=(\d+)-$/.exec(range!.headers.range ?? "")?.[1]);
  assert.ok(start >= MiB && start <= 8 * MiB, range!.headers.range);
  assert.deepEqual([range!.status, range!.received], [206, size - start]);
  assert.deepEqual(readdirSync(join(first.root, "partial")), []);

  const second = await cutShort();
  proxy.release((headers) => { delete headers.range; });
  assert.match(fine(await second.sampan(["pull", name])), new RegExp(`Digest: ${sha256(image.manifest)}`));
  assert.deepEqual(proxy.requests.filter(ofLayer).map(({ status }) => status), [200]);

  const third = await cutShort();
  fine(await third.sampan(["images"])); // the next start keeps what the dead process had
  const [partial] = readdirSync(join(third.root, "partial"));
  truncateSync(join(third.root, "partial", partial!), 2 * MiB);
  writeFileSync(join(third.root, "partial", partial!), randomBytes(MiB), { flag: "r+" });
  proxy.release();
  assert.match(fine(await third.sampan(["pull", name])), new RegExp(`Digest: ${sha256(image.manifest)}`));
  assert.deepEqual(proxy.requests.filter(ofLayer).map(({ headers }) => headers.range), [`bytes=${2 * MiB}-`, undefined]);
});

// What was cut off within a request these forget (404 to the question how far it has come): a push has the layer's bytes to send again, once.
for (const [program, title] of [["docker-registry", "docker-registry"], ["registry", "distribution 3"]] as const) {
  for (const [what, words, held, again] of [
    ["between the bytes and the end of an upload sends nothing again", [], ({ method, url, headers }: PassedRequest) => (method === "PUT" && url.includes("uploads") && headers["content-length"] === "0" ? { sent: 0 } : undefined), 0],
    ["in the middle of an upload is made good", ["-a"], ({ method, url }: PassedRequest) => (method === "PATCH" && url.includes("uploads") ? { sent: 4 * MiB } : undefined), SIZE],
  ] as const) {
    test(`${title}: a push after one that was killed ${what}`, { skip: missing(program) && `needs ${title}` }, async (context) => {
      await using registry = await startDockerRegistry({ program });
      const proxy = await startCountingProxy(context, registry.host);
      const { sampan, folder, root } = scratchSampan(context);
      mkdirSync(join(folder, "app"));
      writeFileSync(join(folder, "app", "Dockerfile"), "FROM scratch\nCOPY large /\n");
      writeFileSync(join(folder, "app", "large"), randomBytes(SIZE));
      const name = `${proxy.host}/team/app:1`;
      fine(await sampan(["build", "-t", name, join(folder, "app")]));
      const words_ = words.length === 0 ? name : name.replace(/:1$/, "");
      await killed(sampan, ["push", ...words, words_], proxy.hold(held), () => again > 0 || knowsPacked(root));
      proxy.release();
      const digest = /digest: (\S+)/.exec(fine(await sampan(["push", ...words, words_])))![1]!;
      const sent = bodies(proxy);
      assert.ok(sent >= again && sent < again + 100_000, `${sent} bytes were sent`);
      await assertPulls(context, name, digest);
    });
  }
}
