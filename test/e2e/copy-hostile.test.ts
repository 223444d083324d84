import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { sha256 } from "../../src/oci/digest.ts";
import type { Descriptor } from "../../src/oci/manifest.ts";
import { mediaType } from "../../src/oci/media-type.ts";
import { Cargo, fleet, named, OWN, writeBlob } from "../support/cargo.ts";
import { startFaultyRegistry } from "../support/faulty-registry.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { reply, startScriptedServer } from "../support/scripted-server.ts";
import { smallImage } from "../support/small-image.ts";
import { tarOf } from "../support/tar-of.ts";

/** Copies from hostile places made by `make`, to a registry: each has to fail with its message and leave no tag. */
async function refuses(context: TestContext, cases: Readonly<Record<string, { make: (folder: string) => string; message: RegExp; words?: string[] }>>): Promise<void> {
  const registry = await scratchRegistry(context);
  const { folder, sampan } = scratchSampan(context);
  for (const [title, { make, message, words = ["--all"] }] of Object.entries(cases)) {
    const place = join(folder, title.replaceAll(" ", "-"));
    mkdirSync(place);
    const source = make(place);
    const ended = await sampan(["copy", ...words, source, `${registry.address}/hostile:1`]);
    assert.equal(ended.status, 1, `${title}: ${ended.stdout}${ended.stderr}`);
    assert.match(ended.stderr, message, title);
    assert.doesNotMatch(ended.stderr, /unexpected/, title);
    assert.equal((await registry.request("GET", "/v2/hostile/manifests/1")).status, 404, title);
  }
}

/** A layout with one image in it, changed by `change`. */
const changed = (change: (folder: string, image: Descriptor, cargo: Cargo) => void) => (folder: string): string => {
  const cargo = new Cargo();
  const image = cargo.image(OWN, "honest");
  cargo.layout(folder, [named(image, "1")]);
  change(folder, image, cargo);
  return `oci:${folder}`;
};

const layerOf = (cargo: Cargo, image: Descriptor): Descriptor =>
  (JSON.parse(Buffer.from(cargo.blobs.get(image.digest)!).toString()) as { layers: Descriptor[] }).layers[0]!;

test("layouts that lie are found out", async (context) => {
  await refuses(context, {
    "a layer with other content": {
      make: changed((folder, image, cargo) => writeBlob(folder, layerOf(cargo, image).digest, Buffer.alloc(layerOf(cargo, image).size))),
      message: /holds something else as sha256:[a-f0-9]+: its digest is/,
    },
    "a layer that is longer": {
      make: changed((folder, image, cargo) => writeBlob(folder, layerOf(cargo, image).digest, Buffer.concat([cargo.blobs.get(layerOf(cargo, image).digest)!, Buffer.alloc(9)]))),
      message: /has more than \d+ bytes/,
    },
    "a layer that is shorter": {
      make: changed((folder, image, cargo) => truncateSync(join(folder, "blobs/sha256", layerOf(cargo, image).digest.slice(7)), 3)),
      message: /has 3 bytes instead of/,
    },
    "a manifest with other content": {
      make: changed((folder, image) => writeBlob(folder, image.digest, Buffer.from('{"schemaVersion":2}'))),
      message: /holds something else as/,
    },
    "a layer with bytes that is said to have none": {
      make: (folder) => {
        const cargo = new Cargo();
        const config = cargo.add(Buffer.from("{}"), mediaType.ociEmpty);
        const layer = cargo.add(Buffer.from("wicked"), "text/plain", { size: 0 });
        return `oci:${cargo.layout(folder, [cargo.document({ schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers: [layer] } as never)])}`;
      },
      message: /holds something else as sha256:[a-f0-9]+: it is said to have no bytes/,
    },
    "a layer that is missing": {
      make: changed((folder, image, cargo) => rmSync(join(folder, "blobs/sha256", layerOf(cargo, image).digest.slice(7)))),
      message: /blobs\/sha256\/[a-f0-9]+ is missing/,
    },
    "a pipe in place of a layer": {
      make: changed((folder, image, cargo) => {
        const path = join(folder, "blobs/sha256", layerOf(cargo, image).digest.slice(7));
        rmSync(path);
        execFileSync("mkfifo", [path]);
      }),
      message: /is missing/,
    },
    "a digest that is a path": {
      make: changed((folder) => writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: mediaType.ociManifest, digest: "sha256:../../../../etc/passwd", size: 9 }] }))),
      message: /digest is not a digest/,
    },
    "an index.json that is no JSON": { make: changed((folder) => writeFileSync(join(folder, "index.json"), "<xml/>")), message: /it is not JSON/ },
    "an index.json of ten megabytes": { make: changed((folder) => writeFileSync(join(folder, "index.json"), Buffer.alloc(10_000_000, 32))), message: /a document has at most/ },
    "no layout at all": { make: (folder) => `oci:${folder}`, message: /index\.json is missing/ },
  });
});

