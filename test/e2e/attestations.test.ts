import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { BuildStep } from "../../src/build/attest/build-steps.ts";
import type { ProvenanceV1 } from "../../src/build/attest/provenance.ts";
import { noGit } from "../golden/origin.ts";
import { statementsIn, type FoundStatement } from "../support/attestations.ts";
import { assertFault } from "../support/check-fault.ts";
import { commit, git } from "../support/git-repositories.ts";
import { startJourney } from "../support/journey.ts";
import { noContainers } from "../support/sampan-base.ts";
import { serveRegistry } from "../support/serve-registry.ts";

const skip = noContainers;
const HOST = `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`;
const DOCKERFILE = "FROM base:1 AS made\nARG WHO FROM_URL\nRUN --mount=type=secret,id=token,required=true --mount=type=secret,id=other --network=none echo $WHO > /made\nFROM base:1\nCOPY --from=made /made /\nCOPY file /\n";
const SECRET = "s3cr3t-value-of-the-token";
/** What the tests read of a predicate of SLSA v0.2. */
interface Version02 {
  readonly materials: readonly unknown[];
  readonly invocation: { readonly parameters: { readonly args?: unknown } };
  readonly buildConfig: { readonly llbDefinition: readonly BuildStep[] };
  readonly metadata: { readonly buildInvocationID: string; readonly buildStartedOn: string; readonly buildFinishedOn: string };
}

const words = ["--build-arg", "WHO=me", "--build-arg", "FROM_URL=https://user:p4ssw0rd@example.com/x", "--label", "role=tester", "--secret", "id=token,env=TOKEN"];
const env = { TOKEN: SECRET };

test("the provenance of a pushed image names its base, its arguments and its steps, and no secret", { skip }, async (context) => {
  const { folder, succeeds, context: files } = await startJourney(context);
  const host = await serveRegistry(context);
  const cwd = files("app", { Dockerfile: DOCKERFILE, file: "x" });
  await succeeds(["build", ...words, "--provenance", "mode=max", "-t", `${host}/app:1`, "--push", "-o", `type=oci,dest=${join(folder, "app.tar")}`, "."], { cwd, env });
  const pushed = JSON.parse(await succeeds(["manifest", "get", `${host}/app:1`])) as { manifests: { digest: string; platform: { os: string } }[] };
  assert.deepEqual(pushed.manifests.map(({ platform }) => platform.os), ["linux", "unknown"]);
  // The image is what it is without an attestation.
  const image = await succeeds(["manifest", "get", `${host}/app@${pushed.manifests[0]!.digest}`]);
  await succeeds(["build", ...words, "--provenance=false", "-t", `${host}/app:plain`, "--push", "."], { cwd, env });
  assert.equal(await succeeds(["manifest", "get", `${host}/app:plain`]), image);

  const [found, more] = statementsIn<ProvenanceV1>(join(folder, "app.tar"));
  assert.equal(more, undefined);
  const { statement: { subject, predicateType, predicate }, manifest, about } = found!;
  assert.deepEqual(about, { architecture: HOST.slice(6), os: "linux" });
  assert.equal(predicateType, "https://slsa.dev/provenance/v1");
  assert.equal(manifest.subject!.digest, pushed.manifests[0]!.digest);
  assert.deepEqual(subject, [{ name: `pkg:docker/${host}/app@1?platform=${encodeURIComponent(HOST)}`, digest: { sha256: manifest.subject!.digest.slice(7) } }]);
  const { buildDefinition: { resolvedDependencies, externalParameters: { request }, internalParameters }, runDetails } = predicate;
  assert.deepEqual(resolvedDependencies!.map(({ uri }) => uri), [`pkg:docker/base@1?platform=${encodeURIComponent(HOST)}`]);
  assert.deepEqual(request.args, { "build-arg:FROM_URL": "https://xxxxx:xxxxx@example.com/x", "build-arg:WHO": "me", "label:role": "tester" });
  assert.deepEqual(request.secrets, [{ id: "other", optional: true }, { id: "token" }]);
  assert.deepEqual(request.locals, [{ name: "context" }, { name: "dockerfile" }]);
  const steps = internalParameters.buildConfig!.llbDefinition;
  assert.deepEqual(steps.map(({ op, inputs = [] }) => [Object.keys(op.Op)[0], ...inputs].join(" ")), ["source", "exec step0:0", "file step0:0 step1:0", "source", "file step2:0 step3:0", " step4:0"]);
  assert.equal((steps[1]!.op.Op["exec"] as { network: number }).network, 2);
  const { buildkit_metadata: { layers, source }, buildkit_completeness, buildkit_hermetic } = runDetails.metadata;
  assert.deepEqual(Object.entries(layers!).map(([step, [stack]]) => [step, stack!.length]), [["step0:0", 1], ["step2:0", 2], ["step4:0", 3]]);
  assert.equal(Buffer.from(source!.infos[0]!.data, "base64").toString(), DOCKERFILE);
  assert.deepEqual(source!.locations["step4"], { locations: [{ ranges: [{ start: { line: 6 }, end: { line: 6 } }] }] });
  assert.deepEqual([buildkit_completeness, buildkit_hermetic], [{ request: true, resolvedDependencies: false }, undefined]);

  for (const file of readdirSync(join(folder, "app.tar.layout/blobs/sha256"))) {
    const bytes = readFileSync(join(folder, "app.tar.layout/blobs/sha256", file), "latin1");
    assert.ok(!bytes.includes(SECRET) && !bytes.includes("p4ssw0rd"), file);
  }
});

