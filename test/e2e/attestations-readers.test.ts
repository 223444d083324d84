import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { missing } from "../support/docker-registry.ts";
import { findProgram } from "../support/find-program.ts";
import { startJourney } from "../support/journey.ts";
import { noContainers } from "../support/sampan-base.ts";
import { reply, startScriptedServer, type ScriptedServer } from "../support/scripted-server.ts";
import { serveRegistry } from "../support/serve-registry.ts";

interface Entry {
  readonly digest: string;
  readonly platform: { readonly os: string };
}

/** An image with its provenance in a registry. */
async function pushed(context: TestContext) {
  const { folder, succeeds, sampan, context: files } = await startJourney(context);
  const host = await serveRegistry(context);
  const cwd = files("app", { Dockerfile: "FROM base:1\nRUN echo 1 > /made\n" });
  await succeeds(["build", "--provenance", "mode=max,builder-id=https://ci.example.com/7", "-t", `${host}/app:1`, "--push", "."], { cwd });
  const { manifests: [image, about] } = JSON.parse(await succeeds(["manifest", "get", `${host}/app:1`])) as { manifests: [Entry, Entry] };
  const home = { DOCKER_CONFIG: join(folder, "docker"), HOME: folder };
  const run = async (program: string, ...words: string[]): Promise<string> =>
    (await promisify(execFile)(findProgram(program)!, words, { env: { ...process.env, ...home }, timeout: 60_000, maxBuffer: 16 * 1024 * 1024 })).stdout;
  return { folder, cwd, host, app: `${host}/app`, image, about, run, succeeds, sampan };
}

test("docker buildx imagetools reads the provenance", { skip: noContainers || (findProgram("buildx") ? false : "needs buildx (BuildKit)") }, async (context) => {
  const { app, run } = await pushed(context);
  const { SLSA } = JSON.parse(await run("buildx", "imagetools", "inspect", `${app}:1`, "--format", "{{json .Provenance}}")) as { SLSA: { runDetails: { builder: unknown }; buildDefinition: { internalParameters: { buildConfig: { llbDefinition: unknown[] } } } } };
  assert.deepEqual(SLSA.runDetails.builder, { id: "https://ci.example.com/7" });
  assert.equal(SLSA.buildDefinition.internalParameters.buildConfig.llbDefinition.length, 3);
});

test("cosign finds the statements by their image", { skip: noContainers || missing("cosign") }, async (context) => {
  const { app, image, about, run } = await pushed(context);
  const tree = await run("cosign", "tree", "--allow-insecure-registry", "--allow-http-registry", "--experimental-oci11", `${app}@${image.digest}`);
  assert.ok(tree.includes("application/vnd.docker.attestation.manifest.v1+json") && tree.includes(about.digest), tree);
});

test("crane finds all digests to be what they should", { skip: noContainers || missing("crane") }, async (context) => {
  const { app, run } = await pushed(context);
  await run("crane", "validate", "--insecure", "--remote", `${app}:1`);
});

test("regctl finds the statements by their image", { skip: noContainers || missing("regctl") }, async (context) => {
  const { host, app, image, about, run } = await pushed(context);
  const list = JSON.parse(await run("regctl", "--host", `reg=${host},tls=disabled`, "artifact", "list", `${app}@${image.digest}`, "--format", "{{json .}}")) as { descriptors: Entry[] };
  assert.deepEqual(list.descriptors.map(({ digest }) => digest), [about.digest]);
});

test("pull, run, FROM and skopeo take the image, copies take the statements along", { skip: noContainers || missing("skopeo") }, async (context) => {
  const { folder, app, host, image, run, succeeds } = await pushed(context);
  await succeeds(["rmi", `${app}:1`]);
  await succeeds(["pull", `${app}:1`]);
  assert.equal(await succeeds(["run", "--rm", `${app}:1`, "cat", "/made"]), "1\n");
  mkdirSync(join(folder, "next"));
  writeFileSync(join(folder, "next/Dockerfile"), `FROM ${app}:1\nCOPY --from=${app}:1 /made /again\n`);
  await succeeds(["build", "--pull", "-o", join(folder, "out"), join(folder, "next")]);
  await run("skopeo", "copy", "-q", "--insecure-policy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", `docker://${app}:1`, `docker://${host}/skopeo:1`);
  await succeeds(["copy", "--all", `${app}:1`, `${host}/copied:1`]);
  for (const name of ["skopeo", "copied"]) {
    const { manifests } = JSON.parse(await succeeds(["manifest", "get", `${host}/${name}:1`])) as { manifests: Entry[] };
    assert.deepEqual([manifests[0]!.digest, manifests[1]!.platform.os], [image.digest, "unknown"], name);
  }
});

test("a registry that refuses artifacts gets statements that are images, and the same index under every name", { skip: noContainers }, async (context) => {
  const { cwd, host, sampan, succeeds } = await pushed(context);
  await using front = await refusing(host);
  const words = (...more: string[]): string[] => ["build", "--provenance", "mode=min", "-t", `${host}/both:1`, "-t", `${front.host}/both:1`, ...more, "."];
  const { status, stderr } = await sampan(words("--push", "--metadata-file", "made.json"), { cwd });
  assert.equal(status, 0, stderr);
  assert.match(stderr, /pushed as images \(oci-artifact=false\): .*no subjects here/);
  const documents = await Promise.all([host, front.host].map(async (name) => succeeds(["manifest", "get", `${name}/both:1`])));
  assert.equal(documents[0], documents[1]);
  const [, about] = (JSON.parse(documents[0]!) as { manifests: Entry[] }).manifests;
  const manifest = JSON.parse(await succeeds(["manifest", "get", `${host}/both@${about!.digest}`])) as Record<string, unknown>;
  assert.deepEqual([manifest["subject"], manifest["artifactType"]], [undefined, undefined]);

  const insisting = await sampan(words("-o", "type=registry,oci-artifact=true"), { cwd });
  assert.equal(insisting.status, 1);
  assert.match(insisting.stderr, /no subjects here/);
});

/** A front of a registry that takes no manifest with a subject. */
function refusing(host: string): Promise<ScriptedServer> {
  return startScriptedServer(async ({ method, url, headers, body }, response) => {
    if (method === "PUT" && url.includes("/manifests/") && body.includes('"subject"')) {
      return reply(response, 400, { "content-type": "application/json" }, { errors: [{ code: "MANIFEST_INVALID", message: "no subjects here" }] });
    }
    const { host: _own, connection: _link, "transfer-encoding": _coding, ...others } = headers;
    const answer = await fetch(`http://${host}${url}`, { method, headers: others as Record<string, string>, ...(method === "GET" || method === "HEAD" ? {} : { body }), redirect: "manual" });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    response.writeHead(answer.status, Object.fromEntries([...answer.headers].map(([name, value]) => [name, value.replace(`http://${host}`, "")])));
    response.end(bytes);
  });
}
