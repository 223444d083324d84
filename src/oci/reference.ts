import { fault } from "../std/fault.ts";
import { isDigest, type Digest } from "./digest.ts";

/** Where an image is found: registry host, repository path, and a tag, a digest or both. */
export interface Reference {
  /** `docker.io`, `registry.example.com`, `127.0.0.1:5000` */
  readonly host: string;
  /** `library/alpine`, `team/app` */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const HOST = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/**
 * Reads a reference by distribution's rules: the first component is a host when it has a `.` or `:`,
 * has upper-case letters or is `localhost`; otherwise the host is docker.io, and a name there without
 * `/` gets `library/`. Without tag and digest the tag is `latest`, unless `implicitTag` is false.
 * @throws REFERENCE_INVALID
 */
export function parseReference(text: string, options: { implicitTag?: boolean } = {}): Reference {
  const refuse = (problem: string): Error => fault("REFERENCE_INVALID", { reference: text.slice(0, 300), problem });
  if (text === "") throw refuse("it is empty");
  let rest = text;
  let digest: Digest | undefined;
  const at = rest.indexOf("@");
  if (at >= 0) {
    const digestText = rest.slice(at + 1);
    if (!isDigest(digestText)) throw refuse("the part after @ is not a digest");
    digest = digestText;
    rest = rest.slice(0, at);
  }
  let tag: string | undefined;
  const colon = rest.lastIndexOf(":");
  if (colon > rest.lastIndexOf("/")) {
    tag = rest.slice(colon + 1);
    if (!TAG.test(tag)) throw refuse(tag === "" ? "the tag is empty" : `${JSON.stringify(tag)} is not a valid tag`);
    rest = rest.slice(0, colon);
  }
  const slash = rest.indexOf("/");
  const first = slash < 0 ? "" : rest.slice(0, slash);
  let host = "docker.io";
  let repository = rest;
  if (slash >= 0 && looksLikeHost(first)) {
    if (!HOST.test(first)) throw refuse(`${JSON.stringify(first)} is not a valid registry host`);
    host = first === "index.docker.io" || first === "registry-1.docker.io" ? "docker.io" : first;
    repository = rest.slice(slash + 1);
  }
  if (host === "docker.io" && !repository.includes("/")) repository = `library/${repository}`;
  if (repository.split("/").some((component) => !COMPONENT.test(component))) {
    throw refuse(/[A-Z]/.test(repository) ? "the repository name must be lower case" : "the repository name does not follow the grammar");
  }
  if (/^(?:library\/)?[a-f0-9]{64}$/.test(repository) && host === "docker.io") {
    throw refuse("a name of 64 hexadecimal digits would be taken for an image id");
  }
  if (host.length + repository.length + 1 > 255) throw refuse("host and name together are longer than 255 characters");
  if (tag === undefined && digest === undefined && options.implicitTag !== false) tag = "latest";
  return { host, repository, ...(tag !== undefined ? { tag } : {}), ...(digest !== undefined ? { digest } : {}) };
}

/** The full form, `docker.io/library/alpine:3.20@sha256:…`. */
export function formatReference(reference: Reference): string {
  return formatRepository(reference) + (reference.tag ? `:${reference.tag}` : "") + (reference.digest ? `@${reference.digest}` : "");
}

/** Host and repository, `docker.io/library/alpine`. */
export function formatRepository(reference: Reference): string {
  return `${reference.host}/${reference.repository}`;
}

/** The form that Docker shows: without `docker.io/` and `library/`, `alpine:3.20`. */
export function familiarReference(reference: Reference): string {
  return familiarRepository(reference) + (reference.tag ? `:${reference.tag}` : "") + (reference.digest ? `@${reference.digest}` : "");
}

/**
 * The repository as Docker shows it: `alpine`, `user/app`, `registry.example.com/team/app`. It is always read back as
 * the same: `docker.io/a.b/c` keeps its host, as `a.b` would be taken for one.
 */
export function familiarRepository(reference: Reference): string {
  const { host, repository } = reference;
  if (host !== "docker.io" || repository.includes("/") && looksLikeHost(repository.slice(0, repository.indexOf("/")))) return formatRepository(reference);
  return repository.replace(/^library\/(?=[^/]+$)/, "");
}

function looksLikeHost(component: string): boolean {
  return /[.:A-Z]/.test(component) || component === "localhost";
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Whether it can be the name of a repository, without a host. */
export function isRepository(text: string): boolean {
  return text.length <= 255 && text.split("/").every((component) => COMPONENT.test(component));
}
