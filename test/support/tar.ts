import type { EntryType } from "../../src/layer/entry.ts";
import { encodeTarHeader, TAR_END } from "../../src/layer/write-tar.ts";

export interface TarMember {
  readonly path: string;
  readonly content?: Uint8Array | string;
  readonly type?: EntryType;
  readonly linkTarget?: string;
}

/** A tar archive with these members, in this order. */
export function tarOf(members: readonly TarMember[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { path, content = "", type = "file", linkTarget } of members) {
    const bytes = Buffer.from(content);
    blocks.push(encodeTarHeader({ path, type, mode: 0o644, uid: 0, gid: 0, size: bytes.length, mtime: { seconds: 0, nanoseconds: 0 }, ...(linkTarget === undefined ? {} : { linkTarget }) }));
    blocks.push(bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, TAR_END]);
}
