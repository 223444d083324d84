import type { Io } from "../io.ts";

/** What `registry backup` and `registry restore` have in common. */
export async function copyRegistryFolder(options: { from: string; to: string; copy: boolean; replace: boolean; io: Io; signal: AbortSignal }): Promise<void> {
  const { copyRegistry } = await import("../../server/storage/upkeep/copy-registry.ts");
  const { counted } = await import("../../std/counted.ts");
  const { humanSize } = await import("../../std/human-size.ts");
  const { io } = options;
  const { blobs, bytes, placed } = await copyRegistry(options.from, options.to, { ...options, report: ({ message }) => void io.stderr.write(`warning: ${message}\n`) });
  io.stdout.write(`${options.to} holds the registry: ${counted(blobs, "blob")} (${humanSize(bytes)}), ${placed} of them new there\n`);
}
