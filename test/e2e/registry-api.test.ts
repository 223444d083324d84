import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { AccessAnswer, AppliedAnswer, AuditRow, DiffAnswer, ImageAnswer, Page, PlanAnswer, ReferrerRow, RepositoryRow, SessionAnswer, TagRow, TrashRow, UsageAnswer } from "../../src/server/api/answers.ts";
import { basic } from "../support/guarded-registry.ts";
import { PAGES_USERS, pagesRegistry } from "../support/pages-registry.ts";
import { scratchRegistry, type Answer } from "../support/scratch-registry.ts";

const OWN = { "x-sampan-request": "1", "content-type": "application/json" };

async function started(context: TestContext) {
  const { server, latest } = await pagesRegistry(context);
  const logIn = (user: string, password: string, headers: Record<string, string> = OWN): Promise<Answer> =>
    server.request("POST", "/api/v1/session", { headers, body: JSON.stringify({ user, password }) });
  /** Asks as a browser does that has logged in. */
  const as = async (user: keyof typeof PAGES_USERS) => {
    const cookie = (await logIn(user, PAGES_USERS[user])).headers["set-cookie"]![0]!.split(";")[0]!;
    return {
      cookie,
      get: async <Body>(path: string): Promise<Body> => {
        const answer = await server.request("GET", `/api/v1/${path}`, { headers: { cookie } });
        assert.equal(answer.status, 200, answer.body.toString());
        return answer.json() as Body;
      },
      status: async (path: string) => (await server.request("GET", `/api/v1/${path}`, { headers: { cookie } })).status,
      post: (path: string, body: unknown, headers: Record<string, string> = OWN) => server.request("POST", `/api/v1/${path}`, { headers: { cookie, ...headers }, body: JSON.stringify(body) }),
    };
  };
  return { server, latest, logIn, as };
}

test("a login gives a cookie that no script reads and no other site sends; everybody sees what they may pull", async (context) => {
  const { server, logIn, as } = await started(context);
  const answer = await logIn("alice", PAGES_USERS.alice);
  assert.match(answer.headers["set-cookie"]![0]!, /^sampan-session=[\w.-]+; Path=\/api\/v1\/; Max-Age=3600; HttpOnly; SameSite=Strict$/);
  const { user, groups, logins } = answer.json() as SessionAnswer;
  assert.deepEqual({ user, groups, logins }, { user: "alice", groups: ["core"], logins: true });

  const names = (page: Page<RepositoryRow>) => page.items.map(({ name }) => name);
  const anonymous = (await server.request("GET", "/api/v1/repositories")).json() as Page<RepositoryRow>;
  assert.deepEqual(names(anonymous), ["public/base"]);
  const [alice, bob] = [await as("alice"), await as("bob")];
  assert.deepEqual(names(await alice.get("repositories")), ["prod/shop", "public/base", "team/app"]);
  assert.deepEqual(names(await bob.get("repositories")), ["public/base", "team/app"]);
  assert.deepEqual(names(await alice.get("repositories?search=APP+team")), ["team/app"]);
  const first = await alice.get<Page<RepositoryRow>>("repositories?n=2");
  assert.deepEqual([names(first), first.next], [["prod/shop", "public/base"], "public/base"]);
  assert.deepEqual(names(await alice.get(`repositories?n=2&last=${first.next}`)), ["team/app"]);

  const forged = alice.cookie.replace(/[^.]*$/, "AAAA");
  assert.deepEqual(names((await server.request("GET", "/api/v1/repositories", { headers: { cookie: forged } })).json() as Page<RepositoryRow>), ["public/base"]);
  assert.equal((await server.request("GET", "/v2/", { headers: { authorization: `Bearer ${alice.cookie.split("=")[1]}` } })).status, 401, "a session is no token of the protocol");
});

