import { posix } from "node:path";
import { hideLogin } from "../../context/git-url.ts";
import { gitKey, type Pins } from "../../fetch/pins.ts";
import type { ImageOperation, RunOperation, SecretMount, SshMount, Vertex } from "../../graph/vertex.ts";
import { digestAlgorithm, digestHex, type Digest } from "../../oci/digest.ts";
import { imagePurl } from "../../oci/image-purl.ts";
import { formatRepository, parseReference } from "../../oci/reference.ts";

/** Something that went into a build, and what it was: in SLSA v1 a resource descriptor, in v0.2 a material. */
export interface Material {
  readonly uri: string;
  readonly digest?: Readonly<Record<string, string>>;
}

/** A secret or agent by its name. Nothing of what it is. */
export interface Wanted {
  readonly id: string;
  readonly optional?: true;
}

/** What steps take from outside the build. */
export interface Sources {
  readonly materials: readonly Material[];
  /** Folders of this machine, by the names that BuildKit's clients give them. */
  readonly locals: readonly string[];
  readonly secrets: readonly Wanted[];
  readonly agents: readonly Wanted[];
  /** A command could reach the network. */
  readonly network: boolean;
}

/** @param digestsOf the digests that an image is known by at its registry, `repository@digest` */
export function sourcesOf(vertices: readonly Vertex[], { digestsOf, pins }: { readonly digestsOf: (reference: string) => readonly string[]; readonly pins: Pins }): Sources {
  const operations = vertices.map(({ operation }) => operation);
  const mounts = operations.flatMap((operation) => (operation.kind === "run" ? (operation.mounts ?? []) : []));
  const secrets = wanted(mounts.filter((mount) => mount.kind === "secret"));
  const images = operations.flatMap((operation) => (operation.kind === "image" ? imageMaterial(operation, digestsOf(operation.reference)) : []));
  const git = operations.flatMap((operation) => (operation.kind === "git" ? fetched(gitKey(operation.source), pins) : []));
  const http = operations.flatMap((operation) => (operation.kind === "http" ? fetched(operation.url, pins) : []));
  return {
    materials: [images, git, http].flatMap(sortedOnce),
    locals: [...new Set(operations.flatMap((operation) => (operation.kind === "local" ? operation.name.replace(/^context:/, "") : [])))],
    secrets: operations.some(({ kind }) => kind === "git") ? withGitLogins(secrets) : secrets,
    agents: wanted(mounts.filter((mount) => mount.kind === "ssh")),
    network: operations.some((operation) => operation.kind === "run" && (operation satisfies RunOperation).network !== "none"),
  };
}

/** What was fetched from a URL or repository, without a login that stands in its name. */
export function fetched(key: string, pins: Pins): Material[] {
  const pin = pins.get(key);
  if (pin === undefined) return [];
  return [{ uri: hideLogin(key), digest: pin.includes(":") ? digestSet(pin as Digest) : { [pin.length === 64 ? "sha256" : "sha1"]: pin } }];
}

/** With the secrets that a repository's server is shown, where they are given. */
export function withGitLogins(secrets: readonly Wanted[]): readonly Wanted[] {
  const more = ["GIT_AUTH_HEADER", "GIT_AUTH_TOKEN"].filter((name) => !secrets.some(({ id }) => id === name)).map((id) => ({ id, optional: true as const }));
  return [...secrets, ...more].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** An image by the name it was asked for, with the digest that its registry has for that name: of an index, where there is one. */
function imageMaterial({ reference, platform }: ImageOperation, known: readonly string[]): Material {
  const layout = /^oci-layout:\/\/(.*)@([^@]*)$/s.exec(reference);
  if (layout) {
    const [, path = "", digest = ""] = layout;
    // The folder is nobody's business, its last name says which it was.
    const name = posix.basename(path).replace(/:[^:]*$/, "").toLowerCase().replace(/[^a-z0-9._-]+/g, "-") || "layout";
    return { uri: imagePurl({ host: "docker.io", repository: `library/${name}`, digest: digest as Digest }, platform, "oci"), digest: digestSet(digest as Digest) };
  }
  const { digest: pinned, ...parsed } = parseReference(reference);
  const own = `${formatRepository(parsed)}@`;
  const digest = (known.findLast((each) => each.startsWith(own))?.slice(own.length) ?? pinned) as Digest;
  return { uri: imagePurl(parsed.tag === undefined ? { ...parsed, digest } : parsed, platform), digest: digestSet(digest) };
}

function digestSet(digest: Digest): Record<string, string> {
  return { [digestAlgorithm(digest)]: digestHex(digest) };
}

function sortedOnce(materials: readonly Material[]): Material[] {
  return [...new Map(materials.map((material) => [material.uri, material])).values()].sort((a, b) => (a.uri < b.uri ? -1 : 1));
}

/** One that any step cannot do without is not optional. */
function wanted(mounts: readonly (SecretMount | SshMount)[]): Wanted[] {
  const ids = [...new Set(mounts.map(({ id }) => id || "default"))].sort();
  return ids.map((id) => ({ id, ...(mounts.some((mount) => (mount.id || "default") === id && mount.required) ? {} : { optional: true as const }) }));
}