test("indexes that explode are stopped: too deep, too wide, in a circle", async (context) => {
  await refuses(context, {
    "six deep": {
      make: (folder) => {
        const cargo = new Cargo();
        let top = cargo.image(OWN, "deep");
        for (let depth = 0; depth < 6; depth += 1) top = cargo.index([top]);
        return `oci:${cargo.layout(folder, [top])}`;
      },
      message: /nested more than 4 deep/,
    },
    "six deep for one platform": {
      make: (folder) => {
        const cargo = new Cargo();
        let top = cargo.image(OWN, "deep");
        for (let depth = 0; depth < 6; depth += 1) top = { ...cargo.index([top]), platform: top.platform! };
        return `oci:${cargo.layout(folder, [top])}`;
      },
      message: /nested more than 4 deep/,
      words: [],
    },
    "three thousand manifests": {
      make: (folder) => {
        const cargo = new Cargo();
        const config = cargo.add(Buffer.from("{}"), mediaType.ociEmpty);
        const children = Array.from({ length: 3_000 }, (_, index) => cargo.document({ schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers: [], annotations: { index } } as never));
        return `oci:${cargo.layout(folder, [cargo.index(children)])}`;
      },
      message: /more than 2000 manifests/,
    },
    "sixty thousand layers": {
      make: (folder) => {
        const cargo = new Cargo();
        const config = cargo.add(Buffer.from("{}"), mediaType.ociEmpty);
        const layers = Array.from({ length: 60_000 }, (_, index) => ({ mediaType: "a", digest: `sha256:${String(index).padStart(64, "0")}`, size: 1 }));
        return `oci:${cargo.layout(folder, [cargo.document({ schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers } as never)])}`;
      },
      message: /more than 50000 blobs/,
    },
    "ten signatures of each other": {
      make: (folder) => {
        const cargo = new Cargo();
        const image = cargo.image(OWN, "signed");
        const referrers = [cargo.referrer(image, "a", "1")];
        for (let depth = 0; depth < 10; depth += 1) referrers.push(cargo.referrer(referrers.at(-1)!, "a", `${depth}`));
        return `oci:${cargo.layout(folder, [named(image, "1"), ...referrers])}:1`;
      },
      message: /referrers are nested more than 8 deep/,
      words: ["--all", "--referrers"],
    },
  });
});

test("archives that point outside, go in circles or were cut are refused", async (context) => {
  const archive = (members: Parameters<typeof tarOf>[0], cut?: number) => (folder: string): string => {
    const path = join(folder, "a.tar");
    writeFileSync(path, tarOf(members).subarray(0, cut));
    return path;
  };
  const docker = (members: Parameters<typeof tarOf>[0], cut?: number) => (folder: string): string => `docker-archive:${archive(members, cut)(folder)}`;
  const manifest = (Config: string, Layers: string[] = []): { path: string; content: string } => ({ path: "manifest.json", content: JSON.stringify([{ Config, RepoTags: null, Layers }]) });
  const config = (diffIds: string[]): string => JSON.stringify({ os: "linux", architecture: OWN.slice(6), rootfs: { type: "layers", diff_ids: diffIds } });
  await refuses(context, {
    "a config outside": { make: docker([manifest("../../../../etc/passwd")]), message: /etc\/passwd is missing/ },
    "a link outside": { make: docker([{ path: "c.json", type: "symlink", linkTarget: "/etc/passwd" }, manifest("c.json")]), message: /c\.json is missing/ },
    "links in a circle": { make: docker([{ path: "a", type: "symlink", linkTarget: "b" }, { path: "b", type: "symlink", linkTarget: "a" }, manifest("a")]), message: /a is missing/ },
    "a layer that is not what the config says": {
      make: docker([{ path: "c.json", content: config([sha256("honest")]) }, { path: "l.tar", content: "wicked" }, manifest("c.json", ["l.tar"])]),
      message: /holds something else as/,
    },
    "fewer layers than the config says": { make: docker([{ path: "c.json", content: config([sha256("a"), sha256("b")]) }, { path: "l.tar", content: "a" }, manifest("c.json", ["l.tar"])]), message: /the config lists 2 layers and manifest\.json 1/ },
    "one that was cut": { make: docker([{ path: "big", content: "x".repeat(5_000) }], 2_000), message: /ends in the middle of big/ },
    "one that is no tar": { make: (folder) => { writeFileSync(join(folder, "a"), "x".repeat(2_000)); return `oci-archive:${join(folder, "a")}`; }, message: /no tar archive/ },
    "an empty one": { make: (folder) => { writeFileSync(join(folder, "a"), ""); return `oci-archive:${join(folder, "a")}`; }, message: /index\.json is missing/ },
    "a folder": { make: (folder) => `oci-archive:${folder}`, message: /it is a folder and no archive/ },
  });
});