test("mode=min keeps arguments, names of secrets, steps and the Dockerfile to itself; version=v0.2 has other words", { skip }, async (context) => {
  const { folder, succeeds, context: files } = await startJourney(context);
  const cwd = files("app", { Dockerfile: DOCKERFILE, file: "x" });
  await succeeds(["build", ...words, "--attest", "type=provenance,mode=min,version=v0.2,builder-id=https://ci.example.com/1,reproducible=true", "-o", `type=oci,dest=${join(folder, "app.tar")},oci-artifact=false`, "."], { cwd, env });
  const [{ statement, manifest }] = statementsIn(join(folder, "app.tar")) as [FoundStatement<Version02>];
  assert.deepEqual([statement.predicateType, statement.subject[0]!.name, manifest.subject, manifest.artifactType], ["https://slsa.dev/provenance/v0.2", "_", undefined, undefined]);
  const { predicate: { metadata: { buildInvocationID, buildStartedOn, buildFinishedOn, ...metadata }, ...predicate } } = statement;
  assert.match(buildInvocationID, /^[0-9a-z]{25}$/);
  assert.ok(Date.parse(buildStartedOn) <= Date.parse(buildFinishedOn));
  assert.deepEqual({ ...predicate, materials: predicate.materials.length }, {
    builder: { id: "https://ci.example.com/1" },
    buildType: "https://mobyproject.org/buildkit@v1",
    materials: 1,
    invocation: {
      configSource: { entryPoint: "Dockerfile" },
      parameters: { frontend: "dockerfile.v0", locals: [{ name: "context" }, { name: "dockerfile" }] },
      environment: { platform: HOST },
    },
  });
  assert.deepEqual(metadata, { completeness: { parameters: false, environment: true, materials: false }, reproducible: true, "https://mobyproject.org/buildkit@v1#metadata": {} });
});

test("beside files it is a file that names them all; inline-only keeps it to images in registries", { skip }, async (context) => {
  const { folder, succeeds, context: files } = await startJourney(context);
  const cwd = files("app", { Dockerfile: "FROM scratch\nCOPY a b /files/\n", a: "hello", b: "" });
  await succeeds(["build", "--provenance=true", "-o", join(folder, "out"), "-o", `type=tar,dest=${join(folder, "out.tar")},attestation-prefix=app.`, "."], { cwd });
  const statement = JSON.parse(readFileSync(join(folder, "out/provenance.json"), "utf8")) as { subject: unknown };
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
  assert.deepEqual(statement.subject, [{ name: "files/a", digest: { sha256: sha256("hello") } }, { name: "files/b", digest: { sha256: sha256("") } }]);
  assert.equal(statSync(join(folder, "out/provenance.json")).mode & 0o777, 0o600);
  assert.deepEqual(execFileSync("tar", ["-tf", join(folder, "out.tar")], { encoding: "utf8" }).trim().split("\n").sort(), ["app.provenance.json", "files/", "files/a", "files/b"]);

  await succeeds(["build", "--provenance", "mode=min,inline-only=true", "-o", join(folder, "bare"), "-o", `type=oci,dest=${join(folder, "bare.tar")}`, "-o", `type=oci,dest=${join(folder, "forced.tar")},attestation-inline=true`, "."], { cwd });
  assert.ok(!existsSync(join(folder, "bare/provenance.json")));
  assert.deepEqual([statementsIn(join(folder, "bare.tar")).length, statementsIn(join(folder, "forced.tar")).length], [0, 1]);
});

