import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { test, type TestContext } from "node:test";
import { carryImage, type Carried } from "../../src/carry/carry-image.ts";
import { registrySink } from "../../src/carry/places/registry-sink.ts";
import { registrySource } from "../../src/carry/places/registry-source.ts";
import { parsePlatform } from "../../src/oci/platform.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { anonymous, createRegistryClient, pullImage, pushImage, type CredentialSource, type RegistryClient } from "../../src/registry/index.ts";
import { isFault } from "../../src/std/fault.ts";
import { addImage, createMemoryStore } from "../support/memory-store.ts";
import { oddFront, type OddAnswer, type OddFront } from "../support/odd-front.ts";
import { scratchRegistry, type ScratchRegistry } from "../support/scratch-registry.ts";
import { registryError, reply } from "../support/scripted-server.ts";
import { createTestClock } from "../support/test-clock.ts";

const USER = { username: "tester", password: "a secret of the test" };
const LOGIN = `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString("base64")}`;
const signedIn: CredentialSource = { find: async () => ({ ...USER, source: "a test" }) };

/** A client that waits for nobody long; with `credentials` by the clock of the machine, as tokens end by it. */
function open(context: TestContext, credentials?: CredentialSource): RegistryClient {
  const client = createRegistryClient({
    credentials: credentials ?? anonymous, environment: {}, timeouts: { connect: 5_000, idle: 2_000, commit: 5_000 }, withoutMirrors: true,
    ...(credentials ? { retry: { base: 20 } } : { clock: createTestClock() }),
  });
  context.after(() => client[Symbol.asyncDispose]());
  return client;
}

/** An image of two layers that lies in a registry as `a:1`. */
async function placed(context: TestContext, registry: ScratchRegistry, layers: readonly Uint8Array[] = [randomBytes(300_000), randomBytes(2_000)]) {
  const store = createMemoryStore();
  const image = addImage(store, layers);
  await pushImage(open(context), parseReference(`${registry.address}/a:1`), image, store);
  return { store, image };
}

function copy(from: RegistryClient, source: string, to: RegistryClient, target: string): Promise<Carried> {
  return carryImage(registrySource(from, parseReference(source)), registrySink(to, parseReference(target)), { platforms: "all" });
}

/** Pulls from the registry itself and compares all of it. */
async function assertWhole(context: TestContext, name: string, { store, image }: Awaited<ReturnType<typeof placed>>): Promise<void> {
  const target = createMemoryStore();
  const { manifest } = await pullImage(open(context), parseReference(name), target, { platform: parsePlatform("linux/amd64") });
  assert.ok(Buffer.from(image.manifest.bytes).equals(manifest.bytes));
  for (const { digest } of image.layers) assert.ok(Buffer.from(store.blobs.get(digest)!).equals(target.blobs.get(digest)!));
}

const hasMount = ({ url }: IncomingMessage): boolean => url!.includes("mount=");
const OTHER = `sha256:${"0".repeat(64)}`;

/** Answers to a mount, none of which gives the repository the blob. */
const oddMounts: Readonly<Record<string, (incoming: IncomingMessage, outgoing: ServerResponse) => void>> = {
  "202 without Location": (_, outgoing) => reply(outgoing, 202),
  "202 that leads to another host, which is not there": (_, outgoing) => reply(outgoing, 202, { location: "http://127.0.0.3:9/upload" }),
  "201 with another digest": (_, outgoing) => reply(outgoing, 201, { location: `/v2/b/blobs/${OTHER}`, "docker-content-digest": OTHER }),
  "201 that is not true": ({ url }, outgoing) => reply(outgoing, 201, { location: url!, "docker-content-digest": new URL(url!, "http://x").searchParams.get("mount")! }),
  "201 without a word": (_, outgoing) => reply(outgoing, 201),
  "200": (_, outgoing) => reply(outgoing, 200, {}, {}),
  "404 with a code": (_, outgoing) => reply(outgoing, 404, {}, registryError("BLOB_UNKNOWN", "no such blob")),
  "404 without one": (_, outgoing) => reply(outgoing, 404),
  "405": (_, outgoing) => reply(outgoing, 405, {}, registryError("UNSUPPORTED", "no mounts")),
  "500, always": (_, outgoing) => reply(outgoing, 500),
  "a redirect": (_, outgoing) => reply(outgoing, 307, { location: "http://127.0.0.3:9/" }),
  "a connection that closes after a while": (_, outgoing) => void setTimeout(() => outgoing.destroy(), 100),
  "nothing at all": () => undefined,
};

