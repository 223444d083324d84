import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { basic, guardedConfig } from "../support/guarded-registry.ts";
import { startRegistryProcess } from "../support/registry-process.ts";
import { digestOf } from "../support/scratch-registry.ts";
import { seededRandom } from "../support/seeded-random.ts";

/**
 * What hostile clients try against one server with users: everything is answered with 4xx or a closed connection, nothing with 5xx,
 * nothing gets out of the folder, and memory stays bounded. What needs a server of its own is in serve-registry.test.ts and access.test.ts.
 */
const users = { alice: "pw", bob: "pw" };
const ACCESS = `grants:
  - {who: alice, role: maintainer, repositories: "prod/**"}
  - {who: bob, role: writer, repositories: "team/bob/**"}
  - {who: anonymous, role: reader, repositories: "public/**"}`;
const alice = { authorization: basic("alice", "pw") };
const bob = { authorization: basic("bob", "pw") };
/** Above what the server has after its start; large documents may take 128 MiB of it at once. */
const ROOM = 600 * 1024 * 1024;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

test("hostile clients get 4xx, never 5xx, reach nothing that is not theirs, and do not fill the memory", async (context) => {
  const root = mkdtempSync(join(tmpdir(), "sampan-abuse-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const { config } = guardedConfig(context, { users, access: ACCESS, more: "limits: {idle: 5s}\n" });
  const server = await startRegistryProcess(context, root, "--config", config);
  const port = Number(server.address.split(":").at(-1));
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  context.after(() => agent.destroy());
  const memory = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))![1]) * 1024;
  const highest = (): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))![1]) * 1024;
  const before = memory();

  const ask = (method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: string | Uint8Array): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest({ host: "127.0.0.1", port, method, path, agent, headers }, (incoming) => {
        let text = "";
        incoming.setEncoding("utf8").on("data", (chunk: string) => (text += chunk)).on("error", reject).on("end", () => resolve({ status: incoming.statusCode!, headers: incoming.headers, body: text }));
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  /** Everything that comes back until the server closes, or has been silent for a while. */
  const raw = (bytes: string): Promise<string> =>
    new Promise((resolve) => {
      let received = "";
      const socket = connect(port, "127.0.0.1", () => socket.write(bytes, "latin1"));
      socket.setTimeout(1500, () => socket.destroy()).on("data", (chunk) => (received += chunk.toString("latin1"))).on("error", () => undefined).on("close", () => resolve(received));
    });
  const token = async (scopes: readonly string[], login: Readonly<Record<string, string>>): Promise<{ status: number; access: { type: string; name: string; actions: string[] }[]; bearer: string }> => {
    const query = new URLSearchParams([["service", "sampan-registry"], ...scopes.map((scope): [string, string] => ["scope", scope])]);
    const { status, body } = await ask("GET", `/auth/token?${query.toString()}`, login);
    const text = status === 200 ? (JSON.parse(body) as { token: string }).token : "";
    const access = text === "" ? [] : (JSON.parse(Buffer.from(text.split(".")[1]!, "base64url").toString()) as { access: { type: string; name: string; actions: string[] }[] }).access;
    return { status, access, bearer: `Bearer ${text}` };
  };

  await context.test("a second request hidden in the first one is never answered", async () => {
    const hidden = "GET /v2/hidden/tags/list HTTP/1.1\r\nHost: x\r\n\r\n";
    const heads = [
      `Content-Length: ${hidden.length}\r\nTransfer-Encoding: chunked`, "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity",
      "Transfer-Encoding : chunked", "Transfer-Encoding:\x0bchunked", "X: y\nTransfer-Encoding: chunked", "Content-Length: 0\r\n Content-Length: 5", "Content-Length: +5", "Content-Length: 0x5", "Content-Length: 5, 5", "Content-Length: -1",
      "Content-Length: 5\r\nContent-Length: 0", "Content-Length: 99999999999999999999999", "Foo\x00: bar\r\nContent-Length: 0",
    ];
    for (const head of heads) {
      const answer = await raw(`POST /v2/team/bob/app/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nAuthorization: ${bob.authorization}\r\n${head}\r\n\r\n0\r\n\r\n${hidden}`);
      const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status!);
      assert.ok(statuses.length <= 1 && statuses.every((status) => status.startsWith("4")), `${JSON.stringify(head)}: ${answer.slice(0, 300)}`);
      assert.ok(!answer.includes("hidden"), head);
    }
    for (const size of ["5;x=y\r\nhello\r\n0\r\nHost: evil\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "5\nhello\n0\n\n", "fffffffffffffffff\r\nhello", `${"0".repeat(100_000)}5\r\nhello\r\n0\r\n\r\n`]) {
      const answer = await raw(`POST /v2/team/bob/app/blobs/uploads/?digest=${digestOf("world")} HTTP/1.1\r\nHost: x\r\nAuthorization: ${bob.authorization}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${size}`);
      assert.match(answer, /^(?:HTTP\/1\.1 4\d\d |$)/, size.slice(0, 40));
    }
  });

  await context.test("an upload is its repository's, however it is spelt", async () => {
    const opened = await ask("POST", "/v2/prod/shop/blobs/uploads/", alice);
    assert.equal(opened.status, 202);
    const id = (opened.headers["location"] as string).split("/").at(-1)!;
    const strange = [
      `/v2/team/bob/app/blobs/uploads/${id}`, `/v2/team/bob/../../prod/shop/blobs/uploads/${id}`, `/v2/team/bob/app/blobs/uploads/../../../../prod/shop/blobs/uploads/${id}`,
      `/v2/team/bob/%2e%2e/%2e%2e/prod/shop/blobs/uploads/${id}`, `/v2/team/bob/app/blobs/uploads/${id.toUpperCase()}`, `/v2/team/bob/app/blobs/uploads/${id}%00`, `/v2/team/bob/app/blobs/uploads/..%2f${id}`,
      `/v2/team/bob/app/blobs/uploads/%2e%2e%2fregistry.db`, `/v2/prod/shop/blobs/uploads/${id}`, `/v2/prod/shop/blobs/uploads/..%2f..%2flayout.json`, `/v2/team/bob/app/blobs/uploads/constructor`, `/v2/team/bob/app/blobs/uploads/__proto__`,
    ];
    for (const path of strange) {
      for (const method of ["GET", "PATCH", "PUT", "DELETE"]) {
        const { status, body } = await ask(method, method === "PUT" ? `${path}?digest=${digestOf("x")}` : path, bob, method === "GET" || method === "DELETE" ? undefined : "x");
        assert.ok(status >= 400 && status < 500, `${method} ${path}: ${status}`);
        assert.ok((JSON.parse(body) as { errors: { code: string }[] }).errors[0]!.code, path);
      }
    }
    const left = await ask("GET", `/v2/prod/shop/blobs/uploads/${id}`, alice);
    assert.deepEqual([left.status, left.headers["range"]], [204, "0-0"], "nobody has touched it");
  });

  await context.test("no scope gives more than the grants, and no token more than its scopes", async () => {
    const wanted = [
      "repository:prod/shop:pull,push,delete,admin,*", "repository:*:*", "repository:**:push", "repository:prod/shop:*", "registry:catalog:*", "repository:team/bob/app:pull,push,delete,admin,sign", "repository:team/bob/../../prod/shop:push",
      "repository:team/bob/app:pull repository:prod/shop:push", "repository(plugin):prod/shop:push", "registry:prod/shop:push", "repository:TEAM/BOB/APP:push", ":::", "repository:prod/shop:push%00", "constructor:__proto__:push",
    ];
    const { status, access, bearer } = await token(wanted, bob);
    assert.equal(status, 200);
    const names = access.filter(({ type }) => type === "repository").map(({ name }) => name);
    assert.deepEqual([...new Set(names)], ["team/bob/app"], JSON.stringify(access));
    const rights = new Set(access.filter(({ type }) => type === "repository").flatMap(({ actions }) => actions));
    assert.deepEqual(["delete", "admin", "*"].filter((right) => rights.has(right)), []);
    for (const [method, path] of [["POST", "/v2/prod/shop/blobs/uploads/"], ["GET", "/v2/prod/shop/tags/list"], ["DELETE", `/v2/team/bob/app/manifests/${digestOf("x")}`], ["POST", "/v2/team/bob/other/blobs/uploads/"], ["PUT", "/v2/public/x/manifests/1"]] as const) {
      const { status: refused } = await ask(method, path, { authorization: bearer }, method === "PUT" ? "{}" : undefined);
      assert.ok(refused === 401 || refused === 403, `${method} ${path}: ${refused}`);
    }
    const nobody = await token(["repository:public/x:pull,push,delete"], {});
    assert.deepEqual(nobody.access.flatMap(({ actions }) => actions), ["pull"]);
    const mounted = await ask("POST", `/v2/team/bob/app/blobs/uploads/?mount=${digestOf("secret")}&from=prod/shop`, bob);
    assert.equal(mounted.status, 202, "as if it were not there");
    assert.equal((await ask("POST", `/v2/team/bob/app/blobs/uploads/?mount=${digestOf("secret")}&from=prod/shop&from=public/x&mount=x`, { authorization: bearer })).status >= 500, false);
  });

  await context.test("800 requests made of hostile parts get no 5xx", async () => {
    const random = seededRandom(6);
    const words = ["..", "%2e%2e", "%00", "a", "team", "bob", "app", "v2", "_catalog", "blobs", "uploads", "manifests", "tags", "list", "referrers", "é", "%ff", "%c0%af", "a".repeat(300), digestOf("x"), "sha512:", "sha256:zz", "latest", "constructor", "__proto__", "%25", "'", "%22", "*", ";", "api", "v1", "auth", "token", "ui", "metrics"];
    const queries = ["", "?n=0", "?n=-1", "?n=1e9", "?n=99999999999999999999", "?last=%00", "?last=%ff", "?digest=", `?digest=${digestOf("x")}`, "?digest=sha256:..", `?mount=${digestOf("x")}&from=..`, "?artifactType=%00", "?tag=a&tag=..", "?digest-algorithm=constructor", "?ns=..%2f", "?a[]=b&a[x]=y", `?${"a=b&".repeat(500)}`];
    const ranges = ["bytes=0-", "bytes=-1", "bytes=99999999999999999999-", "bytes=0-0,1-1", "0-5", "5-0", "bytes */*", "-"];
    const bodies = ["", "{}", "null", "[]", "x", "\u0000", '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":null,"layers":[{}]}', `{"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2,"manifests":${"[".repeat(20_000)}`, '{"__proto__":{"mediaType":"x"}}', "grant_type=password&username=%00&password=%ff"];
    const statuses = new Map<number, number>();
    for (let round = 0; round < 800; round += 1) {
      const method = random.pick(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]);
      const known = random.pick(["/v2/team/bob/app/", "/v2/", "/", "/api/v1/", "/auth/", "/v2/public/x/"]);
      const path = `${known}${Array.from({ length: random.below(5) }, () => random.pick(words)).join("/")}${random.pick(queries)}`;
      const body = method === "GET" || method === "HEAD" || method === "TRACE" ? undefined : random.pick(bodies);
      const headers = {
        ...(random.below(3) > 0 ? bob : {}), ...(random.below(3) === 0 ? { range: random.pick(ranges), "content-range": random.pick(ranges) } : {}),
        "content-type": random.pick(["application/json", "application/vnd.oci.image.manifest.v1+json", "application/x-www-form-urlencoded", "é/ü", ""]), "x-forwarded-for": random.pick(["", "x", "1.2.3.4, ::1"]),
        ...(random.below(8) === 0 ? { authorization: random.pick(["Basic", "Basic !!!", "Bearer ", "Basic Og==", "Bearer a.b.c", `Basic ${Buffer.from("\u0000:\u0000").toString("base64")}`]) } : {}),
      };
      const { status } = await ask(method, encodeURI(path).replaceAll("%25", "%"), headers, body);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      assert.ok(status < 500, `${method} ${path} ${JSON.stringify(headers)} ${body?.slice(0, 80)}: ${status}`);
    }
    assert.ok([400, 401, 404].every((status) => statuses.has(status)), `they went different ways: ${[...statuses].join("; ")}`);
  });

  await context.test("floods of headers, slow bodies, large and deep documents are cut off or refused, and leave room", async (sub) => {
    const sockets: Socket[] = [];
    sub.after(() => sockets.forEach((socket) => socket.destroy()));
    const flood = (count: number, text: string, more = Buffer.alloc(0)): Promise<void>[] =>
      Array.from({ length: count }, () => new Promise((resolve) => {
        const socket = connect(port, "127.0.0.1", () => {
          socket.write(text);
          socket.write(more, () => resolve());
        });
        socket.on("error", () => resolve()).on("close", () => resolve()).resume();
        sockets.push(socket);
      }));
    const type = "Content-Type: application/vnd.oci.image.manifest.v1+json";
    const put = (length: number): string => `PUT /v2/team/bob/app/manifests/1 HTTP/1.1\r\nHost: x\r\nAuthorization: ${bob.authorization}\r\n${type}\r\nContent-Length: ${length}\r\n\r\n`;
    await Promise.all(flood(200, `GET /v2/ HTTP/1.1\r\nHost: x\r\n${"X-Flood: y\r\n".repeat(5000)}`));
    await Promise.all(flood(100, `GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(200_000)}`));
    await Promise.all(flood(120, put(8_000_000), Buffer.alloc(7_000_000, "["))); // the last part never comes
    const deep = await Promise.all(Array.from({ length: 8 }, () => ask("PUT", "/v2/team/bob/app/manifests/1", { ...bob, "content-type": "application/vnd.oci.image.manifest.v1+json" }, "[".repeat(2_000_000)).then(({ status }) => status, () => 400)));
    assert.ok(deep.every((status) => status === 400 || status === 413 || status === 429), deep.join(" "));
    assert.ok((await ask("POST", "/auth/token", { "content-type": "application/x-www-form-urlencoded" }, "a".repeat(5_000_000)).catch(() => ({ status: 413 }))).status < 500);
    assert.equal((await ask("GET", "/v2/", bob)).status, 200, "others are served meanwhile");
    const grown = highest() - before;
    assert.ok(grown < ROOM, `it has grown by ${Math.round(grown / 2 ** 20)} MiB`);
  });

  assert.equal((await ask("GET", "/healthz")).status, 200);
  assert.deepEqual(readdirSync(root).filter((name) => !["blobs", "keys", "layout.json", "lock", "registry.db", "registry.db-shm", "registry.db-wal", "temporary"].includes(name)), []);
});
