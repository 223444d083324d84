import { cleanText } from "../clean-text.ts";
import type { FoundPackage } from "../package.ts";

/** Tags of rpm's headers (rpm.org, "RPM Tags"). */
const TAG = { name: 1000, version: 1001, release: 1002, epoch: 1003, vendor: 1011, license: 1014, architecture: 1022, source: 1044, directoryIndexes: 1116, names: 1117, directories: 1118 } as const;
const INT32 = 4;
const STRING = 6;
const STRINGS = 8;
const WORDS = 9;

/** As many tags as rpm itself takes. */
const MOST_TAGS = 65_535;
/** Of one tag; no package has so many files. */
const MOST_VALUES = 1_000_000;
/** Longer paths are none that a file system has. */
const LONGEST_PATH = 4096;

/** A header as rpm keeps it of each package: numbers of entries and bytes, the entries, and their data. What lies beyond is not there. */
export class RpmHeader {
  readonly #data: Buffer;
  readonly #entries = new Map<number, { type: number; offset: number; count: number }>();

  /** @throws Error where the figures do not fit */
  constructor(bytes: Buffer) {
    const count = bytes.length < 8 ? -1 : bytes.readUInt32BE(0);
    const start = 8 + count * 16;
    if (count < 0 || count > MOST_TAGS || start > bytes.length) throw new Error("a header is damaged");
    this.#data = bytes.subarray(start, start + bytes.readUInt32BE(4));
    for (let at = 8; at < start; at += 16) {
      this.#entries.set(bytes.readUInt32BE(at), { type: bytes.readUInt32BE(at + 4), offset: bytes.readUInt32BE(at + 8), count: bytes.readUInt32BE(at + 12) });
    }
  }

  /** The first text of a tag; empty where there is none. */
  text(tag: number): string {
    for (const text of this.texts(tag)) return cleanText(text);
    return "";
  }

  *texts(tag: number): Generator<string> {
    const { type, offset, count } = this.#entries.get(tag) ?? { type: 0, offset: 0, count: 0 };
    if (type !== STRING && type !== STRINGS && type !== WORDS) return;
    for (let at = offset, index = 0; index < Math.min(count, MOST_VALUES) && at < this.#data.length; index += 1) {
      const end = this.#data.indexOf(0, at);
      if (end < 0) return;
      yield this.#data.toString("utf8", at, end);
      at = end + 1;
    }
  }

  *numbers(tag: number): Generator<number> {
    const { type, offset, count } = this.#entries.get(tag) ?? { type: 0, offset: 0, count: 0 };
    if (type !== INT32) return;
    for (let at = offset, index = 0; index < count && at + 4 <= this.#data.length; index += 1, at += 4) yield this.#data.readUInt32BE(at);
  }
}

/** The package that a header describes; undefined for the keys that rpm keeps beside them. */
export function packageOfRpm(header: RpmHeader): FoundPackage | undefined {
  const [name, version, release, architecture, license, supplier] = [TAG.name, TAG.version, TAG.release, TAG.architecture, TAG.license, TAG.vendor].map((tag) => header.text(tag)) as [string, string, string, string, string, string];
  if (name === "gpg-pubkey") return undefined;
  const [epoch] = header.numbers(TAG.epoch);
  // `openssl-3.0.7-27.el9.src.rpm`: version and release have no hyphens.
  const source = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(header.text(TAG.source));
  return {
    type: "rpm", name, version: version === "" ? "" : `${epoch === undefined ? "" : `${epoch}:`}${version}${release === "" ? "" : `-${release}`}`,
    ...(architecture === "" ? {} : { architecture }),
    ...(source ? { source: { name: source[1]!, version: source[2]! } } : {}),
    ...(license === "" ? {} : { license }),
    ...(supplier === "" ? {} : { supplier }),
  };
}

/** The paths of a package's files, below the root. */
export function* filesOfRpm(header: RpmHeader): Generator<string> {
  const directories = [...header.texts(TAG.directories)];
  const indexes = header.numbers(TAG.directoryIndexes);
  for (const name of header.texts(TAG.names)) {
    const directory = directories[indexes.next().value ?? -1];
    if (directory?.startsWith("/") && directory.length + name.length <= LONGEST_PATH) yield directory.slice(1) + name;
  }
}
