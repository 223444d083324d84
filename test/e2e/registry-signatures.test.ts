import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { mediaType } from "../../src/oci/media-type.ts";
import type { AccessAnswer, ImageAnswer, Page, TagRow } from "../../src/server/api/answers.ts";
import { findProgram } from "../support/find-program.ts";
import { foreign } from "../support/foreign.ts";
import { basic, guardedRegistry } from "../support/guarded-registry.ts";
import { runSampan } from "../support/run-sampan.ts";
import { described, digestOf, imageManifest } from "../support/scratch-registry.ts";

const skip = findProgram("cosign") === undefined ? "needs cosign" : false;
const USERS = { writer: "w", reader: "r" };
const ACCESS = 'grants:\n  - {who: writer, role: maintainer, repositories: "**"}\n  - {who: reader, role: reader, repositories: "**"}';

test("readers get what cosign has signed with the key that is demanded, and nothing else; writers see all of it", { skip }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-cosign-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  // Nothing beyond this machine is asked.
  const env = { COSIGN_PASSWORD: "", HOME: folder, HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "127.0.0.1" };
  const cosign = (...args: string[]): Promise<string> => foreign("cosign", args, { cwd: folder, env });
  await cosign("generate-key-pair");
  await cosign("generate-key-pair", "--output-key-prefix", "other");
  await cosign("signing-config", "create", "--out", "none.json");
  const more = `signatures:\n  - {repositories: "prod/**", keys: "${folder}/cosign.pub"}\n  - {repositories: any/*, any: true}\n`;
  const { server, config } = await guardedRegistry(context, { users: USERS, access: ACCESS, more });
  const as = (user: keyof typeof USERS) => ({ authorization: basic(user, USERS[user]) });
  const get = async (user: keyof typeof USERS, repository: string, reference: string): Promise<string> => {
    const answer = await server.request("GET", `/v2/${repository}/manifests/${reference}`, { headers: as(user) });
    return answer.status === 200 ? "served" : `${answer.status} ${answer.code()}`;
  };
  const push = async (repository: string, reference: string | undefined, document: { mediaType: string }): Promise<string> => {
    const body = JSON.stringify(document);
    const pushed = await server.request("PUT", `/v2/${repository}/manifests/${reference ?? digestOf(body)}`, { headers: { ...as("writer"), "content-type": document.mediaType }, body });
    assert.equal(pushed.status, 201, pushed.body.toString());
    return digestOf(body);
  };
  const blob = async (repository: string, content: string): Promise<string> => {
    assert.equal((await server.request("POST", `/v2/${repository}/blobs/uploads/?digest=${digestOf(content)}`, { headers: as("writer"), body: content })).status, 201);
    return digestOf(content);
  };
  const image = async (repository: string, reference: string | undefined, text: string, layerType?: string) => {
    const about = `{"architecture":"amd64","os":"linux","about":"${text}"}`;
    const document = imageManifest({ config: described(await blob(repository, about), about.length, mediaType.ociConfig), layers: [described(await blob(repository, text), text.length, layerType)] });
    return { digest: await push(repository, reference, document), size: JSON.stringify(document).length };
  };
  const reference = (repository: string, digest: string): string => `127.0.0.1:${server.port}/${repository}@${digest}`;
  const login = (user: keyof typeof USERS): string[] => ["--registry-username", user, "--registry-password", USERS[user], "--allow-http-registry"];
  const signBundle = (target: string, key = "cosign.key"): Promise<string> => cosign("sign", "-y", "--key", key, "--signing-config", "none.json", ...login("writer"), target);
  const signOlder = (target: string): Promise<string> => cosign("sign", "-y", "--key", "cosign.key", "--use-signing-config=false", "--tlog-upload=false", "--new-bundle-format=false", ...login("writer"), target);

  // An index, its images and what is attached to it.
  const child = await image("prod/shop", undefined, "child");
  const index = await push("prod/shop", "1.0", { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [{ ...described(child.digest, child.size, mediaType.ociManifest), platform: { os: "linux", architecture: "amd64" } }] } as { mediaType: string });
  const refused = await server.request("GET", "/v2/prod/shop/manifests/1.0", { headers: as("reader") });
  assert.deepEqual([refused.status, refused.code()], [403, "DENIED"]);
  assert.match(refused.body.toString(), /prod\/shop serves only signed images, and sha256:\w+ lacks a valid signature of cosign with the key that the registry trusts for it/);
  assert.equal((await server.request("HEAD", "/v2/prod/shop/manifests/1.0", { headers: as("reader") })).status, 403);
  assert.deepEqual([await get("writer", "prod/shop", "1.0"), await get("reader", "prod/shop", child.digest)], ["served", "403 DENIED"]);
  await signBundle(reference("prod/shop", index), "other.key");
  assert.equal(await get("reader", "prod/shop", "1.0"), "403 DENIED", "it is a key of somebody else");
  await signBundle(reference("prod/shop", index));
  assert.deepEqual([await get("reader", "prod/shop", "1.0"), await get("reader", "prod/shop", index), await get("reader", "prod/shop", child.digest)], ["served", "served", "served"]);
  await cosign("verify", "--key", "cosign.pub", "--insecure-ignore-tlog", ...login("reader"), reference("prod/shop", index));

  // The older form, under a tag; it ends with the tag.
  const older = await image("prod/web/front", "2.0", "older");
  await signOlder(reference("prod/web/front", older.digest));
  const tag = `${older.digest.replace(":", "-")}.sig`;
  assert.deepEqual([await get("reader", "prod/web/front", "2.0"), await get("reader", "prod/web/front", tag)], ["served", "served"]);
  assert.equal((await server.request("DELETE", `/v2/prod/web/front/manifests/${tag}`, { headers: as("writer") })).status, 202);
  assert.equal(await get("reader", "prod/web/front", "2.0"), "403 DENIED");

  // What only looks like an attachment is none, and a signature of another image is none of this.
  const disguised = await image("prod/shop", "disguised", "disguised", "application/vnd.in-toto+json");
  assert.deepEqual([await get("reader", "prod/shop", "disguised"), await get("reader", "prod/shop", disguised.digest)], ["403 DENIED", "403 DENIED"]);

  const loose = await image("any/app", "1", "loose");
  assert.equal(await get("reader", "any/app", "1"), "403 DENIED");
  await signBundle(reference("any/app", loose.digest), "other.key");
  assert.equal(await get("reader", "any/app", "1"), "served");
  await image("free/app", "1", "free");
  assert.equal(await get("reader", "free/app", "1"), "served");

  // People are told: on the pages, by `access explain` and when the configuration is checked.
  const api = async <Body>(path: string): Promise<Body> => (await server.request("GET", `/api/v1/${path}`, { headers: as("reader") })).json() as Body;
  const words = async (repository: string) => (await api<Page<TagRow>>(`tags?repository=${repository}`)).items.filter(({ tag: name }) => !name.startsWith("sha256-")).map(({ tag: name, signature }) => [name, signature]);
  assert.deepEqual([await words("prod/shop"), await words("prod/web/front"), await words("free/app")], [[["1.0", "valid"], ["disguised", "missing"]], [["2.0", "missing"]], [["1", "none"]]]);
  assert.equal((await api<ImageAnswer>("image?repository=any/app&reference=1")).signature, "valid");
  const { notes } = await api<AccessAnswer>("access?repository=prod/shop");
  assert.deepEqual(notes, [`prod/** serves only images with a signature of cosign by ${folder}/cosign.pub; who may push or sign there gets everything`]);
  const explained = await runSampan(["access", "explain", "--config", config, "reader", "pull", "prod/shop"]);
  assert.deepEqual([explained.status, explained.stdout.split("\n")[1]], [0, `  note: ${notes[0]}`]);
  assert.match((await runSampan(["registry", "serve", "--config", config, "--check"])).stdout, /\nprod\/\*\*: only what is signed with .*cosign\.pub\nany\/\*: only what is signed by anybody\n/);
  assert.deepEqual(server.problems, []);
});
