import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Descriptor } from "../../src/oci/manifest.ts";
import { Cargo, fleet, named, OTHER, OWN } from "../support/cargo.ts";
import { missing, startDockerRegistry } from "../support/docker-registry.ts";
import { foreign } from "../support/foreign.ts";
import { scratchSampan, type Finished } from "../support/run-sampan.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";

const PLAIN = ["--tls-verify=false"];

/** The binary beside a registry and a layout `fleet` with an image for two platforms, named `v1`. */
async function start(context: TestContext) {
  const registry = await scratchRegistry(context);
  const { folder, sampan } = scratchSampan(context);
  const ship = fleet();
  ship.cargo.layout(join(folder, "fleet"), [named(ship.index, "v1"), ship.signature, ship.countersignature, ship.sbom, named(ship.oldSignature, ship.oldTag)]);
  const copy = async (...words: string[]): Promise<Finished> => {
    const ended = await sampan(["copy", ...words], { cwd: folder });
    assert.equal(ended.status, 0, `copy ${words.join(" ")}: ${ended.stderr}`);
    return ended;
  };
  return { ...ship, registry, host: registry.address, folder, sampan, copy };
}

test("an image keeps its digest on its way through every kind of place, as skopeo sees it too", { skip: missing("skopeo") }, async (context) => {
  const { copy, host, folder, own, sampan } = await start(context);
  const inspect = async (place: string): Promise<string> => (JSON.parse(await foreign("skopeo", ["inspect", ...PLAIN, place], { cwd: folder })) as { Digest: string }).Digest;
  assert.equal((await copy("-q", "oci:fleet:v1", `${host}/team/app:1`)).stdout, `${own.digest}\n`);
  const way = [`docker://${host}/team/app:1`, "oci-archive:one.tar:name", "store:app:1", "oci:two:app", "docker-archive:three.tar:app:3", `${host}/team/back:1`];
  for (const [index, place] of way.slice(1).entries()) assert.match((await copy(way[index]!, place)).stdout, new RegExp(`^${own.digest}: \\S+ sent, \\S+ saved by reuse, `), place);
  for (const place of [`docker://${host}/team/app:1`, `docker://${host}/team/back:1`, "oci-archive:one.tar:name", "oci:two:app"]) assert.equal(await inspect(place), own.digest, place);
  assert.deepEqual((JSON.parse(await foreign("skopeo", ["inspect", "--raw", "docker-archive:three.tar:app:3"], { cwd: folder })) as { layers: unknown[] }).layers.length, 1);
  assert.equal((await sampan(["inspect", "-f", "{{.Descriptor.digest}}", "app:1"])).stdout, `${own.digest}\n`);
});

test("a layout is one that umoci unpacks and skopeo reads, and keeps what it had", { skip: missing("umoci") || missing("skopeo") }, async (context) => {
  const { copy, folder, own, other } = await start(context);
  await copy("oci:fleet:v1", "oci:out:a");
  await copy("--platform", OTHER, "oci:fleet:v1", "oci:out:b");
  await copy("oci:fleet:v1", "oci:out:a");
  assert.deepEqual((await foreign("umoci", ["ls", "--layout", "out"], { cwd: folder })).trim().split("\n").sort(), ["a", "b"]);
  await foreign("umoci", ["unpack", "--rootless", "--image", "out:a", "bundle"], { cwd: folder });
  assert.equal(readFileSync(join(folder, "bundle/rootfs/hello"), "utf8"), "fleet here");
  const { manifests } = JSON.parse(readFileSync(join(folder, "out/index.json"), "utf8")) as { manifests: { digest: string }[] };
  assert.deepEqual(manifests.map(({ digest }) => digest).sort(), [own.digest, other.digest].sort());
  await foreign("skopeo", ["copy", "oci:out:b", "oci:again:b"], { cwd: folder });
});

