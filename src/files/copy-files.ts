import { writeFileSync } from "node:fs";
import { applyAttributes } from "./apply-attributes.ts";
import type { CopyRules } from "./copy-entry.ts";
import { SourceCopier } from "./copy-sources.ts";
import type { Destination } from "./destination.ts";
import type { CopyFiles, FileOperationOptions, FileOperationResult, InlineDocument } from "./file-operation.ts";
import { parseChmod } from "../dockerfile/parse-chmod.ts";
import { resolveOwner } from "./resolve-owner.ts";
import { selectSources } from "./select-sources.ts";
import { SourceView } from "./source-view.ts";

/** Only ADD looks for them. */
const archives = (): Promise<typeof import("../layer/unpack-archive.ts")> => import("../layer/unpack-archive.ts");

/** COPY and ADD: sources in their order, then inline documents; what comes later overwrites. */
export async function copyFiles(operation: CopyFiles, destination: Destination, options: Pick<FileOperationOptions, "trees" | "newest" | "earlier">): Promise<FileOperationResult> {
  const rules: CopyRules = {
    owner: operation.chown ? resolveOwner(operation.chown, destination.lowers) : undefined,
    mode: operation.chmod ? parseChmod(operation.chmod) : undefined,
    recordOwners: destination.recordOwners,
    mounted: operation.mounted,
    writable: operation.writable,
    newest: options.newest,
    earlier: options.earlier && { ...options.earlier, upper: destination.upper },
  };
  const copier = new SourceCopier(destination, rules);
  const views = options.trees.map((tree) => new SourceView(tree));
  const { parents = false, exclude = [], createdBy: command } = operation;
  let { entries, bytes } = { entries: 0, bytes: 0 };
  for (const { tree, path, wildcards, unpack } of operation.sources) {
    const view = views[tree]!;
    for (const selection of selectSources(view, path, { wildcards, command, parents, exclude })) {
      const { hostPath, stat } = selection.entry;
      if (unpack === "auto" && stat.isFile() && (await (await archives()).isArchive(hostPath))) {
        const counts = await unpackInto(operation.destination, hostPath, destination, rules);
        entries += counts.entries;
        bytes += counts.bytes;
      } else copier.copy(view, selection, operation.destination);
    }
  }
  for (const document of operation.inline ?? []) {
    writeDocument(document, copier.locate(document.name, operation.destination), destination, rules);
    entries += 1;
    bytes += document.content.length;
  }
  return { entries: entries + copier.entries, bytes: bytes + copier.bytes };
}

/** The folder that an archive goes into is made 0755; --chmod has no say in archives. */
async function unpackInto(path: string, archive: string, destination: Destination, { owner, recordOwners }: CopyRules): Promise<FileOperationResult> {
  const folder = destination.directory(destination.resolve(path).path, { mode: 0o755, owner });
  const { upper, lowers } = destination;
  const counts = await (await archives()).unpackArchive({ archive, destination: folder.path, upper, lowers, ...(owner ? { owner } : {}), recordOwners });
  destination.forget();
  return counts;
}

function writeDocument(document: InlineDocument, place: ReturnType<SourceCopier["locate"]>, destination: Destination, rules: CopyRules): void {
  const hostPath = destination.place(place.directory, place.name);
  writeFileSync(hostPath, document.content, { flag: "wx", mode: 0o600 });
  const mode = rules.mode ? rules.mode.apply(document.mode, false) : document.mode;
  applyAttributes(hostPath, { owner: rules.owner ?? { uid: 0, gid: 0 }, mode }, rules.recordOwners);
}