test("a registry whose disk was damaged spoils no target, and what was half written is gone", async (context) => {
  const registry = await scratchRegistry(context);
  const { folder, sampan } = scratchSampan(context);
  const { cargo, own, index } = fleet();
  cargo.layout(join(folder, "fleet"), [named(index, "1")]);
  assert.equal((await sampan(["copy", "--all", `oci:${join(folder, "fleet")}`, `${registry.address}/app:1`])).status, 0);
  const layer = layerOf(cargo, own);
  const [path] = globSync(`**/${layer.digest.slice(7)}*`, { cwd: registry.root }).filter((name) => !name.includes("repositories"));
  writeFileSync(join(registry.root, path!), Buffer.alloc(layer.size));
  for (const target of ["oci:out:1", "oci-archive:out.tar:1", "docker-archive:out2.tar:app:1", "store:app:1"]) {
    const ended = await sampan(["copy", `${registry.address}/app:1`, target], { cwd: folder });
    assert.equal(ended.status, 1, target);
    assert.match(ended.stderr, /holds something else as|does not match what was promised/, target);
  }
  assert.deepEqual(readdirSync(folder).filter((name) => name.includes("tar")), []);
  assert.deepEqual(readdirSync(join(folder, "out")), ["blobs"]);
  assert.equal((await sampan(["inspect", "app:1"])).status, 1);
});

test("a web server that says OK to every request is no registry: nothing is said to be copied or pushed there", async (context) => {
  await using page = await startScriptedServer(({ method }, response) => reply(response, 200, { "content-type": "text/html" }, method === "HEAD" ? "" : "<html>welcome</html>"));
  const { folder, sampan } = scratchSampan(context);
  const cargo = new Cargo();
  cargo.layout(folder, [named(cargo.image(OWN, "honest"), "1")]);
  assert.equal((await sampan(["copy", `oci:${folder}:1`, `store:${page.host}/app:1`])).status, 0);
  for (const words of [["copy", `oci:${folder}:1`, `${page.host}/app:1`], ["push", `${page.host}/app:1`]]) {
    const ended = await sampan(words);
    assert.equal(ended.status, 1, ended.stdout);
    assert.match(ended.stderr, /answered PUT of \S+\/app:1 wrongly: it says OK and does not have the manifest/);
  }
});

test("trouble of the source is not multiplied by attempts to send: each blob is asked for as often as any request is made", async (context) => {
  const image = smallImage([{ tar: tarOf([{ path: "data", content: "x" }]) }]);
  await using source = await startFaultyRegistry(image);
  source.trouble(({ what, method }, response) => (what === "blob" && method === "GET" ? reply(response, 503, { "retry-after": "0" }) : false));
  const registry = await scratchRegistry(context);
  const { sampan } = scratchSampan(context);
  const ended = await sampan(["copy", `${source.host}/app:1`, `${registry.address}/app:1`]);
  assert.equal(ended.status, 1);
  assert.match(ended.stderr, new RegExp(`registry ${source.host} failed with status 503`));
  const asked = source.requests.filter(({ url }) => url.includes("/blobs/"));
  for (const digest of new Set(asked.map(({ url }) => url))) assert.ok(asked.filter(({ url }) => url === digest).length <= 5, `${asked.length} requests`);
  assert.equal((await registry.request("GET", "/v2/app/manifests/1")).status, 404);
});
