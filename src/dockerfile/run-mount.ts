import { fault } from "../std/fault.ts";
import { csvFields } from "./csv-fields.ts";
import { goQuote } from "./go-quote.ts";
import { suggest } from "./suggest.ts";

/** What --mount says, its variables filled in; what was not written is undefined. */
export interface WrittenMount {
  readonly type: MountType;
  readonly from: string;
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
  /** Of a tmpfs, in bytes; 0 is without limit. */
  readonly size: number;
  readonly id: string;
  readonly sharing: CacheSharing | undefined;
  readonly required: boolean;
  /** Variable that gets a secret. */
  readonly env: string | undefined;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

const TYPES = ["bind", "cache", "tmpfs", "secret", "ssh"] as const;
const SHARING = ["shared", "private", "locked"] as const;
const KEYS = [
  "type", "from", "source", "target", "readonly", "id", "sharing", "required", "size", "mode", "uid", "gid", "src", "dst", "destination",
  "ro", "rw", "readwrite", "env",
];

export type MountType = (typeof TYPES)[number];
export type CacheSharing = (typeof SHARING)[number];

type Draft = { -readonly [Key in keyof WrittenMount]: WrittenMount[Key] } & { access: boolean };

/**
 * Looks at what of --mount can be looked at while its variables have no values: the form, and that the stage or
 * image is not named by one.
 * @throws DOCKERFILE_FLAG
 */
export function checkMount(text: string): void {
  for (const field of csvFields(text, "mounts")) {
    const { key, value } = keyAndValue(field);
    if (key === "from" && /\$./s.test(value ?? "")) throw refuse("'from' doesn't support variable expansion, define alias stage instead");
  }
}

/**
 * Reads the value of --mount by the rules of BuildKit's parser (instructions/commands_runmount.go), keys in any case.
 * @param expand fills in the variables of a value
 * @throws DOCKERFILE_FLAG, and what `expand` throws
 */
export function readMount(text: string, expand: (value: string) => string): WrittenMount {
  const mount: Draft = {
    type: "bind", from: "", source: "", target: "", readonly: false, size: 0, id: "", sharing: undefined, required: false,
    env: undefined, mode: undefined, uid: undefined, gid: undefined, access: false,
  };
  for (const field of csvFields(text, "mounts")) {
    const { key, value } = keyAndValue(field);
    if (value === undefined) readWord(mount, key, field);
    else readPair(mount, key, expand(value), field);
  }
  const { access, ...read } = mount;
  const isReadonly = access ? mount.readonly : mount.type !== "cache" && mount.type !== "tmpfs";
  return check({ ...read, readonly: isReadonly });
}

function readWord(mount: Draft, key: string, field: string): void {
  switch (key) {
    case "readonly":
    case "ro": return setAccess(mount, true);
    case "readwrite":
    case "rw": return setAccess(mount, false);
    case "required":
      onlyFor(mount, key, "secret", "ssh");
      mount.required = true;
      return;
    default: throw refuse(`invalid field '${field}' must be a key=value pair`);
  }
}

function readPair(mount: Draft, key: string, value: string, field: string): void {
  switch (key) {
    case "type":
      mount.type = oneOf(TYPES, value, "unsupported mount type");
      return;
    case "from":
    case "id":
    case "env":
      mount[key] = value;
      return;
    case "source":
    case "src":
      mount.source = value;
      return;
    case "target":
    case "dst":
    case "destination":
      mount.target = value;
      return;
    case "readonly":
    case "ro": return setAccess(mount, truth(key, value));
    case "readwrite":
    case "rw": return setAccess(mount, !truth(key, value));
    case "required":
      onlyFor(mount, key, "secret", "ssh");
      mount.required = truth(key, value);
      return;
    case "size":
      onlyFor(mount, key, "tmpfs");
      mount.size = bytes(value);
      return;
    case "sharing":
      mount.sharing = oneOf(SHARING, value, "unsupported sharing value");
      return;
    case "mode":
    case "uid":
    case "gid":
      mount[key] = number(key, value);
      return;
    default: throw refuse(`unexpected key '${key}' in '${field}'`, suggest(key, KEYS, { ignoreCase: true }));
  }
}

function check(mount: WrittenMount): WrittenMount {
  const { type, from, source, target, id, sharing } = mount;
  if (type === "bind" || type === "tmpfs") {
    for (const key of ["mode", "uid", "gid"] as const) {
      if (mount[key] !== undefined) throw refuse(`${key} not allowed for ${goQuote(type)} type mounts`);
    }
  }
  if (type === "secret") {
    if (from !== "") throw refuse("secret mount should not have a from");
    if (sharing !== undefined) throw refuse("secret mount should not define sharing");
    if (source === "" && target === "" && id === "") throw refuse("invalid secret mount. one of source, target required");
    if (source !== "" && id !== "") throw refuse("both source and id can't be set");
  }
  if (sharing !== undefined && type !== "cache") throw refuse(`invalid cache sharing set for ${type} mount`);
  return mount;
}

function setAccess(mount: Draft, isReadonly: boolean): void {
  mount.readonly = isReadonly;
  mount.access = true;
}

/** The type counts as far as it was read: `type=` has to stand before. */
function onlyFor(mount: Draft, key: string, ...types: readonly MountType[]): void {
  if (!types.includes(mount.type)) throw refuse(`unexpected key '${key}' for mount type '${mount.type}'`);
}

function oneOf<Word extends string>(words: readonly Word[], value: string, problem: string): Word {
  const found = words.find((word) => word === value.toLowerCase());
  if (found === undefined) throw refuse(`${problem} ${goQuote(value)}`, suggest(value, words, { ignoreCase: true }));
  return found;
}

/** What Go's strconv.ParseBool takes. */
function truth(key: string, value: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw refuse(`invalid value for ${key}: ${value}`);
}

function number(key: "mode" | "uid" | "gid", value: string): number {
  const [digits, base] = key === "mode" ? [/^[0-7]+$/, 8] as const : [/^[0-9]+$/, 10] as const;
  const parsed = digits.test(value) ? Number.parseInt(value, base) : Infinity;
  if (parsed >= 2 ** 32) throw refuse(`invalid value ${value} for ${key}`);
  return parsed;
}

/** Sizes as Docker reads them (go-units, RAMInBytes): units are powers of 1024, in any case. */
function bytes(value: string): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(value) ?? [];
  if (amount === undefined) throw refuse(`invalid value for size: ${value}`);
  const size = Math.trunc(Number(amount) * 1024 ** " kmgtp".indexOf(unit === "" ? " " : unit.toLowerCase()));
  if (!Number.isSafeInteger(size)) throw refuse(`invalid value for size: ${value}`);
  return size;
}

function keyAndValue(field: string): { key: string; value: string | undefined } {
  const equals = field.indexOf("=");
  return equals < 0 ? { key: field.toLowerCase(), value: undefined } : { key: field.slice(0, equals).toLowerCase(), value: field.slice(equals + 1) };
}

function refuse(problem: string, near?: string): Error {
  return fault("DOCKERFILE_FLAG", { problem, near });
}
