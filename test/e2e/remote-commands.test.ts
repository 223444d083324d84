import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { sha256 } from "../../src/oci/digest.ts";
import { fleet, named, OTHER, OWN } from "../support/cargo.ts";
import { missing, startDockerRegistry } from "../support/docker-registry.ts";
import { foreign } from "../support/foreign.ts";
import { scratchSampan, type SampanOptions } from "../support/run-sampan.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";

/** A registry with an image for two platforms as `team/app:1`, with its referrers. */
async function start(context: TestContext) {
  const registry = await scratchRegistry(context);
  const { folder, sampan } = scratchSampan(context);
  const ship = fleet();
  ship.cargo.layout(join(folder, "fleet"), [named(ship.index, "v1"), ship.signature, ship.countersignature, ship.sbom, named(ship.oldSignature, ship.oldTag)]);
  const prints = async (words: readonly string[], options: SampanOptions = {}): Promise<string> => {
    const ended = await sampan(words, { cwd: folder, ...options });
    assert.equal(ended.status, 0, `${words.join(" ")}: ${ended.stderr}`);
    return ended.stdout;
  };
  const app = `${registry.address}/team/app`;
  await prints(["copy", "-q", "--all", "--referrers", "oci:fleet:v1", `${app}:1`]);
  return { ...ship, registry, host: registry.address, app, folder, sampan, prints };
}

