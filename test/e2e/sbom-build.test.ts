import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { statementsIn } from "../support/attestations.ts";
import { noBusybox } from "../support/busybox-base.ts";
import { findProgram } from "../support/find-program.ts";
import { foreign } from "../support/foreign.ts";
import { startJourney } from "../support/journey.ts";
import { noContainers } from "../support/sampan-base.ts";
import { serveRegistry } from "../support/serve-registry.ts";

const skip = noBusybox || noContainers;
const SPDX = "https://spdx.dev/Document";

interface Document {
  readonly name: string;
  readonly creationInfo: { readonly created: string };
  readonly packages: readonly { readonly name: string; readonly versionInfo?: string; readonly comment?: string }[];
}

/** Name and version of each package but the first entry, which is what the document is about. */
const listed = ({ packages }: Document): string[] => packages.slice(1).map(({ name, versionInfo }) => `${name} ${versionInfo}`);
const npm = (name: string): string => JSON.stringify({ name, version: "1.0.0" });

const FILES = {
  Dockerfile: `ARG BUILDKIT_SBOM_SCAN_CONTEXT=true
FROM base:1 AS made
ARG BUILDKIT_SBOM_SCAN_STAGE=true
RUN mkdir -p /m/node_modules/tool && echo '${npm("tool")}' > /m/node_modules/tool/package.json && echo made > /made
FROM base:1
COPY --from=made /made /
COPY app /app
RUN mkdir -p /var/lib/dpkg && printf 'Package: run\\nStatus: install ok installed\\nVersion: 2\\n' > /var/lib/dpkg/status
`,
  ".dockerignore": "hidden\n",
  "app/node_modules/dep/package.json": npm("dep"),
  "hidden/node_modules/secret/package.json": npm("secret"),
};

test("--sbom attaches what the image is made of, and stages and the context that the Dockerfile asks for", { skip }, async (context) => {
  const { folder, succeeds, context: files } = await startJourney(context);
  const host = await serveRegistry(context);
  const cwd = files("app", FILES);
  const archive = join(folder, "app.tar");
  await succeeds(["build", "--sbom=true", "--provenance=true", "-t", `${host}/team/app:1`, "--push", "-o", `type=oci,dest=${archive}`, "-o", join(folder, "out"), "."], { cwd });
  const statements = statementsIn<Document>(archive);
  assert.deepEqual(statements.map(({ statement }) => statement.predicateType), [SPDX, SPDX, SPDX, "https://slsa.dev/provenance/v1"]);
  const documents = statements.slice(0, 3).map(({ statement }) => statement.predicate);
  assert.deepEqual(documents.map((document) => [document.name, ...listed(document)]), [["sbom", "run 2", "dep 1.0.0"], ["sbom-context", "dep 1.0.0"], ["sbom-made", "tool 1.0.0"]]);
  for (const { manifest, statement } of statements) assert.equal(`sha256:${statement.subject[0]!.digest["sha256"]}`, manifest.subject!.digest);
  const pushed = JSON.parse(await succeeds(["manifest", "get", `${host}/team/app:1`])) as { manifests: readonly unknown[] };
  assert.deepEqual(pushed.manifests.length, 2);
  assert.deepEqual(readdirSync(join(folder, "out")).filter((name) => name.endsWith(".json")), ["provenance.json", "sbom-context.spdx.json", "sbom-made.spdx.json", "sbom.spdx.json"]);
  const statement = JSON.parse(readFileSync(join(folder, "out/sbom.spdx.json"), "utf8")) as { predicate: Document };
  assert.deepEqual(listed(statement.predicate), listed(documents[0]!));
});

test("packages name the layer of the manifest that brought them; sampan sbom the content of it", { skip }, async (context) => {
  const { folder, succeeds, context: files } = await startJourney(context);
  const cwd = files("app", {
    Dockerfile: "FROM base:1\nCOPY one /\nCOPY two /\nRUN rm -f /none\n",
    "one/lib/apk/db/installed": "P:one\nV:1\nL:MIT\n\n", "two/lib/apk/db/installed": "P:one\nV:1\nL:MIT\n\nP:two\nV:2\n\n", "two/srv/node_modules/a/package.json": npm("a"),
  });
  await succeeds(["build", "--sbom", "1", "-t", "app:1", "--load", "-o", `type=oci,dest=${join(folder, "app.tar")}`, "."], { cwd });
  const layersOf = ({ packages }: Document): (readonly [string, string])[] => packages.filter((each) => each.comment !== undefined).map(({ name, comment }) => [name, comment!.replace("layerID: ", "")]);
  const { statement } = statementsIn<Document>(join(folder, "app.tar"))[0]!;
  const { layers } = JSON.parse(await succeeds(["manifest", "get", "--platform", `linux/${process.arch === "x64" ? "amd64" : process.arch}`, `oci-archive:${join(folder, "app.tar")}`])) as { layers: readonly { digest: string }[] };
  const [one, two] = layers.slice(-3).map(({ digest }) => digest) as [string, string];
  assert.deepEqual(layersOf(statement.predicate), [["one", one], ["two", two], ["a", two]]);
  const content = JSON.parse(await succeeds(["inspect", "--format", "{{json .RootFS.Layers}}", "app:1"])) as readonly string[];
  assert.deepEqual(layersOf(JSON.parse(await succeeds(["sbom", "--format", "spdx-json", "app:1"])) as Document).map(([name, layer]) => [name, content.indexOf(layer) - content.length]), [["one", -3], ["two", -2], ["a", -2]]);
});