test("what is private is refused alike whether it is there or not, and the refusal opens no window of the browser", async (context) => {
  const { server, as } = await started(context);
  for (const path of ["tags?repository=R", "image?repository=R&reference=v1", "diff?repository=R&from=v1&to=v1", `referrers?repository=R&digest=sha256:${"0".repeat(64)}`]) {
    const [there, missing] = await Promise.all(["prod/shop", "prod/nope"].map((name) => server.request("GET", `/api/v1/${path.replace("R", name)}`)));
    assert.deepEqual([there!.status, there!.headers["www-authenticate"], missing!.status], [401, undefined, 401], path);
    assert.equal(there!.body.toString(), missing!.body.toString().replaceAll("prod/nope", "prod/shop"));
  }
  const bob = await as("bob");
  assert.equal(await bob.status("tags?repository=prod/shop"), 403);
  assert.equal(await bob.status("tags?repository=prod/nope"), 403);
  assert.equal(await (await as("alice")).status("tags?repository=prod/nope"), 404);
});

test("a wrong password is refused, and many are not listened to; so is a request that another site could send", async (context) => {
  const { logIn, as, server } = await started(context);
  const alice = await as("alice");
  assert.equal((await logIn("alice", PAGES_USERS.alice, { "content-type": "application/json" })).code(), "DENIED");
  assert.equal((await alice.post("trash/restore", {}, { "content-type": "application/json" })).code(), "DENIED");
  assert.equal((await alice.post("trash/restore", {}, { "x-sampan-request": "1", "content-type": "text/plain" })).status, 415);
  for (let round = 0; round < 10; round += 1) assert.equal((await logIn("bob", "wrong")).status, 401);
  assert.equal((await logIn("bob", PAGES_USERS.bob)).status, 429);
  const out = await server.request("DELETE", "/api/v1/session", { headers: { cookie: alice.cookie, ...OWN } });
  assert.match(out.headers["set-cookie"]![0]!, /^sampan-session=; .*Max-Age=0/);
});

test("tags, images and what differs between two of them are described", async (context) => {
  const { as, latest } = await started(context);
  const bob = await as("bob");
  const tags = (await bob.get<Page<TagRow>>("tags?repository=team/app")).items;
  assert.deepEqual(tags.map(({ tag }) => tag), ["1.0.0", "1.1.0", "1.10.0", "1.2.0", "1.3.0", "latest", "multi"]);
  const row = (tag: string) => tags.find((each) => each.tag === tag)!;
  assert.deepEqual([row("latest").digest, row("latest").referrers, row("latest").pushedBy, row("latest").platforms, row("latest").immutable], [latest, 1, "alice", ["linux/amd64"], false]);
  assert.deepEqual(row("multi").platforms, ["linux/amd64", "linux/arm64"]);
  assert.ok(row("multi").size > 2 * 60_000 && row("multi").size < 125_000, String(row("multi").size));
  assert.equal((await (await as("alice")).get<Page<TagRow>>("tags?repository=prod/shop")).items[0]!.immutable, true);

  const image = await bob.get<ImageAnswer>("image?repository=team/app&reference=1.2.0");
  assert.deepEqual(image.layers.map(({ createdBy, size }) => [createdBy, size]), [["COPY rootfs / # base", 300_000], ["RUN npm ci --omit=dev", 140_000], ["COPY dist /app # application", 40_000]]);
  assert.deepEqual(image.history.map(({ createdBy, size }) => [createdBy, size]), [["COPY rootfs / # base", 300_000], ["ENV VERSION", undefined], ["RUN npm ci --omit=dev", 140_000], ["COPY dist /app # application", 40_000]]);
  assert.deepEqual([image.config["Env VERSION"], image.config["Entrypoint"], image.config["Label role"], image.platform], ["1.2.0", '["/app/serve"]', "shop", "linux/amd64"]);
  const index = await bob.get<ImageAnswer>("image?repository=team/app&reference=multi");
  assert.deepEqual(index.manifests.map(({ platform }) => platform), ["linux/amd64", "linux/arm64"]);

  const diff = await bob.get<DiffAnswer>("diff?repository=team/app&from=1.2.0&to=1.3.0");
  assert.deepEqual(diff.layers.map((layer) => layer.in), ["both", "both", "to", "from"]);
  assert.deepEqual(diff.config, [{ key: "Env VERSION", from: "1.2.0", to: "1.3.0" }]);
  const other = await bob.get<DiffAnswer>("diff?repository=team/app&from=multi&to=multi&platform=linux/arm64");
  assert.deepEqual([other.platform, other.layers.map((layer) => layer.in), other.from.digest], ["linux/arm64", ["both"], index.manifests[1]!.digest]);

  const referrers = await bob.get<Page<ReferrerRow>>(`referrers?repository=team/app&digest=${latest}`);
  assert.deepEqual(referrers.items.map(({ artifactType }) => artifactType), ["application/vnd.example.signature"]);
});

