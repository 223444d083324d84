import { setImmediate as nextTurn } from "node:timers/promises";
import type { TagDetails } from "../storage/overview.ts";
import type { Page, TagRow } from "./answers.ts";
import { repositoryOf, sizeOf, unknownRepository, type ApiExchange } from "./api-exchange.ts";
import { imageSize, platformsOf, viewImage } from "./image-view.ts";

/** The tags of a repository, by name. */
export async function listTags(exchange: ApiExchange): Promise<Page<TagRow>> {
  const repository = repositoryOf(exchange);
  const listed = await exchange.storage.metadata.tagDetails(repository, { after: exchange.query.get("last") ?? undefined, limit: sizeOf(exchange, { usual: 50, most: 200 }) });
  if (!listed) throw unknownRepository(repository);
  const items: TagRow[] = [];
  for (const details of listed.items) {
    const row = await tagRow(exchange, repository, details);
    if (row) items.push(row);
    await nextTurn(); // manifests may be large
  }
  const last = listed.items.at(-1);
  return { items, ...(listed.more && last ? { next: last.tag } : {}) };
}

async function tagRow({ storage, immutable, signatures }: ApiExchange, repository: string, details: TagDetails): Promise<TagRow | undefined> {
  const manifest = await storage.metadata.manifest(repository, details.digest);
  if (!manifest) return undefined;
  const view = viewImage(manifest);
  return {
    ...details,
    size: await imageSize(storage, repository, view),
    platforms: await platformsOf(storage, repository, view),
    immutable: immutable(repository, details.tag),
    signature: await signatures.state(repository, manifest),
  };
}