test("the same image has the same document, and SOURCE_DATE_EPOCH is its time", { skip }, async (context) => {
  const { folder, root, succeeds, context: files } = await startJourney(context);
  const cwd = files("app", FILES);
  const build = async (name: string, env: Readonly<Record<string, string>>): Promise<readonly string[]> => {
    await succeeds(["build", "--sbom=true", "-o", `type=oci,dest=${join(folder, name)}`, "."], { cwd, env: { SAMPAN_ROOT: root, ...env } });
    return statementsIn<Document>(join(folder, name)).map(({ statement }) => JSON.stringify(statement));
  };
  const first = await build("1.tar", {});
  assert.deepEqual(await build("2.tar", {}), first, "what is cached has the time of the image");
  const [document] = (await build("3.tar", { SOURCE_DATE_EPOCH: "1700000000" })).map((text) => (JSON.parse(text) as { predicate: Document }).predicate);
  assert.equal(document!.creationInfo.created, "2023-11-14T22:13:20Z");
});

test("each platform has a document of its own, and a base alone is one too", { skip }, async (context) => {
  const { folder, succeeds, context: files } = await startJourney(context);
  const cwd = files("app", { Dockerfile: "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /\n", "amd64/node_modules/a/package.json": npm("a"), "arm64/node_modules/b/package.json": npm("b") });
  await succeeds(["build", "--sbom=1", "--platform", "linux/amd64,linux/arm64", "-o", `type=oci,dest=${join(folder, "app.tar")}`, "."], { cwd });
  assert.deepEqual(statementsIn<Document>(join(folder, "app.tar")).map(({ about, statement }) => [about!.architecture, ...listed(statement.predicate)]), [["amd64", "a 1.0.0"], ["arm64", "b 1.0.0"]]);
  for (const [name, text] of [["base", "FROM base:1\n"], ["empty", "FROM scratch\n"]] as const) {
    await succeeds(["build", "--attest", "type=sbom", "-o", `type=oci,dest=${join(folder, `${name}.tar`)}`, "."], { cwd: files(name, { Dockerfile: text }) });
    assert.deepEqual(statementsIn<Document>(join(folder, `${name}.tar`)).map(({ statement }) => listed(statement.predicate)), [[]], name);
  }
});

test("of a cold machine with a warm cache, files come for the SBOM and no step runs", { skip }, async (context) => {
  const { folder, succeeds, sampan, context: files } = await startJourney(context);
  const host = await serveRegistry(context);
  const cwd = files("app", FILES);
  await succeeds(["tag", "base:1", `${host}/base:1`]);
  await succeeds(["push", `${host}/base:1`]);
  const dockerfile = FILES.Dockerfile.replaceAll("base:1", `${host}/base:1`);
  files("app", { Dockerfile: dockerfile });
  await succeeds(["build", "-t", `${host}/app:1`, "--push", "--cache-to", `type=registry,ref=${host}/app:cache,mode=max`, "."], { cwd });
  const { status, stderr } = await sampan(["build", "--sbom", "true", "-t", `${host}/app:2`, "--push", "-o", `type=oci,dest=${join(folder, "app.tar")}`, "--cache-from", `${host}/app:cache`, "--progress", "plain", "."], { cwd, env: { SAMPAN_ROOT: join(folder, "cold") } });
  assert.equal(status, 0, stderr);
  assert.deepEqual(statementsIn<Document>(join(folder, "app.tar")).map(({ statement }) => listed(statement.predicate)), [["run 2", "dep 1.0.0"], ["dep 1.0.0"], ["tool 1.0.0"]]);
  const steps = [...stderr.matchAll(/^#(\d+) \[.*\] RUN /gm)].map((match) => match[1]);
  assert.equal(new Set(steps).size, 2);
  for (const step of steps) assert.match(stderr, new RegExp(`^#${step} CACHED`, "m"));
});

test("docker buildx imagetools reads the SBOM, and those of stages beside it", { skip: skip || (findProgram("buildx") ? false : "needs buildx (BuildKit)") }, async (context) => {
  const { folder, succeeds, context: files } = await startJourney(context);
  const app = `${await serveRegistry(context)}/team/app:1`;
  await succeeds(["build", "--sbom=true", "-t", app, "--push", "."], { cwd: files("app", FILES) });
  const printed = await foreign("buildx", ["imagetools", "inspect", app, "--format", "{{json .SBOM}}"], { env: { DOCKER_CONFIG: folder } });
  const { SPDX: document, AdditionalSPDXs: others } = JSON.parse(printed) as { SPDX: Document; AdditionalSPDXs: readonly Document[] };
  assert.deepEqual([document, ...others].map((each) => [each.name, ...listed(each)]), [["sbom", "run 2", "dep 1.0.0"], ["sbom-context", "dep 1.0.0"], ["sbom-made", "tool 1.0.0"]]);
});
