import { fault } from "../std/fault.ts";

/** What --chmod asks for. */
export interface ModeChange {
  /** Of an octal mode: directories that the copy makes on the way get it too, without its special bits. */
  readonly octal?: number;
  /** The mode, 0–07777, that an entry with this mode gets. */
  apply(mode: number, isDirectory: boolean): number;
}

interface Clause {
  /** Bits of the classes that it is about, special bits included. */
  readonly who: number;
  readonly operator: "+" | "-" | "=";
  readonly permissions: string;
}

const CLASSES: Record<string, number> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const CLAUSE = /^([ugoa]*)((?:[-+=](?:[rwxXst]+|[ugo])?)+)$/;
const UMASK = 0o022;

/**
 * Reads --chmod: an octal mode or symbolic changes as chmod(1) takes them, `u=rwX,go=rX`. Changes that
 * name no class leave alone what the umask 022 masks.
 * @throws CHMOD_INVALID
 */
export function parseChmod(value: string): ModeChange {
  if (/^[0-7]+$/.test(value)) {
    const octal = Number.parseInt(value, 8);
    if (octal > 0o7777) throw fault("CHMOD_INVALID", { value });
    return { octal, apply: () => octal };
  }
  const clauses = value.split(",").flatMap((part) => parseClauses(part, value));
  return { apply: (mode, isDirectory) => clauses.reduce((result, clause) => applyClause(result, clause, isDirectory), mode) };
}

function parseClauses(part: string, value: string): Clause[] {
  const match = CLAUSE.exec(part);
  if (!match) throw fault("CHMOD_INVALID", { value });
  const who = match[1] === "" ? 0o7777 & ~UMASK : [...match[1]!].reduce((bits, name) => bits | CLASSES[name]!, 0);
  return [...match[2]!.matchAll(/([-+=])([rwxXst]+|[ugo])?/g)].map(([, operator, permissions]) => ({
    who,
    operator: operator as Clause["operator"],
    permissions: permissions ?? "",
  }));
}

function applyClause(mode: number, { who, operator, permissions }: Clause, isDirectory: boolean): number {
  const bits = bitsOf(permissions, mode, isDirectory) & who;
  if (operator === "+") return mode | bits;
  if (operator === "-") return mode & ~bits;
  return (mode & ~who) | bits;
}

function bitsOf(permissions: string, mode: number, isDirectory: boolean): number {
  let bits = 0;
  for (const letter of permissions) {
    if (letter === "r") bits |= 0o444;
    else if (letter === "w") bits |= 0o222;
    else if (letter === "x") bits |= 0o111;
    else if (letter === "X") bits |= isDirectory || (mode & 0o111) !== 0 ? 0o111 : 0;
    else if (letter === "s") bits |= 0o6000;
    else if (letter === "t") bits |= 0o1000;
    else bits |= ((mode >> { u: 6, g: 3, o: 0 }[letter as "u" | "g" | "o"]) & 7) * 0o111;
  }
  return bits;
}
