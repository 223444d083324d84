import { fault } from "../std/fault.ts";

/** What --chmod asks for. */
export interface ModeChange {
  /** Of an octal mode: directories that the copy makes on the way get it too, without its special bits. */
  readonly octal?: number;
  /** The mode, 0–07777, that an entry with this mode gets. */
  apply(mode: number, isDirectory: boolean): number;
}

interface Clause {
  /** Bits that the named classes may change. */
  readonly who: number;
  readonly operator: "+" | "-" | "=";
  /** A run of letters of `rwxXst`, or one of `ugo` to copy from; empty for a bare operator. */
  readonly permissions: string;
}

/** The sticky bit goes with user and group; only `o` alone cannot change it. */
const CLASSES: Readonly<Record<string, number>> = { u: 0o5700, g: 0o3070, o: 0o0007, a: 0o7777 };
const STICKY = 0o1000;
const PART = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/;

/**
 * Reads --chmod: an octal mode, or symbolic changes such as `u=rwX,go=rX`. The latter follow BSD's setmode(3), as
 * BuildKit's parser does: no umask, `X` looks at the mode before all changes, `=` keeps the sticky bit
 * (and setuid and setgid when it copies from a class), and of several classes to copy after `=` the last one counts.
 * @throws CHMOD_INVALID
 */
export function parseChmod(value: string): ModeChange {
  if (/^\d/.test(value)) {
    const octal = /^[0-7]{1,12}$/.test(value) ? Number.parseInt(value, 8) : Infinity;
    if (octal > 0o7777) throw fault("CHMOD_INVALID", { value, octal: true });
    return { octal, apply: () => octal };
  }
  const clauses = value.split(",").flatMap((part) => parsePart(part, value));
  return { apply: (mode, isDirectory) => clauses.reduce((current, clause) => applyClause(current, clause, isDirectory || (mode & 0o111) !== 0), mode) };
}

function parsePart(part: string, value: string): Clause[] {
  const match = PART.exec(part);
  if (!match) throw fault("CHMOD_INVALID", { value, octal: false });
  const who = match[1] === "" ? CLASSES["a"]! : [...match[1]!].reduce((bits, name) => bits | CLASSES[name]!, 0);
  return [...match[2]!.matchAll(/([-+=])([rwxXstugo]*)/g)].flatMap(([, operator, letters]) => {
    const runs = letters === "" ? [""] : letters!.match(/[rwxXst]+|[ugo]/g)!;
    return runs.map((permissions) => ({ who, operator: operator as Clause["operator"], permissions }));
  });
}

function applyClause(mode: number, { who, operator, permissions }: Clause, executable: boolean): number {
  const bits = bitsOf(permissions, mode, executable) & who;
  if (operator === "+") return mode | bits;
  if (operator === "-") return mode & ~bits;
  const cleared = /[ugo]/.test(permissions) ? 0o777 : 0o6777;
  return (mode & ~(who & cleared)) | bits;
}

function bitsOf(permissions: string, mode: number, executable: boolean): number {
  let bits = 0;
  for (const letter of permissions) {
    if (letter === "r") bits |= 0o444;
    else if (letter === "w") bits |= 0o222;
    else if (letter === "x" || (letter === "X" && executable)) bits |= 0o111;
    else if (letter === "s") bits |= 0o6000;
    else if (letter === "t") bits |= STICKY;
    else if (letter !== "X") bits |= ((mode >> { u: 6, g: 3, o: 0 }[letter as "u" | "g" | "o"]) & 7) * 0o111;
  }
  return bits;
}
