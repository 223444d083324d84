import { fault } from "../../std/fault.ts";
import { readPublicKeys, type PublicKey } from "../../trust/public-keys.ts";
import type { SignatureRule } from "../config/signatures-section.ts";
import { fileBeside, readNamedFile } from "../config/values.ts";
import type { StoredManifest } from "../storage/records.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";
import { isAttachment } from "./attachments.ts";
import { imageSignatures, type ImageSignature } from "./image-signatures.ts";

/** Which images have to be signed, and which are. */
export interface SignaturePolicy {
  demands(repository: string): boolean;
  /** Why readers do not get the manifest that they ask for by that tag or digest; undefined when they do. */
  refusal(repository: string, manifest: StoredManifest, reference: string): Promise<string | undefined>;
  state(repository: string, manifest: StoredManifest): Promise<SignatureState>;
}

/** `valid`: all that is demanded is met; `unchecked`: there are signatures, and nothing is demanded of them; `missing`: something is demanded and not met. */
export type SignatureState = "valid" | "unchecked" | "none" | "missing";

interface CompiledRule {
  readonly covers: (repository: string) => boolean;
  /** Undefined for any. */
  readonly keys: readonly PublicKey[] | undefined;
}

/** Indexes that are looked at for one manifest. */
const MOST_ABOVE = 200;

/** @throws SERVER_CONFIG_UNREADABLE for keys that cannot be read */
export function createSignaturePolicy(rules: readonly SignatureRule[], { storage, configFile }: { storage: RegistryStorage; configFile: string }): SignaturePolicy {
  const compiled = rules.map((rule): CompiledRule => ({ covers: coverOf(rule), keys: rule.keys && readKeys(rule.keys, configFile) }));
  const signaturesOf = imageSignatures(storage);
  const rulesOf = (repository: string): readonly CompiledRule[] => compiled.filter(({ covers }) => covers(repository));

  /** An image of a signed index is signed with it. */
  const meets = async (repository: string, manifest: StoredManifest, wanted: readonly CompiledRule[], seen = new Set<string>()): Promise<boolean> => {
    const signatures = await signaturesOf(repository, manifest);
    const left = wanted.filter((rule) => !signatures.some((signature) => counts(signature, rule)));
    if (left.length === 0) return true;
    for (const above of await storage.metadata.indexesOf(repository, manifest.digest)) {
      if (seen.has(above) || seen.size === MOST_ABOVE) continue;
      seen.add(above);
      const index = await storage.metadata.manifest(repository, above);
      if (index && (await meets(repository, index, wanted, seen))) return true;
    }
    return false;
  };

  return {
    demands: (repository) => rulesOf(repository).length > 0,
    async refusal(repository, manifest, reference) {
      const wanted = rulesOf(repository);
      if (wanted.length === 0 || (await meets(repository, manifest, wanted)) || isAttachment(manifest, reference)) return undefined;
      const keys = wanted.flatMap((rule) => rule.keys ?? []);
      const whose = keys.length === 0 ? "a signature of cosign" : `a valid signature of cosign with ${keys.length === 1 ? "the key" : "one of the keys"} that the registry trusts for it`;
      return `${repository} serves only signed images, and ${manifest.digest} lacks ${whose}`;
    },
    async state(repository, manifest) {
      const wanted = rulesOf(repository);
      if (wanted.length > 0) return (await meets(repository, manifest, wanted)) ? "valid" : "missing";
      return (await signaturesOf(repository, manifest)).length > 0 ? "unchecked" : "none";
    },
  };
}

function coverOf({ repositories }: SignatureRule): (repository: string) => boolean {
  const tests = repositories.map(repositoryPattern);
  return (repository) => tests.some((test) => test(repository));
}

function counts(signature: ImageSignature, { keys }: CompiledRule): boolean {
  return keys === undefined || keys.some(({ key }) => signature.isOf(key));
}

/** @throws SERVER_CONFIG_UNREADABLE */
export function readKeys(words: readonly string[], configFile: string): readonly PublicKey[] {
  return words.flatMap((word) => {
    const inline = word.includes("-----BEGIN");
    const file = inline ? configFile : fileBeside(configFile, word);
    const text = inline ? word : readNamedFile(configFile, word);
    const keys = readPublicKeys(text, inline ? "signatures" : word);
    if (!keys) throw fault("SERVER_CONFIG_UNREADABLE", { file, problem: "it holds no public key in PEM" });
    return keys;
  });
}