test("one asks for one's own rights, and for those of others who administers the repository", async (context) => {
  const { server, as } = await started(context);
  const [alice, bob] = [await as("alice"), await as("bob")];
  const own = await bob.get<AccessAnswer>("access?repository=prod/shop");
  assert.deepEqual(own.rights[0], { right: "pull", allowed: false, reason: "user bob may not pull from prod/shop: has rights in other repositories only", why: { code: "elsewhereOnly", values: { right: "pull", repository: "prod/shop", who: "user bob" } } });
  assert.equal(await bob.status("access?repository=team/app&user=alice"), 403);
  const refused = (await bob.post("retention/apply", { repository: "team/app", tags: [] })).json() as { errors: { detail?: unknown }[] };
  assert.deepEqual(refused.errors[0]!.detail, { why: { code: "hasOnly", values: { right: "admin", repository: "team/app", who: "user bob", grants: "writer on team/** (bob)" } } }, "pages say it in their own language");
  const client = await server.request("POST", "/v2/prod/shop/blobs/uploads/", { headers: { authorization: basic("bob", PAGES_USERS.bob) } });
  assert.deepEqual([client.status, Object.keys((client.json() as { errors: object[] }).errors[0]!)], [403, ["code", "message"]], "clients that print a detail would print that");
  const other = await alice.get<AccessAnswer>("access?repository=team/app&user=bob");
  assert.deepEqual(other.rights.filter(({ allowed }) => allowed).map(({ right }) => right), ["pull", "push", "retag", "sign"]);
});

test("a plan is shown to who sees the tags, done as shown by who administers, and undone from the trash", async (context) => {
  const { as } = await started(context);
  const [alice, bob] = [await as("alice"), await as("bob")];
  const plan = await bob.get<PlanAnswer>("retention");
  const going = plan.repositories[0]!.tags.filter(({ verdict }) => verdict === "delete");
  assert.deepEqual([plan.repositories.map(({ repository }) => repository), going.map(({ tag }) => tag), plan.repositories[0]!.mayApply], [["team/app"], ["1.0.0", "1.1.0", "multi"], false]);
  assert.equal((await bob.post("retention/apply", { repository: "team/app", tags: going })).code(), "DENIED");

  // Neither what the rules keep nor what has changed since it was shown goes.
  const kept = plan.repositories[0]!.tags.find(({ tag }) => tag === "latest")!;
  const tags = [{ ...going[0]!, digest: kept.digest }, going[1]!, kept];
  assert.deepEqual((await alice.post("retention/apply", { repository: "team/app", tags })).json() as AppliedAnswer, { deleted: 1, changed: 2 });
  const trash = (await bob.get<Page<TrashRow>>("trash")).items;
  assert.deepEqual(trash.map(({ tag, by, mayRestore }) => [tag, by, mayRestore]), [["1.1.0", "alice", true]]);
  assert.equal((await bob.post("trash/restore", { repository: "team/app", tag: "1.1.0" })).status, 200);
  assert.equal((await bob.post("trash/restore", { repository: "team/app", tag: "1.1.0" })).status, 404);

  // Refusals are written a little later, whenever that is.
  const changes = (await alice.get<Page<AuditRow>>("audit?n=3")).items.filter(({ action }) => action !== "access.deny");
  assert.deepEqual(changes.slice(0, 2).map(({ action, tag, user }) => [action, tag, user]), [["tag.restore", "1.1.0", "bob"], ["tag.delete", "1.1.0", "alice"]]);
  assert.deepEqual((await bob.get<Page<AuditRow>>("audit")).items, []);
  const usage = await alice.get<UsageAnswer>("usage");
  assert.deepEqual([usage.repositories.map(({ name }) => name), usage.count], [["team/app", "public/base", "prod/shop"], 3]);
  assert.equal(usage.size, usage.repositories.reduce((sum, { size }) => sum + size, 0));
});