test("digest, manifest get and inspect tell of an image what crane and skopeo tell", { skip: missing("skopeo") || missing("crane") }, async (context) => {
  const { app, prints, index, own, other, cargo, sampan, folder } = await start(context);
  assert.equal(await prints(["digest", `${app}:1`]), `${index.digest}\n`);
  assert.equal(await prints(["digest", "--platform", OTHER, `docker://${app}:1`]), `${other.digest}\n`);
  assert.equal(await prints(["digest", "--full-ref", `${app}:1`]), await foreign("crane", ["digest", "--insecure", "--full-ref", `${app}:1`]));
  assert.equal(await prints(["digest", "oci:fleet:v1"]), `${index.digest}\n`);

  assert.equal(sha256(await prints(["manifest", "get", `${app}:1`])), index.digest);
  assert.equal(await prints(["manifest", "inspect", "--platform", OTHER, `${app}:1`]), Buffer.from(cargo.blobs.get(other.digest)!).toString());
  assert.equal(await prints(["manifest", "get", "--config", `${app}:1`]), await foreign("crane", ["config", "--insecure", "--platform", OWN, `${app}:1`]));
  assert.equal(await prints(["manifest", "get", "-f", "{{range .manifests}}{{.platform.architecture}} {{end}}", `${app}:1`]), `${OWN.slice(6)} ${OTHER.slice(6)} \n`);
  assert.match(await prints(["manifest", "get", "-f", "json", "oci:fleet:v1"]), /^\{\n {2}"schemaVersion": 2,/);

  const [view] = JSON.parse(await prints(["inspect", `docker://${app}:1`])) as [{ Id: string; RepoTags: string[]; RepoDigests: string[]; Size: number; Descriptor: { digest: string } }];
  const seen = JSON.parse(await foreign("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${app}@${own.digest}`])) as { config: { digest: string }; layers: { size: number }[] };
  assert.deepEqual([view.RepoTags, view.RepoDigests, view.Descriptor.digest], [[`${app}:1`], [`${app}@${index.digest}`], own.digest]);
  assert.deepEqual([view.Id, view.Size], [seen.config.digest, seen.layers[0]!.size]);
  await prints(["copy", "oci:fleet:v1", "store:app:1"]);
  const format = ["-f", "{{.Id}} {{.Architecture}} {{json .Config.Cmd}}"];
  assert.equal(await prints(["inspect", ...format, "app:1"]), await prints(["image", "inspect", ...format, `docker://${app}:1`]));
  assert.match(await prints(["inspect", ...format, "--platform", OTHER, "oci:fleet:v1"]), new RegExp(` ${OTHER.slice(6)} `));
  const mixed = await sampan(["inspect", ...format, "app:1", "oci:fleet:v1", "oci:fleet:none"], { cwd: folder });
  assert.deepEqual([mixed.status, mixed.stdout.split("\n").length], [1, 3]);
  assert.match(mixed.stderr, /has no image named "none"/);
});

test("tags, catalog and referrers list what a registry holds", async (context) => {
  const { app, host, prints, registry, signature, countersignature, sbom, oldTag, oldSignature, sampan } = await start(context);
  for (const tag of ["1.9", "1.10.2", "1.10.1", "2.0.0-rc.1", "latest", "feature-x"]) await registry.pushImage("team/tags", tag);
  assert.equal(await prints(["tags", `${host}/team/tags`]), "1.10.1\n1.10.2\n1.9\n2.0.0-rc.1\nfeature-x\nlatest\n");
  assert.equal(await prints(["tags", "--sort", "version", "-n", "3", `docker://${host}/team/tags`]), "2.0.0-rc.1\n1.10.2\n1.10.1\n");
  assert.equal(await prints(["tags", "--semver", "^1.10", "--sort", "version", "--limit", "1", `${host}/team/tags`]), "1.10.2\n");
  assert.equal(await prints(["tags", "--filter", "feature-*", "--filter", "lat?st", "--format", "{{.Name}}", `${host}/team/tags`]), `${host}/team/tags:feature-x\n${host}/team/tags:latest\n`);
  assert.equal(await prints(["catalog", host]), "team/app\nteam/tags\n");
  assert.equal(await prints(["catalog", "--filter", "team/t*", "--full-ref", `http://${host}`]), `${host}/team/tags\n`);
  assert.equal(await prints(["catalog", "-n", "1", host]), "team/app\n");

  assert.equal(await prints(["referrers", "--format", "{{.Digest}} {{.ArtifactType}} {{.Tag}}", `${app}:1`]), `${signature.digest} application/vnd.test.signature \n${oldSignature.digest}  ${oldTag}\n`);
  assert.equal(await prints(["referrers", "--format", "{{.Digest}}", "--platform", OWN, `${app}:1`]), `${sbom.digest}\n`);
  assert.equal(await prints(["referrers", "--format", "{{.Digest}}", `${app}@${signature.digest}`]), `${countersignature.digest}\n`);
  assert.equal(await prints(["referrers", "--artifact-type", "application/vnd.other", `${app}:1`]), "DIGEST    ARTIFACT TYPE   SIZE      TAG\n");

  const cases: [string[], number, RegExp][] = [
    [["tags", `${host}/no/such`], 1, /repository no\/such not found/],
    [["tags", `${app}:1`], 2, /names an image[^]*without tag/],
    [["tags", "--semver", "newest", app], 2, /invalid argument "newest" for --semver/],
    [["tags", "-n", "x", app], 2, /invalid argument "x" for --limit/],
    [["digest", `${app}:9`], 1, /manifest for .*team\/app:9 not found/],
    [["manifest", "get", "--platform", "linux/ppc64le", `${app}:1`], 1, /has no image for linux\/ppc64le/],
    [["blob", "get", `${app}:1`], 2, /has no digest/],
    [["manifest", "create", "x"], 1, /`sampan manifest create` is not supported/],
  ];
  await Promise.all(cases.map(async ([words, status, message]) => {
    const ended = await sampan(words);
    assert.equal(ended.status, status, words.join(" ") + ended.stderr);
    assert.match(ended.stderr, message);
  }));
});

test("blob get gives the bytes, as a file or on standard output, and nothing of a blob that is not there", async (context) => {
  const { app, prints, own, cargo, folder, sampan } = await start(context);
  const { layers } = JSON.parse(Buffer.from(cargo.blobs.get(own.digest)!).toString()) as { layers: { digest: string; size: number }[] };
  await prints(["blob", "get", "-o", "layer.tgz", `${app}@${layers[0]!.digest}`]);
  assert.equal(sha256(readFileSync(join(folder, "layer.tgz"))), layers[0]!.digest);
  const missingBlob = await sampan(["blob", "get", "-o", "none", `${app}@sha256:${"0".repeat(64)}`], { cwd: folder });
  assert.equal(missingBlob.status, 1);
  assert.match(missingBlob.stderr, /blob sha256:0+ is missing in team\/app/);
  assert.throws(() => readFileSync(join(folder, "none")));
});

for (const kind of ["sampan", "docker-registry"] as const) {
  test(`delete takes one tag and leaves its siblings, by digest all of them: ${kind}`, { skip: kind === "docker-registry" ? missing("docker-registry") : false }, async (context) => {
    const { app, host: own, prints, sampan, index } = await start(context);
    await using debian = kind === "docker-registry" ? await startDockerRegistry() : undefined;
    const repository = `${debian?.host ?? own}/x/app`;
    for (const tag of ["1", "2", "3"]) await prints(["copy", "-q", "--all", `${app}:1`, `${repository}:${tag}`]);
    assert.equal(await prints(["delete", `${repository}:2`]), `Untagged: ${repository}:2\n`);
    assert.equal(await prints(["tags", "--sort", "name", repository]), "1\n3\n");
    assert.equal(await prints(["digest", `${repository}:1`]), `${index.digest}\n`);
    assert.equal(await prints(["delete", `${repository}@${index.digest}`]), `Deleted: ${repository}@${index.digest}\n`);
    for (const tag of ["1", "3"]) assert.equal((await sampan(["digest", `${repository}:${tag}`])).status, 1);
    const again = await sampan(["delete", `${repository}:2`]);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /not found/);
    assert.equal(await prints(["delete", "-f", `${repository}:2`]), "");
  });
}

test("a referrer that is deleted goes from the list that clients keep", { skip: missing("docker-registry") }, async (context) => {
  const { app, prints, index, signature, oldTag } = await start(context);
  await using debian = await startDockerRegistry();
  const copy = `${debian.host}/x/app`;
  await prints(["copy", "-q", "--all", "--referrers", `${app}:1`, `${copy}:1`]);
  const listed = async (): Promise<string> => prints(["referrers", "--format", "{{.Digest}}{{.Tag}}", `${copy}:1`]);
  assert.ok((await listed()).startsWith(`${signature.digest}\n`));
  await prints(["delete", `${copy}@${signature.digest}`]);
  assert.doesNotMatch(await listed(), new RegExp(signature.digest));
  const tags = (await prints(["tags", copy])).trim().split("\n");
  assert.ok(tags.includes(oldTag) && !tags.includes(index.digest.replace(":", "-")), "an empty list is no list");
});

test("where a registry does not delete, the tag stays what it is", { skip: missing("docker-registry") }, async (context) => {
  const { app, prints, sampan, index } = await start(context);
  await using debian = await startDockerRegistry({ noDelete: true });
  await prints(["copy", "-q", "--all", `${app}:1`, `${debian.host}/x:1`]);
  const refused = await sampan(["delete", `${debian.host}/x:1`]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /status 405[^]*deleting often has to be switched on/);
  assert.equal(await prints(["digest", `${debian.host}/x:1`]), `${index.digest}\n`);
});

test("indexes are made, added to and taken from by hand, as crane and regctl read them", { skip: missing("crane") || missing("regctl") }, async (context) => {
  const { app, host, prints, own, other, cargo, sampan, folder, registry } = await start(context);
  await prints(["copy", "-q", "--platform", OTHER, "oci:fleet:v1", `${host}/elsewhere:other`]);
  await prints(["copy", "-q", "oci:fleet:v1", "store:mine:1"]);
  const made = (await prints(["index", "create", "--annotation", "made=by hand", `${app}:both`, "store:mine:1", `${host}/elsewhere:other`])).trim();
  assert.equal((await foreign("crane", ["digest", "--insecure", `${app}:both`])).trim(), made);
  await foreign("crane", ["validate", "--insecure", "--remote", `${app}:both`]);
  const env = { REGCTL_CONFIG: join(folder, "regctl.json") };
  const platforms = await foreign("regctl", ["--host", `reg=${host},tls=disabled`, "manifest", "get", "--format", "{{range .Manifests}}{{.Platform}} {{end}}", `${app}:both`], { env });
  assert.equal(platforms.trim(), `${OWN} ${OTHER}`);
  assert.equal(await prints(["manifest", "get", "-f", "{{.annotations.made}}", `${app}:both`]), "by hand\n");

  const removed = JSON.parse(await prints(["index", "remove", "--dry-run", `${app}:both`, OTHER])) as { manifests: { digest: string }[] };
  assert.deepEqual(removed.manifests.map(({ digest }) => digest), [own.digest]);
  assert.equal((await prints(["digest", `${app}:both`])).trim(), made, "a dry run writes nothing");
  await prints(["index", "remove", `${app}:both`, other.digest]);
  assert.equal(await prints(["manifest", "get", "-f", "{{len .manifests}}", `${app}:both`]), "1\n");

  cargo.layout(join(folder, "newer"), [named(cargo.image(OWN, "newer"), "v2")]);
  await prints(["index", "add", `${app}:both`, "oci:newer:v2", `${host}/elsewhere:other`]);
  assert.equal(await prints(["digest", "--platform", OWN, `${app}:both`]), await prints(["digest", "oci:newer:v2"]));
  assert.equal(await prints(["manifest", "get", "-f", "{{range .manifests}}{{.platform.architecture}} {{end}}", `${app}:both`]), `${OWN.slice(6)} ${OTHER.slice(6)} \n`);

  await prints(["copy", "-q", "oci:fleet:v1", `${app}:single`]);
  await prints(["index", "add", `${app}:single`, `${host}/elsewhere:other`]);
  assert.equal(((await registry.request("GET", "/v2/team/app/manifests/single")).json() as { manifests: unknown[] }).manifests.length, 2);
  const cases: [string[], RegExp][] = [
    [["index", "create", `${app}:x`, "store:mine:1", "oci:newer:v2"], new RegExp(`two images are for ${OWN}`)],
    [["index", "remove", `${app}:both`, "linux/ppc64le"], /has no entry linux\/ppc64le\nhint: it has /],
    [["index", "remove", `${app}:both`, OWN, OTHER], /nothing would be left/],
  ];
  for (const [words, message] of cases) {
    const ended = await sampan(words, { cwd: folder });
    assert.equal(ended.status, 1, words.join(" "));
    assert.match(ended.stderr, message);
  }
});
