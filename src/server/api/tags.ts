import { setImmediate as nextTurn } from "node:timers/promises";
import { byVersion } from "../../carry/tags/tag-version.ts";
import type { TagDetails } from "../storage/overview.ts";
import type { Listed } from "../storage/records.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { Page, TagRow } from "./answers.ts";
import { repositoryOf, sizeOf, unknownRepository, type ApiExchange } from "./api-exchange.ts";
import { imageSize, platformsOf, viewImage } from "./image-view.ts";

/** Tags that are read at once where all of them are needed. */
const READ_AT_ONCE = 1000;

const ORDERS: Readonly<Record<string, (a: TagDetails, b: TagDetails) => number>> = {
  pushed: (a, b) => b.pushedAt - a.pushedAt || byVersion(a.tag, b.tag),
  version: (a, b) => byVersion(a.tag, b.tag),
};

/** The tags of a repository: by name, with `sort=pushed` the newest push first, with `sort=version` the highest version. */
export async function listTags(exchange: ApiExchange): Promise<Page<TagRow>> {
  const repository = repositoryOf(exchange);
  const sort = exchange.query.get("sort") ?? "name";
  const range = { after: exchange.query.get("last") ?? undefined, limit: sizeOf(exchange, { usual: 50, most: 200 }) };
  const listed = sort === "name" ? await exchange.storage.metadata.tagDetails(repository, range) : await sortedTags(exchange, repository, { ...range, sort });
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

/** A part of the list in another order than it is kept in; from the beginning where the tag has gone that the part before ended with. */
async function sortedTags({ storage }: ApiExchange, repository: string, { sort, after, limit }: { sort: string; after: string | undefined; limit: number }): Promise<Listed<TagDetails> | undefined> {
  const order = Object.hasOwn(ORDERS, sort) ? ORDERS[sort] : undefined;
  if (!order) throw new RegistryError("REQUEST_INVALID", "sort is none of name, pushed and version");
  const all: TagDetails[] = [];
  for (let last: string | undefined; ; ) {
    const part = await storage.metadata.tagDetails(repository, { after: last, limit: READ_AT_ONCE });
    if (!part) return undefined;
    all.push(...part.items);
    last = part.items.at(-1)?.tag;
    if (!part.more) break;
    await nextTurn();
  }
  all.sort(order);
  const start = after === undefined ? 0 : all.findIndex(({ tag }) => tag === after) + 1;
  return { items: all.slice(start, start + limit), more: start + limit < all.length };
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
