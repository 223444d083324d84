import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import type { Platform } from "../../src/oci/platform.ts";
import { sha256, type Digest } from "../../src/oci/digest.ts";

/** Why base images cannot be made here, or false. */
export const noBusybox: string | false = existsSync("/bin/busybox") ? false : "needs busybox (Debian's busybox-static)";

const EPOCH = 1767225600;
const CREATED = new Date(EPOCH * 1000).toISOString();
const PASSWD = ["root:x:0:0:root:/root:/bin/sh", "daemon:x:1:1:daemon:/usr/sbin:/bin/false", "www-data:x:33:33:www-data:/var/www:/bin/false", "app:x:1000:1001:app:/home/app:/bin/sh", "nobody:x:65534:65534:nobody:/home:/bin/false"];
const GROUP = ["root:x:0:", "daemon:x:1:", "www-data:x:33:", "users:x:100:app", "app:x:1001:", "nogroup:x:65534:"];

/** Parts of an image config that a base may say besides its file system. */
export interface BaseConfig {
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly OnBuild?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
  readonly Shell?: readonly string[];
}

/**
 * Writes an OCI layout of a small image made from this machine's static busybox, and returns the folder's path.
 * The same machine gives the same digests every time.
 */
export function writeBusyboxLayout(folder: string, options: { config?: BaseConfig; history?: boolean } = {}): { manifest: Digest; config: Digest; layer: Digest; diffIds: string[] } {
  return writeLayout(folder, [{ platforms: [{ architecture: process.arch === "arm64" ? "arm64" : "amd64", os: "linux" }], busybox: "/bin/busybox" }], options);
}

/** The same as an index for several platforms, whose images have the same files: nothing of them runs on the others. */
export function writePlatformLayout(folder: string, platforms: readonly Platform[]): { manifest: Digest; config: Digest; diffIds: string[] } {
  return writeLayout(folder, [{ platforms, busybox: "/bin/busybox" }], {});
}

/** The same with a busybox of each platform's own, which can be run there. @param busyboxes paths by `architecture[/variant]` */
export function writeForeignLayout(folder: string, busyboxes: Readonly<Record<string, string>>): { diffIds: string[] } {
  return writeLayout(folder, Object.entries(busyboxes).map(([name, busybox]) => {
    const [architecture, variant] = name.split("/");
    return { platforms: [{ architecture: architecture!, os: "linux", ...(variant ? { variant } : {}) }], busybox };
  }), {});
}

interface Content {
  readonly platforms: readonly Platform[];
  readonly busybox: string;
}

function writeLayout(folder: string, contents: readonly Content[], options: { config?: BaseConfig; history?: boolean }): { manifest: Digest; config: Digest; layer: Digest; diffIds: Digest[] } {
  const layers = contents.map(({ busybox }) => rootfsTar(busybox));
  const blobs = layers.map((bytes) => gzipSync(bytes, { level: 6 }));
  const images = contents.flatMap(({ platforms }, position) => platforms.map((platform) => {
    const layer = blobs[position]!;
    const config = Buffer.from(JSON.stringify({
      ...platform,
      created: CREATED,
      config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], Cmd: ["sh"], ...options.config },
      rootfs: { type: "layers", diff_ids: [sha256(layers[position]!)] },
      ...(options.history === false ? {} : { history: [{ created: CREATED, created_by: "busybox for tests" }] }),
    }));
    const manifest = Buffer.from(JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: sha256(config), size: config.length },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: sha256(layer), size: layer.length }],
    }));
    blobs.push(config, manifest);
    return { config, descriptor: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: sha256(manifest), size: manifest.length, platform } };
  }));
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: images.map(({ descriptor }) => descriptor) }));
  const { platform: _, ...only } = images[0]!.descriptor;
  const root = images.length === 1 ? only : { mediaType: "application/vnd.oci.image.index.v1+json", digest: sha256(index), size: index.length };
  if (images.length > 1) blobs.push(index);
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  for (const blob of blobs) writeFileSync(join(folder, "blobs/sha256", sha256(blob).slice(7)), blob);
  writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, "index.json"), JSON.stringify({
    schemaVersion: 2,
    manifests: [{ ...root, annotations: { "org.opencontainers.image.ref.name": "latest" } }],
  }));
  return { manifest: root.digest, config: sha256(images[0]!.config), layer: sha256(blobs[0]!), diffIds: layers.map(sha256) };
}

function rootfsTar(busybox: string): Buffer {
  const rootfs = mkdtempSync(join(tmpdir(), "busybox-base-"));
  const tar = `${rootfs}.tar`;
  try {
    fillRootfs(rootfs, busybox);
    execFileSync("tar", ["-C", rootfs, "--sort=name", `--mtime=@${EPOCH}`, "--numeric-owner", "--owner=0", "--group=0", "-cf", tar, "."]);
    return readFileSync(tar);
  } finally {
    rmSync(rootfs, { recursive: true, force: true });
    rmSync(tar, { force: true });
  }
}

function fillRootfs(root: string, busybox: string): void {
  // mkdtemp makes it 0700, and it is the image's root folder.
  chmodSync(root, 0o755);
  for (const folder of ["bin", "etc", "home/app", "root", "tmp", "usr/bin", "usr/sbin", "var/www"]) mkdirSync(join(root, folder), { recursive: true, mode: 0o755 });
  chmodSync(join(root, "tmp"), 0o1777);
  chmodSync(join(root, "root"), 0o700);
  copyFileSync(busybox, join(root, "bin/busybox"));
  chmodSync(join(root, "bin/busybox"), 0o755);
  const applets = execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" }).trim().split("\n").filter((name) => name !== "busybox");
  for (const applet of applets) linkSync(join(root, "bin/busybox"), join(root, "bin", applet));
  symlinkSync("/bin/env", join(root, "usr/bin/env"));
  writeFileSync(join(root, "etc/passwd"), `${PASSWD.join("\n")}\n`);
  writeFileSync(join(root, "etc/group"), `${GROUP.join("\n")}\n`);
}