test("each platform has a statement of its own", { skip }, async (context) => {
  const { folder, succeeds, context: files } = await startJourney(context);
  const cwd = files("app", { Dockerfile: "FROM scratch\nARG TARGETARCH\nCOPY file /$TARGETARCH\n", file: "x" });
  await succeeds(["build", "--platform", "linux/amd64,linux/arm64", "--provenance", "mode=min", "-o", `type=oci,dest=${join(folder, "app.tar")}`, "-o", join(folder, "out"), "-o", `type=local,dest=${join(folder, "flat")},platform-split=false`, "."], { cwd });
  const found = statementsIn<ProvenanceV1>(join(folder, "app.tar"));
  assert.deepEqual(found.map(({ about, statement }) => [about, statement.predicate.buildDefinition.internalParameters.targetPlatform]), [
    [{ architecture: "amd64", os: "linux" }, "linux/amd64"], [{ architecture: "arm64", os: "linux" }, "linux/arm64"],
  ]);
  assert.deepEqual(found[0]!.index.manifests.length, 4);
  assert.deepEqual(readdirSync(join(folder, "out/linux_arm64")).sort(), ["arm64", "provenance.json"]);
  assert.deepEqual(readdirSync(join(folder, "flat")).sort(), ["amd64", "arm64", "provenance.linux_amd64.json", "provenance.linux_arm64.json"]);
});

test("files of several platforms are put into one folder only where none is lost", { skip }, async (context) => {
  const { folder, sampan, context: files } = await startJourney(context);
  const cwd = files("app", { Dockerfile: "FROM scratch\nARG TARGETARCH\nCOPY file /bin/$TARGETARCH\nCOPY file /bin/app\n", file: "x" });
  for (const output of [`type=local,dest=${join(folder, "flat")}`, `type=tar,dest=${join(folder, "flat.tar")}`]) {
    const { status, stderr } = await sampan(["build", "--platform", "linux/amd64,linux/arm64", "-o", `${output},platform-split=false`, "."], { cwd });
    assert.deepEqual([status, /^ERROR: cannot overwrite bin\/app from linux\/amd64 with linux\/arm64: /m.test(stderr)], [1, true], stderr);
  }
  assert.ok(!existsSync(join(folder, "flat")) && !existsSync(join(folder, "flat.tar")));
});

test("the metadata file has as much of the provenance as BUILDX_METADATA_PROVENANCE says", { skip }, async (context) => {
  const { folder, succeeds, context: files } = await startJourney(context);
  const cwd = files("app", { Dockerfile: "FROM base:1\nARG A\nRUN --network=none : $A\n" });
  const metadata = async (mode: string, ...more: string[]): Promise<Record<string, unknown>> => {
    await succeeds(["build", "--build-arg", "A=1", "--metadata-file", join(folder, "made.json"), ...more, "."], { cwd, env: { BUILDX_METADATA_PROVENANCE: mode } });
    return JSON.parse(readFileSync(join(folder, "made.json"), "utf8")) as Record<string, unknown>;
  };
  const min = await metadata("");
  const told = min["buildx.build.provenance"] as Version02;
  assert.deepEqual(Object.keys(told), ["builder", "buildType", "materials", "invocation"]);
  assert.deepEqual(told.invocation.parameters.args, { "build-arg:A": "1" });
  const max = (await metadata("max"))["buildx.build.provenance"] as Version02;
  assert.equal(max.buildConfig.llbDefinition.length, 3);
  assert.equal((await metadata("disabled"))["buildx.build.provenance"], undefined);
  const several = await metadata("min", "--platform", `${HOST},linux/riscv64`, "--build-context", "base:1=docker-image://scratch", "--target", "nothing", "-f", files("nothing", { Dockerfile: "FROM scratch AS nothing\n" }) + "/Dockerfile", "-o", join(folder, "out"));
  assert.deepEqual(Object.keys(several).filter((key) => key.includes("provenance")), [`buildx.build.provenance/${HOST}`, "buildx.build.provenance/linux/riscv64"]);

  const [, node, ref] = String(min["buildx.build.ref"]).split("/");
  assert.equal(node, "default");
  assert.match(await succeeds(["build", "history", "inspect", ref!]), new RegExp(ref!));
});

