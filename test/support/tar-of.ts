import type { LayerEntry } from "../../src/layer/entry.ts";
import { encodeTarHeader, TAR_END } from "../../src/layer/write-tar.ts";

/** An entry of {@link tarOf}: what is not said is as for a file of root. */
export type TarMember = Partial<LayerEntry> & { readonly path: string; readonly content?: Uint8Array | string };

/** A tar archive with these members, in this order. */
export function tarOf(members: readonly TarMember[]): Buffer {
  const blocks = members.flatMap(({ content = "", ...entry }) => {
    const data = Buffer.from(content);
    const header = encodeTarHeader({ type: "file", mode: 0o644, uid: 0, gid: 0, mtime: { seconds: 1_600_000_000, nanoseconds: 0 }, ...entry, size: data.length });
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, TAR_END]);
}
