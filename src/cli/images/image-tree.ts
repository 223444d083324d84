import { formatPlatform } from "../../oci/platform.ts";
import { isAttestation } from "../../oci/select-platform.ts";
import { humanSize } from "../../std/human-size.ts";
import { idsOf } from "../../store/image-record.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";
import { familiarName } from "./familiar-name.ts";
import { shortId } from "./image-rows.ts";

interface TreeLine {
  readonly name: string;
  readonly id: string;
  readonly usage: string;
  readonly content: string;
  readonly extra: string;
}

const HEAD: TreeLine = { name: "IMAGE", id: "ID", usage: "DISK USAGE", content: "CONTENT SIZE", extra: "EXTRA" };

/**
 * The images as `docker images --tree` shows them: below an index a line for each of its platforms, those that are not here with
 * the digest of their manifest and without size. U: a container uses it.
 */
export function imageTree(store: Pick<Store, "images" | "containers">, images: readonly ImageRecord[], { truncate }: { readonly truncate: boolean }): string {
  const shown = (id: string): string => (truncate ? shortId(id) : id);
  const blocks = images.map((image): TreeLine[] => {
    const used = (ids: readonly ImageRecord["id"][]): string => (ids.some((id) => store.containers.using(id).length > 0) ? "U" : "");
    const whole = image.index?.digest === image.id ? image.index : undefined;
    const platforms = (whole?.parts ?? []).filter(({ descriptor }) => !isAttestation(descriptor)).map((part, at, all): TreeLine => {
      const found = store.images.ofPart(image, part);
      return {
        name: `${at === all.length - 1 ? "└─" : "├─"} ${part.descriptor.platform ? formatPlatform(part.descriptor.platform) : "unknown"}`,
        id: shown(found?.id ?? part.descriptor.digest),
        usage: humanSize(found?.size ?? 0, 3), content: humanSize(found ? store.images.contentSize(found.id) : 0, 3),
        extra: found ? used([found.id]) : "",
      };
    });
    const sizes = { usage: humanSize(image.size, 3), content: humanSize(store.images.contentSize(image.id), 3), extra: used(idsOf(image)) };
    const names = image.names.length > 0 ? image.names.map(familiarName) : image.repoDigests.length > 0 ? image.repoDigests.map(familiarName) : ["<untagged>"];
    return [...names.map((name, at) => ({ name, id: shown(image.id), ...(at === names.length - 1 ? sizes : { usage: "", content: "", extra: "" }) })), ...platforms];
  });
  const lines = [HEAD, ...blocks.flat()];
  const width = (of: (line: TreeLine) => string): number => Math.max(...lines.map((line) => of(line).length));
  const [name, id, usage, content] = [width((line) => line.name), width((line) => line.id), width((line) => line.usage), width((line) => line.content)];
  const text = (line: TreeLine): string =>
    `${line.name.padEnd(name)}   ${line.id.padEnd(id)}   ${line.usage.padStart(usage)}   ${line.content.padStart(content)}   ${line.extra}`.trimEnd();
  return `${[text(HEAD), ...blocks.map((block) => block.map(text).join("\n"))].join("\n")}\n`;
}