test("what skopeo writes is read: layouts, OCI archives, Docker archives old and packed", { skip: missing("skopeo") }, async (context) => {
  const { copy, folder, host, own, sampan, registry } = await start(context);
  for (const place of ["oci:s:x", "oci-archive:s.tar:x", "docker-archive:d.tar:app:1"]) await foreign("skopeo", ["copy", "--override-arch", OWN.slice(6), "oci:fleet:v1", place], { cwd: folder });
  for (const [index, place] of ["oci:s:x", "oci:s", "oci-archive:s.tar:x", "oci-archive:s.tar"].entries()) {
    assert.equal((await copy("-q", place, `${host}/s/app:${index}`)).stdout, `${own.digest}\n`, place);
  }
  const plain = await copy("docker-archive:d.tar", `${host}/d/app:1`);
  assert.match(plain.stderr, /d\.tar holds no manifest: one is made/);
  writeFileSync(join(folder, "d.tar.gz"), gzipSync(readFileSync(join(folder, "d.tar"))));
  assert.equal((await copy("-q", "docker-archive:d.tar.gz:app:1", `${host}/d/app:2`)).stdout, `${plain.stdout.slice(0, 71)}\n`);
  const pushed = JSON.parse(await foreign("skopeo", ["inspect", "--raw", ...PLAIN, `docker://${host}/d/app:1`])) as { layers: { mediaType: string; digest: string }[] };
  assert.match(pushed.layers[0]!.mediaType, /tar\+gzip$/);
  const packed = await registry.request("GET", `/v2/d/app/blobs/${pushed.layers[0]!.digest}`);
  assert.ok(gunzipSync(packed.body).includes("fleet here"));
  const id = (JSON.parse(await foreign("skopeo", ["inspect", "--raw", ...PLAIN, `docker://${host}/d/app:1`])) as { config: { digest: string } }).config.digest;
  await copy("docker-archive:d.tar", "store:old:1");
  assert.equal((await sampan(["inspect", "-f", "{{.Id}}", "old:1"])).stdout, `${id}\n`);
  const wrong = await sampan(["copy", "docker-archive:d.tar:other:1", "oci:x"], { cwd: folder });
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /d\.tar has no image named "other:1"\nhint: choose one of app:1/);
});

test("--all with --referrers carries the index, signatures of signatures and cosign's tags, with a referrers API and without", { skip: missing("docker-registry") || missing("regctl") || missing("crane") }, async (context) => {
  const { copy, host, index, own, signature, countersignature, sbom, oldSignature, oldTag } = await start(context);
  await using debian = await startDockerRegistry();
  const all = ["-q", "--all", "--referrers"];
  // Layout, our registry with the API, Debian's without it, an archive, and back.
  const way = ["oci:fleet:v1", `${host}/a/app:1`, `${debian.host}/b/app:1`, "oci-archive:c.tar:1", `${host}/d/app:1`];
  for (const [position, place] of way.slice(1).entries()) assert.equal((await copy(...all, way[position]!, place)).stdout, `${index.digest}\n`, place);
  const env = { REGCTL_CONFIG: join("/tmp", "no-such-regctl-config") };
  await Promise.all([`${host}/a/app`, `${debian.host}/b/app`, `${host}/d/app`].map(async (repository) => {
    const referrers = async (digest: string): Promise<string[]> => {
      const listed = await foreign("regctl", ["--host", `reg=${repository.split("/")[0]},tls=disabled`, "artifact", "list", "--format", "{{range .Descriptors}}{{.Digest}} {{end}}", `${repository}@${digest}`], { env });
      return listed.trim().split(" ");
    };
    assert.equal((await foreign("crane", ["digest", "--insecure", `${repository}:1`])).trim(), index.digest);
    assert.deepEqual(await referrers(index.digest), [signature.digest]);
    assert.deepEqual(await referrers(signature.digest), [countersignature.digest]);
    assert.deepEqual(await referrers(own.digest), [sbom.digest]);
    assert.equal((await foreign("crane", ["digest", "--insecure", `${repository}:${oldTag}`])).trim(), oldSignature.digest);
    await foreign("crane", ["validate", "--insecure", "--remote", `${repository}:1`]);
  }));
});

test("without flags it is this machine's image, with several platforms an index of these, and a change of digest is said", async (context) => {
  const { copy, host, registry, sampan, cargo, index, own, other, folder } = await start(context);
  const third = cargo.image("linux/riscv64", "third");
  cargo.layout(join(folder, "three"), [named(cargo.index([own, other, third]), "v1")]);
  const one = await copy("oci:three", `${host}/x:own`);
  assert.ok(one.stdout.startsWith(own.digest));
  assert.match(one.stderr, new RegExp(`gets the image for ${OWN} alone[^]*its digest is ${own.digest}`));
  const two = await copy("--platform", `${OWN},${OTHER}`, "oci:three", `${host}/x:two`);
  const made = (await registry.request("GET", `/v2/x/manifests/two`)).json() as { manifests: { digest: string }[] };
  assert.deepEqual(made.manifests.map(({ digest }) => digest), [own.digest, other.digest]);
  assert.match(two.stderr, /an index of .* made from that of all platforms/);
  assert.equal((await copy("-q", "--platform", OWN, "--platform", OTHER, "oci:fleet:v1", `${host}/x:same`)).stdout, `${index.digest}\n`);
  const none = await sampan(["copy", "--platform", "linux/ppc64le", "oci:three", `${host}/x:none`], { cwd: folder });
  assert.match(none.stderr, /has no image for linux\/ppc64le\nhint: it has linux/);
  assert.equal((await registry.request("GET", "/v2/x/manifests/none")).status, 404);
});