test("a mount that is answered oddly is no reason to fail, nor to believe that the blob is there", async (context) => {
  const registry = await scratchRegistry(context);
  const cargo = await placed(context, registry);
  for (const [name, answer] of Object.entries(oddMounts)) {
    await context.test(name, async (inner) => {
      const front = await oddFront(inner, registry.address, (incoming, outgoing) => {
        if (!hasMount(incoming)) return false;
        answer(incoming, outgoing);
        return true;
      });
      const repository = `odd-${Object.keys(oddMounts).indexOf(name)}`;
      const client = open(inner);
      const copied = await copy(client, `${front.host}/a:1`, client, `${front.host}/${repository}:1`);
      assert.equal(copied.digest, cargo.image.digest);
      await assertWhole(inner, `${registry.address}/${repository}:1`, cargo);
      // Three blobs, each as often as any request is made, and once more where a connection was used before.
      assert.ok(front.asked.filter((line) => line.includes("mount=")).length <= 18, front.asked.join("\n"));

      front.asked.length = 0;
      await pushImage(open(inner), parseReference(`${front.host}/${repository}-pushed:1`), cargo.image, cargo.store, { mountFrom: ["a"] });
      await assertWhole(inner, `${registry.address}/${repository}-pushed:1`, cargo);
    });
  }
});

test("a repository that does not answer mounts is not waited for with each blob", async (context) => {
  const registry = await scratchRegistry(context);
  const cargo = await placed(context, registry, Array.from({ length: 20 }, (_, index) => Buffer.from(`layer ${index}`)));
  const front = await oddFront(context, registry.address, hasMount);
  const client = open(context);
  const asked = (): number => new Set(front.asked.filter((line) => line.includes("mount=")).map((line) => /mount=([^&]*)/.exec(line)![1])).size;
  await copy(client, `${front.host}/a:1`, client, `${front.host}/b:1`);
  await assertWhole(context, `${registry.address}/b:1`, cargo);
  assert.ok(asked() <= 6, `asked for ${asked()} of 21 blobs`);
  front.asked.length = 0;
  await pushImage(client, parseReference(`${front.host}/c:1`), cargo.image, cargo.store, { mountFrom: ["a"] });
  await assertWhole(context, `${registry.address}/c:1`, cargo);
  assert.ok(asked() <= 5, `asked for ${asked()} of 21 blobs`);
});

/** Gives tokens that count for so many milliseconds, and answers 401 to what comes without one; `end` ends all of them. */
function tokenDesk(milliseconds: number): { readonly answers: OddAnswer; given(): number; end(): void; refuse(incoming: IncomingMessage, outgoing: ServerResponse): void } {
  const ends = new Map<string, number>();
  let given = 0;
  const refuse = ({ headers }: IncomingMessage, outgoing: ServerResponse): void =>
    reply(outgoing, 401, { "www-authenticate": `Bearer realm="http://${headers.host}/token",service="odd"` }, registryError("UNAUTHORIZED", "no token that counts"));
  return {
    refuse,
    given: () => given,
    end: () => ends.clear(),
    answers: (incoming, outgoing) => {
      if (incoming.url!.startsWith("/token")) {
        if (incoming.headers.authorization !== LOGIN) reply(outgoing, 401);
        else {
          const token = randomUUID();
          ends.set(token, Date.now() + milliseconds);
          given += 1;
          reply(outgoing, 200, {}, { token, expires_in: Math.ceil(milliseconds / 1000) });
        }
        return true;
      }
      if ((ends.get(incoming.headers.authorization?.slice("Bearer ".length) ?? "") ?? 0) > Date.now()) return false;
      incoming.resume();
      refuse(incoming, outgoing);
      return true;
    },
  };
}

