import type { AddInstruction, CopyInstruction } from "../dockerfile/instruction.ts";
import { parseChmod } from "../dockerfile/parse-chmod.ts";
import { fault } from "../std/fault.ts";
import { located } from "./evaluation.ts";
import { remoteKind } from "./remote-kind.ts";
import type { CopyOperation } from "./vertex.ts";

/**
 * Flags of COPY and ADD that the operation carries. Variables are filled in in --chown, --chmod and --checksum,
 * as in BuildKit, and not in --exclude. Flags that do not go together are refused in BuildKit's words.
 * @throws COPY_FLAG_INVALID, CHMOD_INVALID
 */
export function copyFlags(
  instruction: CopyInstruction | AddInstruction,
  sources: readonly string[],
  inWords: (word: string) => string,
): Pick<CopyOperation, "chown" | "chmod" | "parents" | "exclude" | "unpack"> & { checksum?: string } {
  const chown = instruction.chown === undefined ? undefined : inWords(instruction.chown);
  const chmod = instruction.chmod === undefined ? undefined : inWords(instruction.chmod);
  if (chmod) located(instruction.location, () => parseChmod(chmod));
  if (instruction.link && chown) checkLinkedOwner(chown, instruction);
  const checksum = instruction.kind === "add" && instruction.checksum !== undefined ? inWords(instruction.checksum) : "";
  if (checksum !== "") checkChecksum(sources, instruction as AddInstruction);
  return {
    ...(chown ? { chown } : {}),
    ...(chmod ? { chmod } : {}),
    ...(checksum === "" ? {} : { checksum }),
    ...(instruction.kind === "copy" && instruction.parents ? { parents: true } : {}),
    ...(instruction.exclude.length > 0 ? { exclude: instruction.exclude } : {}),
    ...(instruction.kind === "add" && instruction.unpack !== undefined ? { unpack: instruction.unpack } : {}),
  };
}

/** A linked layer is made without the image below it, so there is no /etc/passwd to look a name up in. */
function checkLinkedOwner(chown: string, { location }: CopyInstruction | AddInstruction): void {
  const names = chown.split(/:(.*)/s, 2).filter((name) => name !== "" && name !== "root" && !isId(name));
  if (names.length === 0) return;
  throw fault("COPY_FLAG_INVALID", {
    problem: `--chown=${chown}: user and group names can't be resolved when used with --link, use numeric uid[:gid] instead`,
    hint: "write the numbers that the names have in the image, or leave --link out",
  }, { location });
}

function isId(text: string): boolean {
  return /^[+-]?\d+$/.test(text) && Math.abs(Number(text)) <= 0x7fffffff;
}

function checkChecksum(sources: readonly string[], { location }: AddInstruction): void {
  const refused = (problem: string): Error => fault("COPY_FLAG_INVALID", { problem, hint: "files of the build context need no --checksum: what they are is known" }, { location });
  if (sources.length !== 1) throw refused("checksum can't be specified for multiple sources");
  if (remoteKind(sources[0]!) === undefined) throw refused("checksum requires HTTP(S) or Git sources");
}