test("a context in a work tree of git is told by its commit and its place there", { skip: skip || noGit }, async (context) => {
  const { folder, succeeds, context: files } = await startJourney(context);
  const tree = files("tree", { "app/Dockerfile": "FROM scratch\nCOPY Dockerfile /\n" });
  git(tree, "init", "-q");
  git(tree, "remote", "add", "origin", "https://user:p4ssw0rd@example.com/team/app.git");
  const revision = commit(tree, "one", {});
  const vcs = async (name: string, env: Record<string, string> = {}): Promise<unknown> => {
    await succeeds(["build", "--provenance", "mode=min", "-o", `type=oci,dest=${join(folder, name)}`, "."], { cwd: join(tree, "app"), env });
    const [{ statement }] = statementsIn<ProvenanceV1>(join(folder, name)) as [FoundStatement<ProvenanceV1>];
    return statement.predicate.runDetails.metadata.buildkit_metadata.vcs;
  };
  assert.deepEqual(await vcs("a.tar"), { "localdir:context": "app", "localdir:dockerfile": "app", revision, source: "https://xxxxx:xxxxx@example.com/team/app.git" });
  assert.equal(await vcs("b.tar", { BUILDX_GIT_INFO: "0" }), undefined);
});

test("what cannot hold an attestation refuses it", { skip }, async (context) => {
  const { folder, sampan, context: files } = await startJourney(context);
  const cwd = files("app", { Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" });
  const refused = async (...more: string[]) => sampan(["build", ...more, "."], { cwd });
  assertFault(await refused("--provenance", "mode=max", "-o", `type=docker,dest=${join(folder, "x.tar")}`), { message: /docker exporter does not support exporting manifest lists/, hint: /type=oci/ });
  assertFault(await refused("--provenance", "inline-only=true", "-o", `type=docker,dest=${join(folder, "x.tar")},attestation-inline=true`), { message: /docker exporter does not support exporting manifest lists/ });
  assertFault(await refused("--provenance", "complete-materials=true", "-o", join(folder, "out")), { message: /provenance materials are incomplete: uncaptured local sources: context, dockerfile/ });
  assertFault(await refused("--provenance", "true", "-o", `type=local,dest=${join(folder, "out")},attestation-prefix=../../`), { status: 2, message: /is no name for the file/ });
  assertFault(await refused("--provenance", "mode=all"), { status: 2, message: /invalid mode "all"/ });
  assertFault(await refused("--provenance", "version=v2"), { status: 2, message: /invalid provenance SLSA version: v2/ });
  assertFault(await refused("--attest", "mode=max"), { status: 2, message: /attestation type not specified/ });
  assertFault(await refused("--attest", "type=vsa"), { status: 2, message: /unknown attestation type "vsa"/ });
  assertFault(await refused("--provenance", "capture-usage=true"), { message: /capture-usage= in the provenance/ });
  assertFault(await refused("--attest", "type=sbom,generator=x"), { message: /generator= of --sbom is not supported/, hint: /--builder/ });
  assertFault(await refused("--sbom", "true", "-o", `type=docker,dest=${join(folder, "x.tar")}`), { message: /docker exporter does not support exporting manifest lists/ });
});
