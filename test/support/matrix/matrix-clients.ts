import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { noDockerd, noDockerdContainerd } from "../dockerd.ts";
import { foreign, needs } from "../foreign.ts";
import type { MatrixRegistry } from "./matrix-registry.ts";
import type { MatrixSetting } from "./matrix-setting.ts";

/** A foreign program that carries images to and from a registry. */
export interface MatrixClient {
  readonly skip: string | false;
  /** What it cannot do, where it cannot speak to a registry at all. */
  readonly cannot?: (registry: MatrixRegistry) => string | undefined;
  /** Pushes the image of an OCI layout, where it has the tag `1`. @returns the manifest's digest */
  readonly push: (setting: MatrixSetting, layout: string, name: string) => Promise<string>;
  /** Pulls into a place of its own. @returns the manifest's digest */
  readonly pull: (setting: MatrixSetting, name: string) => Promise<string>;
}

/** By name. */
export const MATRIX_CLIENTS: Readonly<Record<string, MatrixClient>> = {
  skopeo: {
    skip: needs("skopeo"),
    push: async (setting, layout, name) => {
      await foreign("skopeo", ["copy", ...skopeoFlags("dest", setting), `oci:${layout}:1`, `docker://${name}`], setting);
      return layoutDigest(layout);
    },
    pull: async (setting, name) => {
      const into = newFolder(setting);
      await foreign("skopeo", ["copy", ...skopeoFlags("src", setting), `docker://${name}`, `oci:${into}:1`], setting);
      return layoutDigest(into);
    },
  },
  podman: {
    skip: needs("podman"),
    push: async (setting, layout, name) => {
      const file = join(newFolder(setting), "digest");
      // It makes a name of the path, which may have no capitals.
      const id = (await podman({ ...setting, cwd: dirname(layout) }, "pull", "--quiet", `oci:${basename(layout)}:1`)).trim();
      await podman(setting, "push", "--quiet", ...podmanFlags(setting), "--digestfile", file, id, `docker://${name}`);
      return readFileSync(file, "utf8").trim();
    },
    pull: async (setting, name) => {
      const id = (await podman(setting, "pull", "--quiet", ...podmanFlags(setting), `docker://${name}`)).trim();
      return (await podman(setting, "image", "inspect", "--format", "{{.Digest}}", id)).trim();
    },
  },
  docker: {
    skip: noDockerd || needs("skopeo"),
    cannot: dockerCannot,
    push: async (setting, layout, name) => {
      // It reads no OCI layouts.
      const archive = join(newFolder(setting), "image.tar");
      await foreign("skopeo", ["copy", `oci:${layout}:1`, `docker-archive:${archive}:${name}`], setting);
      await docker(setting, {}, "load", "--input", archive);
      return digestIn(await docker(setting, {}, "push", name));
    },
    pull: async (setting, name) => digestIn(await docker(setting, {}, "pull", name)),
  },
  "docker-containerd": {
    skip: noDockerdContainerd,
    cannot: dockerCannot,
    push: async (setting, layout, name) => {
      const archive = join(newFolder(setting), "image.tar");
      await foreign("tar", ["-C", layout, "-cf", archive, "."]);
      // Without a name of its own an image is known by its digest.
      await docker(setting, { containerd: true }, "load", "--input", archive);
      const digest = layoutDigest(layout);
      await docker(setting, { containerd: true }, "tag", digest, name);
      assert.equal(digestIn(await docker(setting, { containerd: true }, "push", name)), digest);
      return digest;
    },
    pull: async (setting, name) => digestIn(await docker(setting, { containerd: true }, "pull", name)),
  },
  crane: {
    skip: needs("crane"),
    cannot: ({ client }) => (client ? "crane shows no client certificates" : undefined),
    push: async (setting, layout, name) => digestIn(await foreign("crane", ["push", layout, name], setting)),
    pull: async (setting, name) => {
      const into = newFolder(setting);
      await foreign("crane", ["pull", "--format", "oci", name, into], setting);
      return layoutDigest(into);
    },
  },
  regctl: {
    skip: needs("regctl"),
    push: async (setting, layout, name) => {
      await foreign("regctl", ["image", "copy", `ocidir://${layout}:1`, name], setting);
      return layoutDigest(layout);
    },
    pull: async (setting, name) => {
      const into = newFolder(setting);
      await foreign("regctl", ["image", "copy", name, `ocidir://${into}:1`], setting);
      return layoutDigest(into);
    },
  },
  oras: {
    skip: needs("oras"),
    push: async (setting, layout, name) => {
      await foreign("oras", ["copy", ...orasFlags("to", setting), "--from-oci-layout", `${layout}:1`, name], setting);
      return layoutDigest(layout);
    },
    pull: async (setting, name) => {
      const into = newFolder(setting);
      await foreign("oras", ["copy", ...orasFlags("from", setting), name, "--to-oci-layout", `${into}:1`], setting);
      return layoutDigest(into);
    },
  },
};

function dockerCannot({ client }: MatrixRegistry): string | undefined {
  return client ? "docker shows no client certificates to registries of loopback" : undefined;
}

async function docker(setting: MatrixSetting, daemon: Parameters<MatrixSetting["docker"]>[0], ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = (await setting.docker(daemon))(...args);
  if (status !== 0) throw new Error(`docker ${args[0]} ended with ${status}: ${stderr}`);
  return stdout;
}

function podman(setting: MatrixSetting & { readonly cwd?: string }, ...args: string[]): Promise<string> {
  const at = (name: string): string => join(setting.folder, name);
  return foreign("podman", ["--root", at("storage"), "--runroot", at("run"), "--tmpdir", at("podman"), "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", ...args], setting);
}

function podmanFlags({ registry, certificates }: MatrixSetting): string[] {
  return registry.authority ? ["--cert-dir", certificates] : ["--tls-verify=false"];
}

function skopeoFlags(side: "src" | "dest", { registry, certificates }: MatrixSetting): string[] {
  return registry.authority ? [`--${side}-cert-dir`, certificates] : [`--${side}-tls-verify=false`];
}

function orasFlags(side: "from" | "to", { registry, certificates }: MatrixSetting): string[] {
  if (!registry.authority) return [`--${side}-plain-http`];
  const client = registry.client ? [`--${side}-cert-file`, join(certificates, "client.cert"), `--${side}-key-file`, join(certificates, "client.key")] : [];
  return [`--${side}-ca-file`, join(certificates, "ca.crt"), ...client];
}

function newFolder({ folder }: MatrixSetting): string {
  return mkdtempSync(join(folder, "pulled-"));
}

/** The digest of the only manifest of a layout. */
function layoutDigest(folder: string): string {
  const { manifests } = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: { digest: string }[] };
  if (manifests.length !== 1) throw new Error(`${manifests.length} manifests in ${folder}`);
  return manifests[0]!.digest;
}

export function digestIn(output: string): string {
  const digest = /sha256:[0-9a-f]{64}/.exec(output)?.[0];
  if (digest === undefined) throw new Error(`no digest in ${output}`);
  return digest;
}
