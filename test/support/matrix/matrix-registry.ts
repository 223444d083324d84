import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { missing, startDockerRegistry, type DockerRegistryOptions } from "../docker-registry.ts";
import { findProgram } from "../find-program.ts";
import { serveRegistry } from "../serve-registry.ts";
import { siteAuthority, siteClient } from "../site-certificates.ts";
import { testAuthority, testCertificate } from "../test-certificate.ts";

/** A registry that runs, and what its clients have to know. */
export interface MatrixRegistry {
  readonly host: string;
  readonly login?: { readonly username: string; readonly password: string };
  /** PEM; plain HTTP without. */
  readonly authority?: string;
  readonly client?: { readonly cert: string; readonly key: string };
}

export interface RegistryKind {
  readonly skip: string | false;
  readonly start: (context: TestContext) => Promise<MatrixRegistry>;
}

const login = { username: "boatman", password: "pass word:1" };
const tls = testCertificate;

const noDistribution3 = findProgram("registry") === undefined ? "needs the registry of distribution 3" : false;

/** The registries of the matrix by name. */
export const REGISTRY_KINDS: Readonly<Record<string, RegistryKind>> = {
  "Debian's docker-registry": kind({}),
  "Debian's docker-registry with htpasswd": kind({ login }),
  "Debian's docker-registry with a certificate of an own authority": kind({ tls }, { authority: testAuthority }),
  "Debian's docker-registry that wants client certificates": kind({ tls: { ...tls, clients: siteAuthority } }, { authority: testAuthority, client: siteClient }),
  "distribution 3": { ...kind({ program: "registry" }), skip: noDistribution3 },
  "distribution 3 with htpasswd and TLS": { ...kind({ program: "registry", login, tls }, { authority: testAuthority }), skip: noDistribution3 },
  "distribution 3 that wants client certificates": {
    ...kind({ program: "registry", tls: { ...tls, clients: siteAuthority } }, { authority: testAuthority, client: siteClient }), skip: noDistribution3,
  },
  "sampan registry serve": { skip: false, start: async (context) => ({ host: await serveRegistry(context) }) },
  "sampan registry serve with TLS": { skip: false, start: (context) => serveTls(context, "", {}) },
  "sampan registry serve that wants client certificates": { skip: false, start: (context) => serveTls(context, ", clients: clients.crt", { client: siteClient }) },
};

async function serveTls(context: TestContext, settings: string, more: Partial<MatrixRegistry>): Promise<MatrixRegistry> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-matrix-tls-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const files = { "server.crt": tls.cert, "server.key": tls.key, "clients.crt": siteAuthority, "registry.yaml": `tls: {certificate: server.crt, key: server.key${settings}}\n` };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return { host: await serveRegistry(context, "--config", join(folder, "registry.yaml")), authority: testAuthority, ...more };
}

function kind(options: DockerRegistryOptions, more: Partial<MatrixRegistry> = {}): RegistryKind {
  return {
    skip: missing("docker-registry") || (options.login ? missing("htpasswd") : false),
    start: async (context) => {
      const registry = await startDockerRegistry(options);
      context.after(() => registry[Symbol.asyncDispose]());
      return { host: registry.host, ...(options.login ? { login: options.login } : {}), ...more };
    },
  };
}
