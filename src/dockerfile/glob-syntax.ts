/**
 * Whether Go's filepath.Match takes the text for a pattern: character classes are closed and not empty,
 * ranges have two ends, nothing ends in a lone `\`.
 */
export function isWellFormed(pattern: string): boolean {
  const chars = [...pattern];
  // Match works on the chunks between stars; a star counts as such unless the scan is inside a class.
  let chunk: string[] = [];
  let isInClass = false;
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at]!;
    if (char === "*" && !isInClass) {
      if (!isChunk(chunk)) return false;
      chunk = [];
      continue;
    }
    chunk.push(char);
    if (char === "[") isInClass = true;
    else if (char === "]") isInClass = false;
    else if (char === "\\" && at + 1 < chars.length) chunk.push(chars[(at += 1)]!);
  }
  return isChunk(chunk);
}

function isChunk(chunk: readonly string[]): boolean {
  let at = 0;
  while (at < chunk.length) {
    if (chunk[at] === "[") {
      const end = classEnd(chunk, at);
      if (end === undefined) return false;
      at = end;
    } else if (chunk[at] === "\\") {
      if (at + 1 >= chunk.length) return false;
      at += 2;
    } else {
      at += 1;
    }
  }
  return true;
}

/** Index behind the class that begins at `start`. */
function classEnd(chunk: readonly string[], start: number): number | undefined {
  let at: number | undefined = start + (chunk[start + 1] === "^" ? 2 : 1);
  for (let ranges = 0; ; ranges += 1) {
    if (chunk[at] === "]" && ranges > 0) return at + 1;
    at = memberEnd(chunk, at);
    if (at === undefined) return undefined;
    if (chunk[at] !== "-") continue;
    at = memberEnd(chunk, at + 1);
    if (at === undefined) return undefined;
  }
}

/** Index behind one character of a class; there must be something left to close it. */
function memberEnd(chunk: readonly string[], at: number): number | undefined {
  if (chunk[at] === undefined || chunk[at] === "-" || chunk[at] === "]") return undefined;
  const end = at + (chunk[at] === "\\" ? 2 : 1);
  return end < chunk.length ? end : undefined;
}