test("blobs are mounted within a host, left out where they are, and not even asked for where the manifest is", async (context) => {
  const { copy, host, cargo, index, own, other } = await start(context);
  const documents = [index, own, other].map(({ digest }) => digest);
  const blobs = [own, other].flatMap(({ digest }) => {
    const { config, layers } = JSON.parse(Buffer.from(cargo.blobs.get(digest)!).toString()) as { config: Descriptor; layers: Descriptor[] };
    return [config.digest, ...layers.map((layer) => layer.digest)];
  });
  const weight = [...documents, ...blobs].reduce((sum, digest) => sum + cargo.blobs.get(digest)!.length, 0);
  const first = await copy("--all", "oci:fleet:v1", `${host}/one:1`);
  assert.equal([...first.stderr.matchAll(/: Copied$/gm)].length, 4);
  const mounted = await copy("--all", `${host}/one:1`, `${host}/two:1`);
  assert.equal([...mounted.stderr.matchAll(/: Mounted from another repository$/gm)].length, 4);
  assert.match(mounted.stdout, /: \d+(?:\.\d+)?kB sent, \d\S+ saved by reuse/);
  assert.equal((await copy("--all", `${host}/one:1`, `${host}/two:2`)).stderr, "");
  const lines = (await copy("--all", "--json", "oci:fleet:v1", `${host}/three:1`)).stdout.trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(lines.slice(0, -1).filter(({ state }) => state === "done").map(({ layer }) => layer).sort(), [...blobs].sort());
  const { seconds, ...summary } = lines.at(-1)!;
  assert.ok(Number(seconds) > 0);
  assert.deepEqual(summary, { reference: `${host}/three:1`, digest: index.digest, mediaType: index.mediaType, bytesSent: weight, bytesSaved: 0, referrers: 0 });
  await copy("--all", "oci:fleet:v1", "oci:out");
  assert.equal([...(await copy("--all", "oci:fleet:v1", "oci:out")).stderr.matchAll(/: Already exists$/gm)].length, 4);
});

test("what a place cannot hold, or what is no place, is refused before anything is written", async (context) => {
  const { sampan, folder, host } = await start(context);
  const cases: [string[], number, RegExp][] = [
    [["--all", "--referrers", "oci:fleet:v1", "store:x"], 1, /store:x cannot hold referrers/],
    [["--all", "oci:fleet:v1", "docker-archive:x.tar"], 1, /cannot hold several platforms/],
    [["--referrers", "oci:fleet:v1", "docker-archive:x.tar"], 1, /cannot hold referrers/],
    [["oci:fleet:v2", "oci:x"], 1, /has no image named "v2"[^]*choose one of v1/],
    [["containers-storage:x", "oci:x"], 1, /containers-storage: is not supported[^]*store:NAME/],
    [["docker-daemon:x:1", "oci:x"], 1, /docker-daemon: is not supported[^]*docker save/],
    [["--all", "--platform", "linux/amd64", "oci:fleet:v1", "oci:x"], 2, /cannot be given together/],
    [["--parallel", "0", "oci:fleet:v1", "oci:x"], 2, /a number from 1 to 64/],
    [["--sign-by", "x", "oci:fleet:v1", "oci:x"], 1, /--sign-by is not supported/],
    [["oci:fleet:v1", "oci-archive:no/such/folder.tar"], 2, /no\/such does not exist/],
    [["oci:fleet:v1", `${host}/x@sha256:${"0".repeat(64)}`], 1, /asks for sha256:0+ and the image is/],
    [["store:nothing:1", "oci:x"], 1, /No such image: nothing:1/],
    [["docker-archive:packed", "oci:x"], 1, /manifest\.json is missing; it is an OCI layout, which `oci-archive:` reads/],
  ];
  execFileSync("tar", ["-C", join(folder, "fleet"), "-cf", join(folder, "packed"), "."]);
  await Promise.all(cases.map(async ([words, status, message]) => {
    const ended = await sampan(["copy", ...words], { cwd: folder });
    assert.equal(ended.status, status, `${words.join(" ")}: ${ended.stderr}`);
    assert.match(ended.stderr, message);
  }));
  assert.deepEqual(readdirSync(folder).filter((name) => /x|tar/.test(name)), []);
});

test("an index that several indexes name arrives before each of them", async (context) => {
  const { registry, host, folder, copy } = await start(context);
  const cargo = new Cargo();
  const shared = cargo.index([cargo.index([cargo.image(OWN, "deep")])]);
  const root = cargo.index([cargo.index([shared]), cargo.index([shared, cargo.image(OTHER, "beside")])]);
  cargo.layout(join(folder, "nested"), [named(root, "v1")]);
  // The registry takes no index before what it names.
  await copy("--all", "oci:nested:v1", `${host}/nested:1`);
  await copy("--all", `${host}/nested:1`, `${host}/again:1`);
  assert.equal((await registry.request("GET", "/v2/again/manifests/1")).headers["docker-content-digest"], root.digest);
});
