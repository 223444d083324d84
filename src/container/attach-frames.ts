/** What goes between a container's supervisor and who is attached to it: a byte for the kind, four for the length, and the bytes. */
export type FrameKind = keyof typeof KINDS;

/** `size` is `COLUMNS ROWS` in text. */
const KINDS = { stdin: 0, stdout: 1, stderr: 2, size: 3 } as const;
const NAMES = Object.keys(KINDS) as FrameKind[];
const HEADER = 5;
/** Pieces of streams are smaller. */
const LONGEST = 1024 * 1024;

export function encodeFrame(kind: FrameKind, data: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt8(KINDS[kind]);
  header.writeUInt32BE(data.length, 1);
  return Buffer.concat([header, data]);
}

/** Gives back a function that takes bytes as they come and hands out whole frames. @throws Error for what are no frames */
export function frameReader(onFrame: (kind: FrameKind, data: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER) {
      const kind = NAMES[rest.readUInt8()];
      const length = rest.readUInt32BE(1);
      if (kind === undefined || length > LONGEST) throw new Error("no frame");
      if (rest.length < HEADER + length) return;
      onFrame(kind, rest.subarray(HEADER, HEADER + length));
      rest = rest.subarray(HEADER + length);
    }
  };
}