/** Sends a blob slowly and breaks off after so many bytes, the first time that it is asked for. */
function slowly(registry: string, breakAt: number): OddAnswer {
  const seen = new Set<string>();
  return ({ method, url }, outgoing) => {
    if (method !== "GET" || !url!.includes("/blobs/") || seen.has(url!)) return false;
    seen.add(url!);
    httpRequest(`http://${registry}${url}`, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
        const bytes = Buffer.concat(chunks);
        if (bytes.length <= breakAt) return reply(outgoing, 200, {}, bytes);
        outgoing.writeHead(200, { "content-length": bytes.length });
        let at = 0;
        const timer = setInterval(() => {
          if (at >= breakAt) {
            clearInterval(timer);
            outgoing.destroy();
          } else outgoing.write(bytes.subarray(at, Math.min(breakAt, (at += breakAt / 8))));
        }, 200);
      });
    }).end();
    return true;
  };
}

test("tokens that end while blobs are on their way are replaced on both sides, and what broke meanwhile goes on", async (context) => {
  const [from, to] = await Promise.all([scratchRegistry(context), scratchRegistry(context)]);
  const cargo = await placed(context, from, [randomBytes(400_000), randomBytes(380_000), randomBytes(100)]);
  const desks = [tokenDesk(1_000), tokenDesk(1_000)] as const;
  const slow = slowly(from.address, 300_000);
  const ranges: (string | undefined)[] = [];
  const source = await oddFront(context, from.address, (incoming, outgoing) => {
    if (desks[0].answers(incoming, outgoing)) return true;
    if (incoming.method === "GET" && incoming.url!.includes("/blobs/")) ranges.push(incoming.headers.range);
    return slow(incoming, outgoing);
  });
  const target = await oddFront(context, to.address, desks[1].answers);
  await copy(open(context, signedIn), `${source.host}/a:1`, open(context, signedIn), `${target.host}/b:1`);
  await assertWhole(context, `${to.address}/b:1`, cargo);
  assert.ok(ranges.filter((range) => range === "bytes=300000-").length >= 2, ranges.join(", "));
  assert.ok(desks[0].given() >= 2 && desks[1].given() >= 2, `${desks[0].given()} and ${desks[1].given()} tokens`);
});

/** Takes so many bytes of the body, hands them to the registry as part of the upload, and answers 401 in the middle of the rest. */
function keepsPart(registry: string, bytes: number, { incoming, outgoing, refuse }: { incoming: IncomingMessage; outgoing: ServerResponse; refuse: () => void }): void {
  const part: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer): void => {
    part.push(chunk);
    size += chunk.length;
    if (size < bytes) return;
    incoming.off("data", take).pause();
    const { pathname } = new URL(incoming.url!, "http://x");
    const start = /^(\d+)-/.exec(incoming.headers["content-range"] ?? "")?.[1];
    const headers = { "content-type": "application/octet-stream", "content-length": size, ...(start ? { "content-range": `${start}-${Number(start) + size - 1}` } : {}) };
    httpRequest(`http://${registry}${pathname}`, { method: "PATCH", headers }, (answer) => {
      assert.equal(answer.statusCode, 202);
      answer.resume().on("end", refuse);
    }).end(Buffer.concat(part));
  };
  incoming.on("data", take);
  outgoing.on("finish", () => incoming.resume());
}

