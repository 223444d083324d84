import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { calculateJwkThumbprint, exportJWK } from "jose";
import { fault } from "../../std/fault.ts";
import { makeFolder } from "../../std/make-folder.ts";

/** The keys that tokens are signed with and checked against. */
export interface TokenKeys {
  signing(): Promise<{ id: string; key: KeyObject }>;
  /** The public key of that id; undefined for one that is unknown or too old. */
  verifying(id: string): Promise<KeyObject | undefined>;
}

interface KeptKey {
  readonly id: string;
  readonly key: KeyObject;
  /** The public half, made once: whoever checks a signature prepares a key that it has not seen before, which costs as much as the check. */
  readonly verifying: KeyObject;
  readonly made: number;
}

/** One key of P-256 that the configuration gives. @throws SERVER_CONFIG_UNREADABLE */
export async function configuredTokenKeys(pem: string, place: string): Promise<TokenKeys> {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw fault("SERVER_CONFIG_UNREADABLE", { file: place, problem: "it holds no private key in PEM" }, { cause });
  }
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw fault("SERVER_CONFIG_UNREADABLE", { file: place, problem: "it is no key of P-256: make one with `openssl ecparam -name prime256v1 -genkey -noout`" });
  const id = await idOf(key);
  const verifying = createPublicKey(key);
  return { signing: async () => ({ id, key }), verifying: async (wanted) => (wanted === id ? verifying : undefined) };
}

/**
 * Keys in a folder: one is made when there is none, and a new one when the newest is older than `rotation` (ms); what
 * an old one signed stays good for `keep` (ms) more. Several servers may share the folder.
 * A damaged key is told to `report` once, and left out.
 */
export function rotatingTokenKeys(folder: string, { rotation, keep, report }: { rotation: number; keep: number; report: (problem: Error) => void }): TokenKeys {
  makeFolder(folder);
  chmodSync(folder, 0o700);
  const damaged = new Set<string>();
  const loaded = new Map<string, KeptKey>();

  const load = async (): Promise<readonly KeptKey[]> => {
    const names = readdirSync(folder).filter((name) => name.endsWith(".pem"));
    for (const name of names) {
      const path = join(folder, name);
      const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
      if (made === undefined) continue;
      if (Date.now() - made > rotation + keep) {
        rmSync(path, { force: true });
        loaded.delete(name);
      } else if (!loaded.has(name)) {
        const key = keyIn(path);
        if (key) loaded.set(name, await keptKey(key, made));
        else if (!damaged.has(name)) report(fault("SERVER_CONFIG_UNREADABLE", { file: path, problem: "it holds no private key of P-256; tokens that it signed are worth nothing" }));
        if (!key) damaged.add(name);
      }
    }
    return [...loaded.values()].sort((a, b) => b.made - a.made);
  };

  const make = async (): Promise<KeptKey> => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const name = `${await idOf(privateKey)}.pem`;
    const draft = join(folder, `${name}.${process.pid}`);
    writeFileSync(draft, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flush: true });
    renameSync(draft, join(folder, name));
    const entry = await keptKey(privateKey, Date.now());
    loaded.set(name, entry);
    return entry;
  };

  let newest: KeptKey | undefined;
  return {
    async signing() {
      if (newest === undefined || Date.now() - newest.made > rotation) {
        [newest] = await load();
        if (newest === undefined || Date.now() - newest.made > rotation) newest = await make();
      }
      return newest;
    },
    async verifying(id) {
      const known = [...loaded.values()].find((entry) => entry.id === id) ?? (await load()).find((entry) => entry.id === id);
      return known && Date.now() - known.made <= rotation + keep ? known.verifying : undefined;
    },
  };
}

/** Undefined for what is no key to sign tokens with. */
function keyIn(path: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(readFileSync(path));
    return key.asymmetricKeyDetails?.namedCurve === "prime256v1" ? key : undefined;
  } catch {
    return undefined;
  }
}

async function keptKey(key: KeyObject, made: number): Promise<KeptKey> {
  return { id: await idOf(key), key, verifying: createPublicKey(key), made };
}

/** RFC 7638. */
async function idOf(key: KeyObject): Promise<string> {
  return calculateJwkThumbprint(await exportJWK(createPublicKey(key)));
}
