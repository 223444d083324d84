import { sha256 } from "../../src/oci/digest.ts";
import { tarOf, type TarMember } from "./tar-of.ts";

/** An image of {@link dockerArchive}: always the same bytes, so that recorded answers stay true. */
interface ArchivedImage {
  readonly names: readonly string[];
  readonly created: string;
  /** Content of a file of each layer, bottom first. */
  readonly layers: readonly string[];
  readonly config?: object;
  /** What history says of each layer, and of steps without one. */
  readonly history: readonly object[];
}

const BASE = "b".repeat(12_345);

const IMAGES: readonly ArchivedImage[] = [
  {
    names: ["base:1"], created: "2024-01-01T00:00:00Z", layers: [BASE],
    history: [{ created: "2024-01-01T00:00:00Z", created_by: "/bin/sh -c #(nop) ADD file:0123 in / ", comment: "the base" }],
  },
  {
    names: ["app:1", "app:2.0", "registry.test/team/app:2.0"], created: "2024-05-06T07:08:09.123456Z", layers: [BASE, "a".repeat(7_654_321)],
    config: {
      Env: ["PATH=/usr/bin:/bin", "GREETING=hello world"], Cmd: ["serve", "--port", "80"], Entrypoint: ["/bin/app"], ExposedPorts: { "80/tcp": {}, "53/udp": {} }, Volumes: { "/data": {} },
      WorkingDir: "/srv", User: "app:app", Labels: { "com.example.team": "core", stage: "production", empty: "" }, StopSignal: "SIGINT", OnBuild: ["RUN true"],
      Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 30_000_000_000 },
    },
    history: [
      { created: "2024-01-01T00:00:00Z", created_by: "/bin/sh -c #(nop) ADD file:0123 in / ", comment: "the base" },
      { created: "2024-05-06T07:08:09.123456Z", created_by: "RUN a command that is much longer than forty five characters <b>&\t\"quotes\"", comment: "buildkit.dockerfile.v0" },
      { created: "2024-05-06T07:08:09.123456Z", created_by: "CMD [\"serve\" \"--port\" \"80\"]", comment: "buildkit.dockerfile.v0", empty_layer: true },
    ],
  },
  {
    names: [], created: "2024-03-03T03:03:03Z", layers: [BASE, "d".repeat(999)], config: { Labels: { stage: "test" } },
    history: [{ created: "2024-01-01T00:00:00Z", created_by: "base" }, { created: "2024-03-03T03:03:03Z", created_by: "dangling", author: "nobody" }],
  },
  { names: ["odd/name_with-all.kinds:Tag_1.x"], created: "0001-01-01T00:00:00Z", layers: ["e"], history: [] },
];

/** An archive in the form of `docker save` before version 25, with names, without, and an image of no date. */
export function dockerArchive(): Buffer {
  const members = new Map<string, TarMember>();
  const manifest = IMAGES.map(({ names, created, layers, config = {}, history }) => {
    const tars = layers.map((content, index) => tarOf([{ path: `file${index}`, content }]));
    const bytes = Buffer.from(JSON.stringify({
      architecture: "amd64", os: "linux", created, config, rootfs: { type: "layers", diff_ids: tars.map((tar) => sha256(tar)) }, history,
    }));
    const layerPaths = tars.map((tar) => {
      const path = `${sha256(tar).slice(7)}/layer.tar`;
      members.set(path, { path, content: tar });
      return path;
    });
    const configPath = `${sha256(bytes).slice(7)}.json`;
    members.set(configPath, { path: configPath, content: bytes });
    return { Config: configPath, RepoTags: names.length === 0 ? null : names, Layers: layerPaths };
  });
  return tarOf([...members.values(), { path: "manifest.json", content: JSON.stringify(manifest) }]);
}
