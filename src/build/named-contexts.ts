import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { hideLogin } from "../context/git-url.ts";
import { findIgnoreFile } from "../context/find-dockerfile.ts";
import type { LocalFolder } from "../context/open-context.ts";
import { remoteContext } from "../context/remote-context.ts";
import { parseIgnoreFile } from "../dockerfile/ignore.ts";
import { contextName, type NamedSource } from "../graph/named-source.ts";
import { fault } from "../std/fault.ts";

export interface NamedContexts {
  readonly sources: ReadonlyMap<string, NamedSource>;
  readonly folders: ReadonlyMap<string, LocalFolder>;
}

/**
 * Reads what --build-context says, as buildx does: a URL or a scheme, else a folder, which has to be there.
 * @param values values by name, which is an image's or a stage's @throws NAMED_CONTEXT_INVALID, GIT_URL_INVALID
 */
export function openNamedContexts(values: Readonly<Record<string, string>>, cwd: string): NamedContexts {
  const sources = new Map<string, NamedSource>();
  const folders = new Map<string, LocalFolder>();
  for (const [written, value] of Object.entries(values)) {
    const [, plain = "", platform = ""] = /^(.*?)(::.*)?$/s.exec(written) ?? [];
    const name = contextName(plain) + platform;
    const source = readSource(name, value);
    if (source.kind === "local") folders.set(name, openFolder(findFolder(name, resolve(cwd, value))));
    sources.set(name, source);
  }
  return { sources, folders };
}

/** With the patterns of its own .dockerignore. */
function openFolder(root: string): LocalFolder {
  return { root, excludes: parseIgnoreFile(findIgnoreFile(root, undefined)), zeroOwner: true };
}

function readSource(name: string, value: string): NamedSource {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(value) ?? [];
  if (value.startsWith("target:")) return { kind: "stage", name: value.slice("target:".length).replace(/^\/\//, "").toLowerCase() };
  if (scheme === "docker-image") return rest === "scratch" ? { kind: "scratch" } : { kind: "image", reference: rest };
  if (scheme === "oci-layout") return { kind: "image", reference: value };
  const remote = remoteContext(value);
  if (remote?.kind === "git") return remote;
  if (remote) return { kind: "http", url: remote.url };
  if (scheme !== "") throw fault("NAMED_CONTEXT_INVALID", { problem: `unsupported context source ${scheme} for ${name}` });
  return { kind: "local", name };
}

function findFolder(name: string, path: string): string {
  let stat;
  try {
    stat = statSync(path);
  } catch (error) {
    throw fault("NAMED_CONTEXT_INVALID", { problem: `the context ${name} cannot be read: there is no folder ${hideLogin(path)}` }, { cause: error });
  }
  if (!stat.isDirectory()) throw fault("NAMED_CONTEXT_INVALID", { problem: `the context ${name} is no folder: ${path}` });
  return realpathSync(path);
}
