import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { fault } from "../std/fault.ts";

/** A secret that RUN may ask for by its id: the content of a file, or a value. */
export interface SecretSource {
  readonly id: string;
  /** Relative to the build's `cwd`. Read when a RUN first asks for the secret. */
  readonly file?: string;
  readonly value?: string | Uint8Array;
  /** The variable that the value was to be of and that is not set, so that it is empty. */
  readonly unset?: string;
}

/** What is told of secrets that are empty because nobody set their variables. */
export function emptySecrets(sources: readonly SecretSource[]): string[] {
  return [...new Set(sources.flatMap(({ id, unset }) => (unset === undefined ? [] : [`secret ${id} is empty: the variable ${unset} is not set`])))];
}

/** As in BuildKit. */
const LIMIT = 500 * 1024;

/** The secrets of a build. Their values are here and in the sandbox of the RUN that asks for them, nowhere else. */
export class Secrets {
  readonly #sources: ReadonlyMap<string, SecretSource>;
  readonly #cwd: string;
  readonly #read = new Map<string, Buffer>();

  /** @throws SECRET_INVALID when two sources of one id differ: targets that are built at once share their steps. */
  constructor(sources: readonly SecretSource[], cwd: string) {
    this.#sources = new Map(sources.map((source) => [source.id, source]));
    this.#cwd = cwd;
    const other = sources.find((source) => !isDeepStrictEqual(source, this.#sources.get(source.id)));
    if (other) throw fault("SECRET_INVALID", { id: other.id, problem: "it is given more than once, with different values" });
  }

  get ids(): string[] {
    return [...this.#sources.keys()];
  }

  /** Undefined where the build was not given it. @throws SECRET_INVALID */
  get(id: string): Buffer | undefined {
    const source = this.#sources.get(id);
    if (source === undefined) return undefined;
    let value = this.#read.get(id);
    if (value === undefined) this.#read.set(id, (value = read(source, this.#cwd)));
    return value;
  }
}

function read({ id, file, value }: SecretSource, cwd: string): Buffer {
  const bytes = file === undefined ? Buffer.from(value ?? "") : readSecretFile(id, resolve(cwd, file));
  if (bytes.length > LIMIT) throw fault("SECRET_INVALID", { id, problem: `it has ${bytes.length} bytes, more than the ${LIMIT} that a secret may have` });
  return bytes;
}

function readSecretFile(id: string, path: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size > LIMIT) throw fault("SECRET_INVALID", { id, problem: `its file has ${size} bytes, more than the ${LIMIT} that a secret may have` });
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!["ENOENT", "EACCES", "EISDIR", "ENOTDIR", "EPERM", "ELOOP"].includes(code!)) throw error;
    throw fault("SECRET_INVALID", { id, problem: `its file ${path} cannot be read: ${code}` });
  }
}