test("a 401 in the middle of an upload, part of which the registry keeps, ends in a whole blob", async (context) => {
  const [from, to] = await Promise.all([scratchRegistry(context), scratchRegistry(context)]);
  const cargo = await placed(context, from, [randomBytes(3_000_000)]);
  const source = open(context);
  for (const [name, times, breaks] of [["of a PUT with all bytes", 1, false], ["of a PATCH with the rest", 1, true], ["again and again", 2, false]] as const) {
    await context.test(name, async (inner) => {
      const desk = tokenDesk(60_000);
      let left: number = times;
      let broke = !breaks;
      const front: OddFront = await oddFront(inner, to.address, (incoming, outgoing) => {
        if (desk.answers(incoming, outgoing)) return true;
        const sends = (incoming.method === "PUT" || incoming.method === "PATCH") && Number(incoming.headers["content-length"]) > 1_000_000;
        if (!sends) return false;
        const ended = (): void => {
          desk.end();
          desk.refuse(incoming, outgoing);
        };
        if (!broke) {
          broke = true;
          keepsPart(to.address, 500_000, { incoming, outgoing, refuse: () => outgoing.destroy() });
        } else if (left > 0) {
          left -= 1;
          keepsPart(to.address, 700_000, { incoming, outgoing, refuse: ended });
        } else return false;
        return true;
      });
      const repository = name.replaceAll(" ", "-").toLowerCase();
      await copy(source, `${from.address}/a:1`, open(inner, signedIn), `${front.host}/${repository}:1`);
      assert.equal(left, 0);
      await assertWhole(inner, `${to.address}/${repository}:1`, cargo);
    });
  }
});

test("a registry that never keeps a token for the length of an upload is told as such, and does not keep anybody for ever", async (context) => {
  const [from, to] = await Promise.all([scratchRegistry(context), scratchRegistry(context)]);
  await placed(context, from, [randomBytes(2_000_000)]);
  const desk = tokenDesk(60_000);
  const front = await oddFront(context, to.address, (incoming, outgoing) => {
    if (desk.answers(incoming, outgoing)) return true;
    if (incoming.method !== "PUT" || !incoming.url!.includes("digest=")) return false;
    incoming.resume().on("end", () => {
      desk.end();
      desk.refuse(incoming, outgoing);
    });
    return true;
  });
  await assert.rejects(copy(open(context), `${from.address}/a:1`, open(context, signedIn), `${front.host}/b:1`), (error) => isFault(error, "REGISTRY_UNAUTHORIZED"));
  assert.ok(front.asked.filter((line) => line.startsWith("PUT")).length <= 8, front.asked.join("\n"));
  assert.equal((await to.request("GET", "/v2/b/tags/list")).status, 404);
});

test("a blob whose rest is on another host comes from there without our token, and whatever that host asks for it gets no login", async (context) => {
  const [from, to] = await Promise.all([scratchRegistry(context), scratchRegistry(context)]);
  const cargo = await placed(context, from, [randomBytes(400_000)]);
  for (const [name, answers] of [
    ["which gives it", 0],
    ["which breaks off too", 1],
    ["which wants a login first", 2],
  ] as const) {
    await context.test(name, async (inner) => {
      const leaks: string[] = [];
      let asked = 0;
      const elsewhere = await oddFront(inner, from.address, (incoming, outgoing) => {
        if (incoming.headers.authorization !== undefined) leaks.push(`${incoming.method} ${incoming.url}`);
        asked += 1;
        if (asked === 1 && answers === 1) outgoing.destroy();
        else if (asked === 1 && answers === 2) reply(outgoing, 401, { "www-authenticate": `Bearer realm="http://${incoming.headers.host}/token",service="x"` });
        else return false;
        return true;
      }, "127.0.0.2");
      const desk = tokenDesk(60_000);
      const slow = slowly(from.address, 200_000);
      const source = await oddFront(inner, from.address, (incoming, outgoing) => {
        if (desk.answers(incoming, outgoing)) return true;
        if (incoming.headers.range !== undefined) {
          reply(outgoing, 307, { location: `http://${elsewhere.host}${incoming.url}` });
          return true;
        }
        return slow(incoming, outgoing);
      });
      const repository = `${to.address}/rest-${answers}`;
      const copied = copy(open(inner, signedIn), `${source.host}/a:1`, open(inner), `${repository}:1`);
      if (answers === 2) await assert.rejects(copied, (error) => isFault(error) && error.code.startsWith("REGISTRY_"));
      else {
        await copied;
        await assertWhole(inner, `${repository}:1`, cargo);
      }
      assert.deepEqual(leaks, []);
      assert.ok(asked > 0);
      assert.ok(elsewhere.asked.every((line) => !line.includes("/token")), elsewhere.asked.join("\n"));
    });
  }
});
