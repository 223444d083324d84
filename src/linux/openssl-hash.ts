import { createHash } from "node:crypto";
import { linkedFunction } from "./libc.ts";

/** A running hash of OpenSSL's, which Node has in it: unlike Node's own, it can be computed by another thread. One call at a time. */
export interface OpensslHash {
  update(bytes: Uint8Array): void;
  /** The same in a thread of Node's pool; the bytes have to stay as they are until it is done. */
  updateInThread(bytes: Uint8Array): Promise<void>;
  digest(): Buffer;
  /** Has to be called once, at the end; nothing else may be called afterwards. */
  free(): void;
}

type OpenHash = (algorithm: "sha256" | "sha512") => OpensslHash | undefined;

let opener: OpenHash | null | undefined;

/** Undefined where this Node shows no such functions, koffi is not there, or what comes out is not what Node says. */
export function openOpensslHash(algorithm: "sha256" | "sha512"): OpensslHash | undefined {
  if (opener === undefined) opener = findOpener();
  return opener?.(algorithm);
}

function findOpener(): OpenHash | null {
  try {
    const open = bind();
    for (const algorithm of ["sha256", "sha512"] as const) {
      const known = open(algorithm);
      if (!known) return null;
      known.update(Buffer.from("abc"));
      const found = known.digest();
      known.free();
      if (!createHash(algorithm).update("abc").digest().equals(found)) return null;
    }
    return open;
  } catch {
    return null;
  }
}

function bind(): OpenHash {
  const make = linkedFunction("void *EVP_MD_CTX_new()").call;
  const release = linkedFunction("void EVP_MD_CTX_free(void *context)").call;
  const begin = linkedFunction("int EVP_DigestInit_ex(void *context, const void *type, void *engine)").call;
  const add = linkedFunction("int EVP_DigestUpdate(void *context, const void *bytes, size_t count)");
  const finish = linkedFunction("int EVP_DigestFinal_ex(void *context, _Out_ uint8_t *digest, void *length)").call;
  const types = { sha256: linkedFunction("const void *EVP_sha256()").call(), sha512: linkedFunction("const void *EVP_sha512()").call() };
  return (algorithm) => {
    const context = make();
    if (!context) return undefined;
    const checked = (result: number): void => {
      if (result !== 1) throw new Error(`${algorithm} cannot be computed`);
    };
    if (begin(context, types[algorithm], null) !== 1) {
      release(context);
      return undefined;
    }
    return {
      update: (bytes) => checked(add.call(context, bytes, bytes.length)),
      updateInThread: async (bytes) => checked(await add.callInThread(context, bytes, bytes.length)),
      digest: () => {
        const digest = Buffer.alloc(algorithm === "sha256" ? 32 : 64);
        checked(finish(context, digest, null));
        return digest;
      },
      free: () => void release(context),
    };
  };
}