test("bad input is answered with 4xx in JSON", async (context) => {
  const { as, server } = await started(context);
  const alice = await as("alice");
  const paths = [
    "", "nothing", "../session", "__proto__", "tags", "tags?repository=..%2F..", "tags?repository=team/app&n=-1", "tags?repository=team/app&n=9999999", "image?repository=team/app", "image?repository=team/app&reference=../x",
    "image?repository=team/app&reference=none", "diff?repository=team/app&from=1.2.0", "diff?repository=team/app&from=multi&to=latest&platform=windows/amd64", "referrers?repository=team/app&digest=x", "audit?last=x", "access?repository=A",
  ];
  for (const path of paths) {
    const answer = await server.request("GET", `/api/v1/${path}`, { headers: { cookie: alice.cookie } });
    assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`);
    answer.code();
  }
  for (const body of ["", "{", "[]", "null", '{"repository":1}', '{"repository":"team/app"}', '{"repository":"team/app","tags":[null]}', '{"repository":"../x","tags":[]}']) {
    const answer = await server.request("POST", "/api/v1/retention/apply", { headers: { cookie: alice.cookie, ...OWN }, body });
    assert.equal(answer.status, 400, body);
    answer.code();
  }
  assert.equal((await server.request("PUT", "/api/v1/tags")).status, 405);
  assert.equal((await alice.post("retention/apply", { repository: "team/app", tags: "x".repeat(5 * 1024 * 1024) })).status, 413);
  assert.deepEqual(server.problems, []);
});

test("what is no image is described as far as it can be", async (context) => {
  const registry = await scratchRegistry(context);
  const config = await registry.pushBlob("odd", "no json");
  const document = { schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: { mediaType: "text/plain", digest: config, size: 7 }, layers: null, annotations: { a: "b" } };
  assert.equal((await registry.pushManifest("odd", "1", document)).status, 201);
  const list = { config: { Env: "x", Labels: 5, ExposedPorts: [1] }, history: [null, 1, { created_by: 5 }], os: {}, architecture: "x" };
  const text = JSON.stringify(list);
  const strange = await registry.pushBlob("odd", text);
  assert.equal((await registry.pushManifest("odd", "2", { ...document, config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: strange, size: text.length } })).status, 201);
  const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
  const nested = `{"os":${deep},"history":[{"created_by":${deep}}],"config":{"Env":[${deep}],"Labels":{"a":${deep}},"Healthcheck":${deep},"Cmd":${deep}}}`;
  const bottomless = await registry.pushBlob("odd", nested);
  assert.equal((await registry.pushManifest("odd", "3", { ...document, config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: bottomless, size: nested.length } })).status, 201);
  for (const tag of ["1", "2", "3"]) {
    const image = (await registry.request("GET", `/api/v1/image?repository=odd&reference=${tag}`)).json() as ImageAnswer;
    assert.deepEqual([image.layers, image.annotations, image.platform], [[], { a: "b" }, undefined]);
  }
  assert.equal(((await registry.request("GET", "/api/v1/tags?repository=odd")).json() as Page<TagRow>).items.length, 3);
  const { logins } = (await registry.request("GET", "/api/v1/session")).json() as SessionAnswer;
  assert.equal(logins, false);
});
