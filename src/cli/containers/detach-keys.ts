import { fault } from "../../std/fault.ts";

/** The bytes of docker's words for keys: `ctrl-p,ctrl-q`, `a`. @throws USAGE */
export function parseDetachKeys(text: string): readonly number[] {
  return text.split(",").map((word) => {
    const letter = /^ctrl-([a-z@[\\\]^_])$/.exec(word)?.[1];
    if (letter !== undefined) return letter.toUpperCase().charCodeAt(0) & 0x1f;
    if (/^[\x21-\x7e]$/.test(word)) return word.charCodeAt(0);
    throw fault("USAGE", { problem: `invalid key ${JSON.stringify(word)} for --detach-keys`, hint: "it looks like ctrl-p,ctrl-q or ctrl-]" });
  });
}

/**
 * Gives back a function that takes what is typed and gives what of it to hand on: keys of the sequence are held back until it is
 * clear whether it is meant. @returns undefined when the whole sequence has come
 */
export function detachFilter(keys: readonly number[]): (typed: Uint8Array) => Uint8Array | undefined {
  let held = 0;
  return (typed) => {
    const out: number[] = [];
    for (const byte of typed) {
      if (byte === keys[held]) {
        held += 1;
        if (held === keys.length) return undefined;
        continue;
      }
      out.push(...keys.slice(0, held));
      held = byte === keys[0] ? 1 : 0;
      if (held === 0) out.push(byte);
    }
    return Uint8Array.from(out);
  };
}
