import { createDigester, type Digest } from "../oci/digest.ts";
import { openOpensslHash, type OpensslHash } from "./openssl-hash.ts";

/** Bytes that are hashed here before another thread is worth what it takes to call C functions: some 5 ms, as much as hashing 8 MB. */
const WORTH_A_THREAD = 32 * 1024 * 1024;
/** Bytes of a blob that is not small. */
const LARGE_BLOB = 1024 * 1024;
/** Bytes of a piece that is not hashed sooner than handed over. */
const LARGE_PIECE = 128 * 1024;
/** Pieces that threads are given at once. They are few, and what calls them for us fails beyond 256, each of which takes 256 KiB. */
const MOST_AT_ONCE = 32;

/** A running digest of pieces that come from elsewhere. */
export interface PieceDigester extends AsyncDisposable {
  /** Takes the next piece. Its memory may be used again as soon as the one after it was taken. */
  take(piece: Uint8Array): Promise<void>;
  /** Waits for the last piece; to be asked once. */
  digest(): Promise<Digest>;
}

/** Bytes of all blobs so far. */
let announced = 0;
/** Pieces that threads were given and are not done with. */
let atWork = 0;

/**
 * A digester that hashes a piece while the next one comes, where this process hashes enough for that.
 * @param size bytes that will come, where that is known
 */
export function pieceDigester(algorithm: "sha256" | "sha512", size = 0): PieceDigester {
  announced += size;
  const hash = size >= LARGE_BLOB && announced >= WORTH_A_THREAD ? openOpensslHash(algorithm) : undefined;
  return hash ? inThread(hash, algorithm) : here(algorithm);
}

function here(algorithm: "sha256" | "sha512"): PieceDigester {
  const digester = createDigester(algorithm);
  return {
    take: async (piece) => digester.update(piece),
    digest: async () => digester.digest(),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function inThread(hash: OpensslHash, algorithm: "sha256" | "sha512"): PieceDigester {
  let running: Promise<void> | undefined;
  return {
    async take(piece) {
      await running;
      running = undefined;
      if (piece.length < LARGE_PIECE || atWork >= MOST_AT_ONCE) return hash.update(piece);
      atWork += 1;
      running = hash.updateInThread(piece).finally(() => { atWork -= 1; });
      running.catch(() => undefined); // thrown to the next call
    },
    async digest() {
      await running;
      return `${algorithm}:${hash.digest().toString("hex")}` as Digest;
    },
    async [Symbol.asyncDispose]() {
      await running?.catch(() => undefined);
      hash.free();
    },
  };
}
