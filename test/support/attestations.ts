import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Index, Manifest } from "../../src/oci/manifest.ts";
import type { Platform } from "../../src/oci/platform.ts";

/** A statement, and where it was found. */
export interface FoundStatement<Predicate> {
  readonly index: Index;
  readonly manifest: Manifest;
  readonly statement: {
    readonly predicateType: string;
    readonly subject: readonly { readonly name: string; readonly digest: Readonly<Record<string, string>> }[];
    readonly predicate: Predicate;
  };
  /** The platform of the image that it is about. */
  readonly about: Platform | undefined;
}

/** The statements in an OCI archive, which is unpacked beside itself. */
export function statementsIn<Predicate>(archive: string): FoundStatement<Predicate>[] {
  const layout = `${archive}.layout`;
  mkdirSync(layout);
  execFileSync("tar", ["-xf", archive, "-C", layout]);
  const read = <Document>(digest: string): Document => JSON.parse(readFileSync(join(layout, "blobs", digest.replace(":", "/")), "utf8")) as Document;
  const [root] = (JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as Index).manifests;
  const index = read<Partial<Index>>(root!.digest);
  return (index.manifests ?? []).flatMap(({ digest, annotations }) => {
    if (annotations?.["vnd.docker.reference.type"] !== "attestation-manifest") return [];
    const about = index.manifests!.find((each) => each.digest === annotations["vnd.docker.reference.digest"])?.platform;
    const manifest = read<Manifest>(digest);
    return manifest.layers.map((layer) => ({ index: index as Index, manifest, statement: read<FoundStatement<Predicate>["statement"]>(layer.digest), about }));
  });
}
