import type { ContainerConfig } from "../../oci/image-config.ts";
import { familiarReference, familiarRepository, parseReference } from "../../oci/reference.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import { goStruct } from "../template/go-struct.ts";

/**
 * An image as `docker image inspect` shows it. Maps are Map objects, so that templates read them as Go's maps;
 * JSON shows empty members as Go does, some as null and some not at all.
 */
export function inspectView(image: ImageRecord, manifestSize: number | undefined): Record<string, unknown> {
  const { config } = image;
  const fields = {
    Id: image.id,
    RepoTags: image.names.map((name) => familiarReference(parseReference(name))),
    RepoDigests: image.repoDigests.map(familiarDigest),
    Parent: "",
    Comment: config.history?.at(-1)?.comment ?? "",
    Created: withoutTrailingZeros(config.created ?? ""),
    DockerVersion: "",
    Author: config.author ?? "",
    Config: configView(config.config ?? {}),
    Architecture: config.architecture,
    Variant: config.variant ?? "",
    Os: config.os,
    OsVersion: config["os.version"] ?? "",
    Size: image.size,
    GraphDriver: { Data: null, Name: "sampan" },
    RootFS: { Type: "layers", Layers: [...config.rootfs.diff_ids] },
    Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
    Descriptor: image.manifest ? { mediaType: image.manifest.mediaType, digest: image.manifest.digest, size: manifestSize } : null,
  };
  return goStruct(fields, { leftOut: ["Created", "Variant", "OsVersion", "Descriptor"] });
}

function configView(config: ContainerConfig): Record<string, unknown> {
  const fields = {
    User: config.User ?? "",
    ExposedPorts: mapOf(config.ExposedPorts),
    Env: config.Env ?? [],
    Cmd: config.Cmd ?? [],
    ArgsEscaped: config.ArgsEscaped ?? false,
    Healthcheck: config.Healthcheck ?? null,
    Volumes: mapOf(config.Volumes),
    WorkingDir: config.WorkingDir ?? "",
    Entrypoint: config.Entrypoint ?? [],
    OnBuild: config.OnBuild ?? [],
    Labels: mapOf(config.Labels),
    StopSignal: config.StopSignal ?? "",
    Shell: config.Shell ?? [],
  };
  return goStruct(fields, {
    leftOut: ["ExposedPorts", "ArgsEscaped", "Healthcheck", "StopSignal", "Shell"],
    nulled: ["Env", "Cmd", "Volumes", "Entrypoint", "OnBuild", "Labels"],
  });
}

function mapOf(record: Readonly<Record<string, unknown>> | undefined): Map<string, unknown> {
  return new Map(Object.entries(record ?? {}));
}

function familiarDigest(name: string): string {
  const reference = parseReference(name, { implicitTag: false });
  return `${familiarRepository(reference)}@${reference.digest}`;
}

/** A time as Go prints it (RFC3339Nano), whoever wrote the config: `…00.100Z` is `…00.1Z`. */
function withoutTrailingZeros(time: string): string {
  return time.replace(/\.(\d*?)0+(?=Z|[+-]\d\d:\d\d$)/, (_, digits: string) => (digits === "" ? "" : `.${digits}`));
}
