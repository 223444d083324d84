import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { sha256 } from "../../src/oci/digest.ts";
import { openStore } from "../../src/store/open-store.ts";
import { writeBusyboxLayout } from "../support/busybox-base.ts";
import { ociArchive, smallImage, type SmallImage } from "../support/small-image.ts";
import { tarOf, type TarMember } from "../support/tar-of.ts";
import type { Images } from "./dockerfiles.ts";

const CAPABILITY = Buffer.from("0100000200040000000000000000000000000000", "hex");
const PASSWD = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\n";
const folder = (path: string, rest: Partial<TarMember> = {}): TarMember => ({ path, type: "directory", mode: 0o755, ...rest });
let made = 0;
/** Each with a time of its own: BuildKit takes two files of the same size and time for one. */
const dated = (members: readonly TarMember[]): Buffer => tarOf(members.map((member) => ({ mtime: { seconds: 1_600_000_000 + (made += 1), nanoseconds: 0 }, ...member })));

/** A little of everything: owners, modes, links of both kinds, a capability, something deleted by a layer above. */
const LOWER = dated([
  folder("etc"), { path: "etc/passwd", content: PASSWD }, { path: "etc/group", content: "root:x:0:\nusers:x:100:app\napp:x:1001:\n" },
  { path: "a", content: "base a\n" }, { path: "b.txt", content: "base b\n", mode: 0o4755, uid: 1000 }, folder("d", { mode: 0o750, uid: 5, gid: 6 }), { path: "d/a", content: "base d/a\n" },
  folder("d/e"), { path: "d/e/a", content: "base d/e/a\n", uid: 7 }, { path: "d/e/same", type: "hardlink", linkTarget: "d/e/a" }, { path: "l", type: "symlink", linkTarget: "d" }, { path: "abs", type: "symlink", linkTarget: "/d" },
  folder("out", { mode: 0o1777 }), { path: "out/old", content: "old\n" }, { path: "out/gone", content: "gone\n" }, { path: "cap", content: "#!\n", mode: 0o755, capability: CAPABILITY }, folder("w"), { path: "w/one", content: "1\n" },
]);
const UPPER = dated([folder("out", { mode: 0o755 }), { path: "out/.wh.gone", content: "" }, { path: "out/new", content: "new\n" }, folder("new"), { path: "new/x", content: "x\n", gid: 9 }]);

/** A store with the images of random Dockerfiles, to be copied for each of them. */
export async function storeWithBases(root: string, images: Images): Promise<void> {
  for (const [name, image] of Object.entries(baseImages(images))) await putImage(root, name, image);
}

/** The same images as OCI layouts for another builder: their folders and digests by name. */
export function layoutsOfBases(root: string, images: Images): Record<string, { folder: string; digest: string }> {
  return Object.fromEntries(Object.entries(baseImages(images)).map(([name, image]) => {
    const folder = join(root, name);
    mkdirSync(folder, { recursive: true });
    execFileSync("tar", ["-x", "-C", folder], { input: ociArchive(image, `${name}:latest`) });
    return [name, { folder, digest: sha256(image.manifest) }];
  }));
}

function baseImages(images: Images): Record<string, SmallImage> {
  const env = ["PATH=/bin:/usr/bin", "BASE=yes"];
  return {
    tiny: smallImage([{ tar: LOWER }, { tar: UPPER }], { Env: env }),
    ...(images === "copy"
      ? { triggers: smallImage([{ tar: LOWER }], { Env: env, WorkingDir: "/w", OnBuild: ["COPY a /onbuild/", "ENV TRIGGERED=$A", "WORKDIR t"] }) }
      : { full: smallImage([{ tar: busyboxTar() }, { tar: LOWER }, { tar: UPPER }], { Env: env }) }),
  };
}

function busyboxTar(): Buffer {
  const layout = mkdtempSync(join(tmpdir(), "property-busybox-"));
  try {
    const { layer } = writeBusyboxLayout(layout);
    return gunzipSync(readFileSync(join(layout, "blobs", layer.replace(":", "/"))));
  } finally {
    rmSync(layout, { recursive: true });
  }
}

async function putImage(root: string, name: string, { config, manifest, layers, blobs }: SmallImage): Promise<void> {
  await using store = await openStore(root);
  for (const layer of layers) store.blobs.writeBytes(blobs.get(layer)!);
  store.images.put({ config, manifest: { bytes: manifest, mediaType: "application/vnd.oci.image.manifest.v1+json" }, names: [`docker.io/library/${name}:latest`] });
}

/** Digests of the layers of all images, so that comparisons can leave them out. */
export const baseLayers = (images: Images): string[] => [images === "run" ? busyboxTar() : LOWER, LOWER, UPPER].map((tar) => sha256(tar));
